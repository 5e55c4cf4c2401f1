import { z } from 'zod'
import type { Verb } from '../desired/verb.ts'
import { STOP_REASONS } from '../model/game.ts'

// What the verbs' routes take as bodies, each read as the verb it asks for. Strict: an unknown field is a mistyped one.

const version = z.string().min(1).max(128)
const engine = z.string().min(1).max(51)
const nothing = z.strictObject({}).nullish()

/** Without a body a stopped game is started as its row says. */
export const startBody: z.ZodType<Verb> = z
  .strictObject({ engine: engine.optional(), version: version.optional(), image_ref: z.string().min(1).max(512).optional() })
  .refine(({ engine, version, image_ref }) => engine === undefined || version !== undefined || image_ref !== undefined, {
    path: ['engine'],
    message: 'is told beside a version or an image_ref',
  })
  .nullish()
  .transform((body) => ({
    op: 'start' as const,
    engine: body?.engine ?? null,
    version: body?.version ?? null,
    imageRef: body?.image_ref ?? null,
  }))
  .meta({ examples: [{ version: '1.0.0' }] })

export const stopBody: z.ZodType<Verb> = z
  .strictObject({ reason: z.enum(STOP_REASONS) })
  .transform(({ reason }) => ({ op: 'stop' as const, reason }))
  .meta({ examples: [{ reason: 'admin_request' }] })

export const patchBody: z.ZodType<Verb> = z
  .strictObject({ version, allowIncompatible: z.boolean().default(false) })
  .transform((body) => ({ op: 'patch' as const, ...body }))
  .meta({ examples: [{ version: '1.1.0' }] })

export const restartBody: z.ZodType<Verb> = nothing.transform(() => ({ op: 'restart' }))
export const cleanupBody: z.ZodType<Verb> = nothing.transform(() => ({ op: 'cleanup' }))
export const pauseBody: z.ZodType<Verb> = nothing.transform(() => ({ op: 'pause' }))
export const resumeBody: z.ZodType<Verb> = nothing.transform(() => ({ op: 'resume' }))
export const forceNextTurnBody: z.ZodType<Verb> = nothing.transform(() => ({ op: 'force_next_turn' }))
