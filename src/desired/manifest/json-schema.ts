import { z } from 'zod'
import { manifestSchema } from './schema.ts'

/** The manifests' shape as JSON Schema draft 7, which editors' YAML support understands best. */
export function manifestJsonSchema(): object {
  const { $schema, ...schema } = z.toJSONSchema(manifestSchema, { target: 'draft-7', io: 'input' })
  return { $schema, title: 'Galaxy manifest', description: 'One document of a manifest: a Game or an EngineVersion.', ...schema }
}
