import { readFile } from 'node:fs/promises'
import { imageArchive } from '../../engine/image/archive.ts'
import { loadImages } from '../../engine/image/load.ts'
import { runtimeEntries } from '../../engine/image/runtime-files.ts'
import { bytesEntry, folderEntry } from '../../engine/image/tar.ts'
import type { Deployment } from './deployment.ts'
import type { Lie } from './hostile-engine.ts'

const REFERENCE = 'galaxy-test-hostile:1.0.0'

/** Registers engine `name`, which lies in this way; see `hostile-engine.ts`. Its node is the reference engine's layer. */
export async function registerHostileEngine(deployment: Deployment, name: string, lie: Lie): Promise<void> {
  await deployment.query('INSERT INTO engine_versions (engine, version, image_ref, env) VALUES ($1, $2, $3, $4)', [
    name,
    '1.0.0',
    REFERENCE,
    JSON.stringify({ LIE: lie }),
  ])
}

export async function buildHostileImage({ docker }: Deployment): Promise<void> {
  const signal = AbortSignal.timeout(120_000)
  const { Arch: architecture } = await docker.version()
  const program = await readFile(new URL('hostile-engine.ts', import.meta.url))
  const layers = [
    { name: 'runtime', entries: await runtimeEntries(signal) },
    {
      name: 'hostile',
      entries: [folderEntry('hostile', 0o755), bytesEntry('hostile/package.json', MODULE), bytesEntry('hostile/engine.ts', program)],
    },
  ]
  const config = { Entrypoint: ['/node', '/hostile/engine.ts'], ExposedPorts: { '8080/tcp': {} } }
  await loadImages(docker, imageArchive(layers, [{ reference: REFERENCE, config }], architecture), signal)
}

const MODULE = Buffer.from('{"type":"module"}\n')
