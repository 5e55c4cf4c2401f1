#!/usr/bin/env node
// `galaxy`: makes the machine ready for the program, then becomes it.
import * as module from 'node:module'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { become, fail, isClone, prepare, projectRoot, supportedNode } from './prepare.mjs'

try {
  await prepare(projectRoot, process.env)
  const node = supportedNode(projectRoot)
  if (node === process.execPath) await runHere()
  else become(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], process.env)
} catch (error) {
  fail(error)
}

/** Node strips no types below node_modules, so a packed installation carries built files. */
async function runHere() {
  module.enableCompileCache?.(path.join(projectRoot, 'node_modules', '.cache', 'compiled'))
  const entry = isClone(projectRoot) ? path.join('src', 'main.ts') : path.join('dist', 'main.js')
  await import(pathToFileURL(path.join(projectRoot, entry)).href)
}
