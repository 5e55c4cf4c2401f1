#!/usr/bin/env node
// `run.mjs PROGRAM [ARGUMENT...]`: runs a program of node_modules/.bin under the pinned Node, installing first if need be.
import { existsSync } from 'node:fs'
import path from 'node:path'
import { become, fail, PrepareError, prepare, projectRoot, supportedNode } from './prepare.mjs'

const [program, ...args] = process.argv.slice(2)

try {
  if (program === undefined) throw new PrepareError('Usage: node bin/run.mjs PROGRAM [ARGUMENT...]')
  await prepare(projectRoot, process.env, args)
  const node = supportedNode(projectRoot)
  become(program === 'node' ? node : installedProgram(program), args, environment(node))
} catch (error) {
  fail(error)
}

/** @param {string} name */
function installedProgram(name) {
  const file = path.join(projectRoot, 'node_modules', '.bin', name)
  if (existsSync(file)) return file
  throw new PrepareError(`${name} is not installed. It is a development dependency: install without --omit=dev and NODE_ENV=production.`)
}

/** The programs are scripts that find their Node on the PATH. @param {string} node */
function environment(node) {
  const bin = path.join(projectRoot, 'node_modules', '.bin')
  return { ...process.env, PATH: [path.dirname(node), bin, process.env.PATH ?? ''].join(path.delimiter) }
}
