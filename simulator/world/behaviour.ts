import { z } from 'zod'

const exitShape = z.strictObject({
  kind: z.literal('exits'),
  afterMs: z.number().min(0).default(0),
  exitCode: z.int().min(0).max(255).default(0),
})

/**
 * What a container's program does, as data. Times count from its start, or from the signal.
 *
 * - `ends`: by itself; `oom` needs no limit.
 * - `onTerm`: `default` is a program without a handler: it ends with 143 under an init process, and as first process of its container is not reached.
 * - `writes`: files put into a mount when it starts, by path inside the container.
 * - `serves`: what listens on port 8080 of the container's address.
 */
export const behaviourShape = z.strictObject({
  ends: z
    .union([z.strictObject({ kind: z.literal('never') }), exitShape, exitShape.extend({ kind: z.literal('oom') })])
    .default({ kind: 'never' }),
  onTerm: z
    .union([z.strictObject({ kind: z.literal('default') }), z.strictObject({ kind: z.literal('ignores') }), exitShape])
    .default({ kind: 'default' }),
  health: z.array(z.strictObject({ afterMs: z.number().min(0), status: z.enum(['healthy', 'unhealthy']) })).default([]),
  startError: z.string().nullable().default(null),
  writes: z.record(z.string(), z.string()).default({}),
  serves: z
    .union([
      z.strictObject({ kind: z.literal('nothing') }),
      z.strictObject({ kind: z.literal('health') }),
      z.strictObject({ kind: z.literal('engine'), version: z.enum(['1.0.0', '1.0.1', '1.1.0']) }),
    ])
    .default({ kind: 'nothing' }),
})

export type Behaviour = Readonly<z.infer<typeof behaviourShape>>

export const QUIET: Behaviour = behaviourShape.parse({})

/** A behaviour for those containers of an image whose command contains a text. */
export interface CommandBehaviour {
  readonly contains: string
  readonly behaviour: Behaviour
}
