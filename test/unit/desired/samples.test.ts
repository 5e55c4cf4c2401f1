import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { manifestJsonSchema } from '../../../src/desired/manifest/json-schema.ts'
import { listManifests } from '../../../src/desired/manifest/files.ts'
import { parseManifest } from '../../../src/desired/manifest/parse.ts'

const fromRoot = (path: string) => fileURLToPath(new URL(`../../../${path}`, import.meta.url))

describe('what ships with the project', () => {
  it('has sample manifests without a problem: two games, and the versions they ask for', async () => {
    const policy = { imageTemplate: 'galaxy-engine:{version}', allowedRegistries: null }
    const files = await listManifests(fromRoot('manifests'))
    const texts = await Promise.all(files.map((file) => readFile(fromRoot(`manifests/${file}`), 'utf8')))
    const parsed = texts.map((text, index) => parseManifest(text, files[index] ?? '', policy))
    expect(parsed.flatMap(({ problems }) => problems)).toEqual([])
    expect(parsed.flatMap(({ documents }) => documents).map(({ kind, name }) => `${kind} ${name}`)).toEqual([
      'Game andromeda',
      'EngineVersion galaxy-1.0.0',
      'EngineVersion galaxy-1.0.1',
      'EngineVersion galaxy-1.1.0',
      'Game pegasus',
    ])
  })

  it('has the JSON Schema that the source generates (npm run generate)', async () => {
    const shipped: unknown = JSON.parse(await readFile(fromRoot('schemas/manifest.schema.json'), 'utf8'))
    expect(shipped).toEqual(manifestJsonSchema())
  })
})
