import { chmod, mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { ROOT } from './markdown.ts'

const PSQL = fileURLToPath(new URL('psql.ts', import.meta.url))
const DOCKER = fileURLToPath(new URL('docker.ts', import.meta.url))

/** Makes the programs of the guides that are ours, or that a machine need not have, and returns the folder for the PATH. */
export async function makePrograms(folder: string): Promise<string> {
  const bin = path.join(folder, 'bin')
  await mkdir(bin)
  const galaxy = path.join(ROOT, 'bin', 'galaxy.mjs')
  const programs: Readonly<Record<string, string>> = {
    galaxy: `exec '${process.execPath}' '${galaxy}' "$@"`,
    npx: `test "$1" = galaxy || exit 127; shift; exec '${process.execPath}' '${galaxy}' "$@"`,
    psql: `exec '${process.execPath}' '${PSQL}' "$@"`,
    docker: `exec '${process.execPath}' '${DOCKER}' "$@"`,
  }
  for (const [name, line] of Object.entries(programs)) {
    await writeFile(path.join(bin, name), `#!/bin/sh\n${line}\n`)
    await chmod(path.join(bin, name), 0o755)
  }
  return bin
}
