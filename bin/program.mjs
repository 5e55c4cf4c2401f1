// The program itself, under a Node that can run it: `galaxy.mjs` has made everything ready.
import * as module from 'node:module'
import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'

const root = path.dirname(import.meta.dirname)
const isClone = existsSync(path.join(root, 'package-lock.json'))
module.enableCompileCache?.(compileCache())
// Node strips no types below node_modules, so a packed installation carries built files.
const entry = isClone ? path.join('src', 'main.ts') : path.join('dist', 'src', 'main.js')
await import(pathToFileURL(path.join(root, entry)).href)

/** It is run as it is found, so it lies where nobody else writes; root installs a package that others then run. */
function compileCache() {
  if (isClone) return path.join(root, 'node_modules', '.cache', 'compiled')
  return path.join(process.env.XDG_CACHE_HOME || path.join(homedir(), '.cache'), 'galaxy-runtime')
}
