// The program itself, under a Node that can run it: `galaxy.mjs` has made everything ready.
import * as module from 'node:module'
import { existsSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'

const root = path.dirname(import.meta.dirname)
module.enableCompileCache?.(path.join(root, 'node_modules', '.cache', 'compiled'))
// Node strips no types below node_modules, so a packed installation carries built files.
const entry = existsSync(path.join(root, 'package-lock.json')) ? path.join('src', 'main.ts') : path.join('dist', 'main.js')
await import(pathToFileURL(path.join(root, entry)).href)
