import { z } from 'zod'
import { commandSchema, envSchema, probeSchema, publishSchema, relaxSchema } from '../../database/engine-json.ts'
import { API_VERSION } from '../../desired/manifest/schema.ts'
import { applyResult } from './manifest.ts'
import { listOf, time, warnings } from './parts.ts'

const probe = probeSchema.meta({ id: 'Probe', description: 'How a running engine is asked whether it serves.' })

/** How a version is run, with every default written out. */
const run = {
  enabled: z.boolean(),
  protocol: z.enum(['galaxy', 'none']),
  probe: probe.nullable().describe('Null: the protocol’s default.'),
  port: z.int(),
  command: commandSchema.readonly().nullable(),
  env: envSchema,
  publish: publishSchema.readonly(),
  relax: relaxSchema.extend({ capAdd: z.array(z.string()).readonly().optional(), tmpfs: z.array(z.string()).readonly().optional() }),
}

const envelope = z.object({
  apiVersion: z.literal(API_VERSION),
  kind: z.literal('EngineVersion'),
  metadata: z.object({
    name: z.string(),
    resourceVersion: z.string().describe('Another one after every write, for `If-Match`.'),
    createdAt: time,
    updatedAt: time,
  }),
  spec: z.object({ engine: z.string(), version: z.string(), image: z.string().nullable(), ...run }).meta({ id: 'EngineVersionSpec' }),
  status: z.object({
    image: z.string().nullable().describe('What a game on this version runs; null when that may not be used.'),
    problem: z.string().nullable(),
    desiredBy: z.array(z.string()).readonly().describe('Games that ask for it, by id.'),
    manifest: z.string().nullable().describe('The watched document that enforces it.'),
  }),
})

const problems = z
  .array(z.object({ key: z.string(), problem: z.string() }))
  .readonly()
  .describe('Rows that can’t be read.')

export const engineVersion = envelope.meta({ id: 'EngineVersion', description: 'A version of an engine, and how it is run.' })
export const engineVersionList = listOf('EngineVersionList', engineVersion).extend({ problems }).meta({ id: 'EngineVersionList' })

const outcome = z.enum(['created', 'changed', 'unchanged', 'refused'])

export const writtenVersion = envelope.extend({ outcome, warnings }).meta({ id: 'WrittenEngineVersion' })
export const versionDryRun = applyResult.extend({ kind: z.literal('DryRun'), warnings }).meta({ id: 'EngineVersionDryRun' })
export const switchDryRun = z.object({ kind: z.literal('DryRun'), name: z.string(), outcome, warnings }).meta({ id: 'SwitchDryRun' })
export const deletedVersion = z
  .object({ kind: z.enum(['Deleted', 'DryRun']), metadata: z.object({ name: z.string() }), warnings })
  .meta({ id: 'DeletedEngineVersion' })

/** Of `/versions`: the registry’s rows, without what is known of them. */
export const versionRowList = listOf(
  'EngineVersionList',
  z.object({ engine: z.string(), version: z.string(), imageRef: z.string().nullable(), ...run }).meta({ id: 'EngineVersionRow' }),
)
  .extend({ problems })
  .meta({ id: 'EngineVersionRowList' })
