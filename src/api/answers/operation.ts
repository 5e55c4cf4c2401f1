import { z } from 'zod'
import { ERROR_CODES, OPERATION_DETAILS, OPERATION_SOURCES, OPERATIONS } from '../../model/operation.ts'
import { exampleOperation } from './examples.ts'
import { fieldChange, listOf, plan, time, word } from './parts.ts'

export const operation = z
  .object({
    id: z.string(),
    game: z.string(),
    op: word(OPERATIONS),
    detail: word(OPERATION_DETAILS).nullable(),
    source: word(OPERATION_SOURCES),
    sourceRef: z.string().nullable().describe('Who asked: a file’s line, or a token and request.'),
    status: word(['queued', 'running', 'succeeded', 'failed']),
    generation: z.int().nullable(),
    cause: z.string().describe('Why it was begun, in an operator’s words.'),
    image: z.string().nullable(),
    containerId: z.string().nullable(),
    errorCode: word([...ERROR_CODES, 'replay_no_op'])
      .nullable()
      .describe('`replay_no_op`: it succeeded, and there was nothing to do.'),
    errorMessage: z.string().nullable(),
    queuedAt: time.nullable(),
    startedAt: time.nullable(),
    finishedAt: time.nullable(),
  })
  .meta({ id: 'Operation', description: 'One lifecycle change, from the operation log.' })

export const operationList = listOf('OperationList', operation).meta({ id: 'OperationList' })

export const action = z
  .object({
    seq: z.int(),
    kind: z.string(),
    target: z.string().describe('A container’s id, a name, an image reference or a path.'),
    reason: z.string(),
    outcome: word(['succeeded', 'failed', 'not_attempted']).nullable().describe('Null while it is under way.'),
    error: z.string().nullable(),
    startedAt: time,
    durationMs: z.number().nullable(),
  })
  .meta({ id: 'Action', description: 'One step of an operation.' })

export const operationDetail = operation.extend({ kind: z.literal('Operation'), actions: z.array(action).readonly() }).meta({
  id: 'OperationDetail',
  description: 'An operation with its steps.',
  examples: [exampleOperation],
})

export const verbDryRun = z
  .object({
    kind: z.literal('DryRun'),
    game: z.string(),
    op: word([...OPERATIONS, 'cleanup']),
    changes: z.array(fieldChange).readonly(),
    plan: plan.nullable().describe('Null on a standby.'),
  })
  .meta({ id: 'VerbDryRun', description: 'What a verb would change and bring about.' })
