import { z } from 'zod'
import { KINDS } from '../../desired/manifest/schema.ts'
import { PROBLEM_CODES } from '../problem.ts'
import { fieldChange, plan, stored, time, word } from './parts.ts'

export const applyResult = z.object({
  name: z.string().describe('The game’s id, or `engine/version`.'),
  outcome: z.enum(['created', 'changed', 'unchanged', 'refused']),
  changes: z.array(fieldChange).readonly(),
  problem: z.string().nullable().describe('Why it was refused, and what to do.'),
  code: z.enum(PROBLEM_CODES).nullable(),
})

const documentResult = applyResult
  .extend({ kind: z.enum(KINDS), path: z.string(), line: z.int() })
  .meta({ id: 'DocumentResult', description: 'What came of one document.' })

export const applied = z
  .object({ kind: z.literal('ApplyResult'), dryRun: z.boolean(), results: z.array(documentResult).readonly() })
  .meta({ id: 'ApplyResult' })

export const diff = z
  .object({
    kind: z.literal('DiffResult'),
    differs: z.boolean(),
    results: z
      .array(documentResult.extend({ plan: plan.nullable() }))
      .readonly()
      .describe('`plan` is null for what is no game, what changes nothing, and on a standby.'),
  })
  .meta({ id: 'DiffResult' })

export const gameDryRun = applyResult
  .extend({ kind: z.literal('DryRun'), plan: plan.nullable().describe('Null on a standby.') })
  .meta({ id: 'GameDryRun', description: 'What a write would change and bring about.' })

const waiting = z
  .object({
    root: z.string(),
    path: z.string(),
    kind: word(KINDS),
    name: z.string(),
    waiting: z.string().nullable().describe('What it waits for.'),
    missingSince: time.nullable(),
  })
  .meta({ id: 'WaitingDocument', description: 'A document that vanished from the watched folder and waits to be deleted.' })

const fileProblem = z.object({ file: z.string(), line: z.int(), column: z.int(), path: z.string(), message: z.string() })

const file = z
  .object({
    root: z.string(),
    path: z.string(),
    documents: z.int().describe('How many of its documents apply, as it is or as it last was when it was good.'),
    problems: stored(z.array(fileProblem)),
    missingSince: time.nullable(),
    changedAt: time,
  })
  .meta({ id: 'WatchedFile', description: 'A file of the watched folder.' })

export const manifestList = z
  .object({
    kind: z.literal('ManifestList'),
    roots: z.array(z.object({ root: z.string(), dir: z.string(), problem: z.string().nullable(), changedAt: time })).readonly(),
    files: z.array(file).readonly(),
    waiting: z.array(waiting).readonly(),
  })
  .meta({ id: 'ManifestList', description: 'The watched folder, its files with their problems, and what waits to be deleted.' })

export const pruned = z
  .object({
    kind: z.literal('PruneResult'),
    deleted: z.array(z.string()).readonly(),
    waiting: z.array(waiting).readonly(),
  })
  .meta({ id: 'PruneResult' })
