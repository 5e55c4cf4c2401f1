import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { HostMachine } from './calls/host.ts'

/** The machine that the simulator runs on: bind mounts are its folders. */
export const thisMachine: HostMachine = {
  exists: existsSync,
  write: (file, text) => {
    mkdirSync(path.dirname(file), { recursive: true })
    writeFileSync(file, text)
  },
}
