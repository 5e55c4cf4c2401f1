// `npm run generate [-- --check | --tables]`: writes what is derived from the source; with --check it writes nothing and fails on drift. What is derived from a migrated
// database is written with --tables alone, since that takes a server for a moment; test/integration/tables-doc.test.ts finds its drift.
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { configurationTable } from '../src/config/report.ts'
import { manifestJsonSchema } from '../src/desired/manifest/json-schema.ts'
import { apiReference } from './generate/api-reference.ts'
import { clientTypes } from './generate/client-types.ts'
import { commandLineReference } from './generate/command-line.ts'
import { faultTable } from './generate/faults.ts'
import { manifestReference } from './generate/manifests.ts'
import { servedDocument } from './generate/openapi.ts'
import { tablesOfOwnServer } from './generate/own-server.ts'

const CONFIGURATION_HEAD = `# Configuration

Generated from \`src/config/schema.ts\` by \`npm run generate\`. The environment wins over \`galaxy.yaml\`, which wins over the defaults.

`

const ROOT = fileURLToPath(new URL('..', import.meta.url))

const { values } = parseArgs({ options: { check: { type: 'boolean', default: false }, tables: { type: 'boolean', default: false } } })
const openApi = await servedDocument()

/** Every derived file, relative to the project's root, and how its text is made. */
const GENERATED: Readonly<Record<string, () => string | Promise<string>>> = {
  'docs/api.md': () => apiReference(openApi),
  'docs/command-line.md': () => commandLineReference(),
  'docs/configuration.md': () => `${CONFIGURATION_HEAD}${configurationTable()}`,
  'docs/faults.md': () => faultTable(ROOT),
  'docs/manifests.md': () => manifestReference(ROOT),
  ...(values.tables && { 'docs/tables.md': tablesOfOwnServer }),
  'src/cli/api-types.ts': () => clientTypes(openApi),
  'schemas/openapi.json': () => `${JSON.stringify(openApi, null, 2)}\n`,
  'schemas/manifest.schema.json': () => `${JSON.stringify(manifestJsonSchema(), null, 2)}\n`,
}

const stale: string[] = []
for (const [path, make] of Object.entries(GENERATED)) {
  const file = join(ROOT, path)
  const present = await readFile(file, 'utf8').catch(() => null)
  const text = await make()
  if (present === text) continue
  stale.push(path)
  if (values.check) continue
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, text)
}

if (values.check && stale.length > 0) {
  process.stderr.write(`out of date: ${stale.join(', ')}; run npm run generate\n`)
  process.exitCode = 1
} else process.stdout.write(stale.length === 0 ? 'generated files are up to date\n' : `written: ${stale.join(', ')}\n`)
