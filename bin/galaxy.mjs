#!/usr/bin/env node
// `galaxy`: makes the machine ready for the program, then becomes it.
import { fileURLToPath } from 'node:url'
import { become, fail, prepare, projectRoot, supportedNode } from './prepare.mjs'

const args = process.argv.slice(2)

try {
  await prepare(projectRoot, process.env, args)
  const node = supportedNode(projectRoot)
  if (node === process.execPath) await import('./program.mjs')
  else become(node, [fileURLToPath(new URL('program.mjs', import.meta.url)), ...args], process.env)
} catch (error) {
  fail(error)
}
