import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'
import { fieldsOf, typeText } from '../../src/api/openapi/fields.ts'
import type { JsonSchema } from '../../src/api/openapi/json-schema.ts'
import { SCHEMAS } from '../../src/desired/manifest/schema.ts'
import { table } from './markdown.ts'

const HEAD = `# Manifests

Generated from \`src/desired/manifest/schema.ts\` by \`npm run generate\`, as is [schemas/manifest.schema.json](../schemas/manifest.schema.json), by which editors complete and check the files. How
the watched folder is read is in the [README](../README.md#manifests).

A file is YAML (or JSON) with one or more documents, separated by \`---\`. A field that is not named here is refused, with its file, line and column. A star marks what has to be there; what
is left out is as its meaning says, or not set. The same documents, as JSON, are the bodies of \`PUT /games/{id}\` and \`PUT /admin/engine-versions/{version}\` ([api.md](api.md)); the columns
that they become are in [tables.md](tables.md).

The type says what form a value has. Whether it can be run (cron, time zone, image, limits, version) is judged by the same rules for every door, when it is written.
`

/** The manifests' fields as Markdown, for docs/manifests.md; the examples are the sample games of `root`. */
export async function manifestReference(root: string): Promise<string> {
  const sample = (file: string) => readFile(path.join(root, 'manifests', file), 'utf8')
  const [game, versions] = await Promise.all([sample('andromeda.yaml'), sample('engine-versions.yaml')])
  const examples: Readonly<Record<keyof typeof SCHEMAS, string>> = { Game: game, EngineVersion: versions }
  return `${HEAD}${section('Game', examples.Game)}${section('EngineVersion', examples.EngineVersion)}`
}

function section(kind: keyof typeof SCHEMAS, example: string): string {
  // What zod writes is JSON Schema.
  const schema = z.toJSONSchema(SCHEMAS[kind], { target: 'openapi-3.0', io: 'input' }) as JsonSchema
  const rows = fieldsOf(schema).map(({ path, isRequired, schema: field }) => [
    `\`${path}\`${isRequired ? ' *' : ''}`,
    typeText(field, { component: (name) => name, text: (text) => `\`${text}\`` }),
    [field.description ?? '', bounds(field)].filter((part) => part !== '').join(' '),
  ])
  return `\n## ${kind}\n\n${schema.description ?? ''}\n\n${table(['field', 'type', 'meaning'], rows)}\n\`\`\`yaml\n${withoutEditorLine(example).trim()}\n\`\`\`\n`
}

/** zod bounds every integer by what a double holds; that tells nobody anything. */
function bounds(field: JsonSchema): string {
  const [least, most] = [field['minimum'], field['maximum']].map((bound) => (Number.isSafeInteger(bound) ? Number(bound) : null))
  const told = (bound: number | null | undefined) => bound != null && Math.abs(bound) !== Number.MAX_SAFE_INTEGER
  const range = told(least) && told(most) ? `From ${least} to ${most}.` : ''
  const pattern = typeof field['pattern'] === 'string' ? `Matches \`${field['pattern']}\`.` : ''
  return [range, pattern].filter((part) => part !== '').join(' ')
}

function withoutEditorLine(text: string): string {
  return text.replace(/^# yaml-language-server:.*\n#\n/, '')
}
