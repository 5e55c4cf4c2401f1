#!/usr/bin/env node
// `galaxy`: makes the machine ready for the program, then becomes it.
import * as module from 'node:module'
import { homedir } from 'node:os'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { become, fail, isClone, prepare, projectRoot, supportedNode } from './prepare.mjs'

const args = process.argv.slice(2)

try {
  await prepare(projectRoot, process.env, args)
  const node = supportedNode(projectRoot)
  if (node === process.execPath) await runHere()
  else become(node, [fileURLToPath(import.meta.url), ...args], process.env)
} catch (error) {
  fail(error)
}

/** Node strips no types below node_modules, so a packed installation carries built files. */
async function runHere() {
  module.enableCompileCache?.(compileCache())
  const entry = isClone(projectRoot) ? path.join('src', 'main.ts') : path.join('dist', 'src', 'main.js')
  await import(pathToFileURL(path.join(projectRoot, entry)).href)
}

/** It is run as it is found, so it lies where nobody else writes; root installs a package that others then run. */
function compileCache() {
  if (isClone(projectRoot)) return path.join(projectRoot, 'node_modules', '.cache', 'compiled')
  return path.join(process.env.XDG_CACHE_HOME || path.join(homedir(), '.cache'), 'galaxy-runtime')
}
