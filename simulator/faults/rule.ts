import { z } from 'zod'

const durationShape = z.number().min(0)
const whenShape = z.enum(['before', 'after'])

/** What happens to a call that a rule fits. */
const callFaultShape = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('delay'), ms: durationShape }),
  z.strictObject({ kind: z.literal('refuse'), status: z.int().min(400).max(599), message: z.string() }),
  /** The connection breaks after the effect. */
  z.strictObject({ kind: z.literal('drop_answer') }),
  z.strictObject({ kind: z.literal('hang'), at: whenShape.default('before') }),
  /** Answered from the world of that long ago. */
  z.strictObject({ kind: z.literal('stale'), ms: durationShape }),
  z.strictObject({ kind: z.literal('disk_full') }),
  /** The name asked for is held by a container that does not exist. */
  z.strictObject({ kind: z.literal('name_ghost') }),
  /** A dead container's endpoint is left behind on its networks. */
  z.strictObject({ kind: z.literal('endpoint_ghost') }),
  /** The removal fails half-way and leaves the container `dead`. */
  z.strictObject({ kind: z.literal('leave_dead') }),
  z.strictObject({ kind: z.literal('cut_streams') }),
  z.strictObject({
    kind: z.literal('restart_daemon'),
    at: whenShape.default('before'),
    downMs: durationShape.default(1_000),
    isGraceful: z.boolean().default(true),
    isLiveRestore: z.boolean().default(false),
  }),
])

/** What happens to an event that a rule fits, for all who follow or ask for the past. */
const eventFaultShape = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('lose') }),
  z.strictObject({ kind: z.literal('double') }),
  /** Told that much later, so behind others. */
  z.strictObject({ kind: z.literal('late'), ms: durationShape }),
  z.strictObject({ kind: z.literal('cut_streams') }),
])

const subject = {
  /** Name, or beginning of the id. */
  container: z.string().optional(),
  /** Value of the label `com.galaxy.game_id`. */
  game: z.string().optional(),
}

const common = {
  name: z.string().optional(),
  /** Which of the fitting ones since the rule was set; from 1. */
  nth: z.int().positive().default(1),
  /** How many in a row from there; null for all. */
  times: z.int().positive().nullable().default(1),
}

/**
 * One fault rule. `call` is the kind of call as the controller's adapter names it (`container_start`, …), `event` an event's action; `*` is any.
 */
export const ruleShape = z.union([
  z.strictObject({ ...common, match: z.strictObject({ call: z.string(), ...subject }), do: callFaultShape }),
  z.strictObject({ ...common, match: z.strictObject({ event: z.string(), ...subject }), do: eventFaultShape }),
])

export type Rule = Readonly<z.infer<typeof ruleShape>>
export type CallFault = z.infer<typeof callFaultShape>
export type EventFault = z.infer<typeof eventFaultShape>
