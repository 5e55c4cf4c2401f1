// A whole controller as a process of its own, API included, for tests that kill it.
import { pino } from 'pino'
import { runController } from '../../src/app.ts'
import type { DriveRequest } from './drive-process.ts'

const { config, docker, useEvents } = JSON.parse(process.env['DRIVE'] ?? '') as DriveRequest // written by this repository's own tests
const stop = new AbortController()
process.once('SIGTERM', () => stop.abort())
await runController(config, {
  docker,
  useEvents,
  log: pino({ level: process.env['TEST_LOG'] ?? 'silent' }, pino.destination(2)),
  signal: stop.signal,
  onReady: (api) => process.stdout.write(`${JSON.stringify(api)}\n`),
})
