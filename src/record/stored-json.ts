import { z } from 'zod'
import { commandSchema, envSchema, probeSchema, publishSchema, relaxSchema } from '../database/engine-json.ts'
import type { Backoff, BackoffKind } from '../model/backoff.ts'
import type { Condition, ConditionType } from '../model/condition.ts'
import type { AcceptedSpec } from '../model/game.ts'
import type { Limits } from '../model/limits.ts'

/**
 * JSON columns of the controller's own tables. Only the lease holder writes them, but perhaps an older release of it:
 * what does not parse reads as absent, and the next pass makes it anew.
 */

const limitsSchema = z.object({ cpus: z.number().nullable(), memoryBytes: z.number().nullable(), pids: z.number().nullable() })

export const acceptedSchema = z.object({
  gameId: z.string(),
  engine: z.string(),
  requested: z.object({
    engineVersion: z.string().nullable(),
    imageRef: z.string().nullable(),
    cpus: z.number().nullable(),
    memory: z.string().nullable(),
    pids: z.number().nullable(),
  }),
  engineVersion: z.string().nullable(),
  imageRef: z.string(),
  imageId: z.string(),
  protocol: z.enum(['galaxy', 'none']),
  probe: probeSchema,
  port: z.int(),
  command: commandSchema.nullable(),
  env: envSchema,
  publish: publishSchema,
  relax: relaxSchema,
  limits: limitsSchema,
  network: z.string(),
  state: z.object({ path: z.string(), hostPath: z.string(), mountPath: z.string(), envName: z.string() }),
  players: z.array(z.object({ userId: z.string(), raceName: z.string() })),
  turnSchedule: z.string().nullable(),
  timeZone: z.string(),
  specHash: z.string(),
})

/** Keyed by the model's words, so that the compiler finds a word missing here. */
const CONDITION_TYPES = {
  Ready: 'Ready',
  Accepted: 'Accepted',
  Initialized: 'Initialized',
  Progressing: 'Progressing',
  Outdated: 'Outdated',
  CrashLoopBackOff: 'CrashLoopBackOff',
  ImagePullBackOff: 'ImagePullBackOff',
  EngineUnreachable: 'EngineUnreachable',
  StartConfigInvalid: 'StartConfigInvalid',
  PatchFailed: 'PatchFailed',
  NameConflict: 'NameConflict',
  ReconcileBackOff: 'ReconcileBackOff',
  Blocked: 'Blocked',
  StartBackOff: 'StartBackOff',
  TurnFailed: 'TurnFailed',
} as const satisfies { [Type in ConditionType]: Type }

export const BACKOFF_KINDS = {
  CrashLoopBackOff: 'CrashLoopBackOff',
  ImagePullBackOff: 'ImagePullBackOff',
  EngineUnreachable: 'EngineUnreachable',
  StartConfigInvalid: 'StartConfigInvalid',
  PatchFailed: 'PatchFailed',
  NameConflict: 'NameConflict',
  ReconcileBackOff: 'ReconcileBackOff',
  StartBackOff: 'StartBackOff',
  TurnFailed: 'TurnFailed',
} as const satisfies { [Kind in BackoffKind]: Kind }

export const conditionSchema = z.object({
  type: z.enum(CONDITION_TYPES),
  status: z.enum(['True', 'False', 'Unknown']),
  reason: z.string(),
  message: z.string(),
  lastTransitionTime: z.string(),
  observedGeneration: z.number(),
})

const backoffSchema = z.object({
  kind: z.enum(BACKOFF_KINDS),
  failures: z.int(),
  notBeforeMs: z.number().nullable(),
  delayMs: z.number(),
  message: z.string(),
  operationId: z.string(),
  countedAtMs: z.number(),
  wish: z.string(),
})

export function parseAcceptedSpec(json: unknown): AcceptedSpec | null {
  return acceptedSchema.safeParse(json).data ?? null
}

export function parseConditions(json: unknown): readonly Condition[] {
  if (!Array.isArray(json)) return []
  return json.flatMap((condition: unknown) => conditionSchema.safeParse(condition).data ?? [])
}

export function parseBackoff(json: unknown): Backoff | null {
  return backoffSchema.safeParse(json).data ?? null
}

export function parseLimits(json: unknown): Limits | null {
  return limitsSchema.safeParse(json).data ?? null
}
