import { z } from 'zod'
import { API_VERSION } from '../../desired/manifest/schema.ts'
import { STOP_REASONS } from '../../model/game.ts'
import { ENGINE_HEALTHS, RECORD_STATUSES } from '../../model/record.ts'
import { acceptedSchema, BACKOFF_KINDS, conditionSchema } from '../../record/stored-json.ts'
import { exampleGame } from './examples.ts'
import { listOf, plan, stored, time, warnings, word } from './parts.ts'

const metadata = z
  .object({
    name: z.string().describe('The game’s id.'),
    labels: stored(z.record(z.string(), z.unknown())),
    generation: z.int().nullable().describe('Counts changes of what is asked for; null for a game that nobody asks for any more.'),
    resourceVersion: z.string().nullable().describe('Another one after every write, for `If-Match`.'),
    managedBy: z.string().nullable().describe('Who owns the spec: `lobby`, `api` or `manifest:` and the folder’s name.'),
    writtenBy: z.string().nullable(),
    writtenRef: z.string().nullable().describe('Where the last write came from: a file’s line, a token and request.'),
    createdAt: time.nullable(),
    updatedAt: time.nullable(),
    deletedAt: time.nullable().describe('Set while the game is being stopped, removed and forgotten.'),
  })
  .meta({ id: 'GameMetadata' })

const player = z.object({ userId: z.string(), raceName: z.string() })

const spec = z
  .object({
    engine: z.string().nullable(),
    engineVersion: z.string().nullable(),
    image: z.string().nullable(),
    state: z.enum(['Running', 'Stopped']),
    stopReason: word(STOP_REASONS).nullable(),
    paused: z.boolean().nullable(),
    turnSchedule: z.string().nullable(),
    timeZone: z.string().nullable(),
    players: stored(z.array(player).nullable()),
    resources: z.object({ cpus: z.number().nullable(), memory: z.string().nullable(), pids: z.int().nullable() }),
    allowIncompatibleTo: z.string().nullable(),
  })
  .meta({ id: 'GameSpec', description: 'What is asked for.' })

export const condition = conditionSchema
  .extend({
    type: word(Object.values(conditionSchema.shape.type.enum)),
    status: word(['True', 'False', 'Unknown']),
    lastTransitionTime: z.string().meta({ format: 'date-time' }),
    observedGeneration: z.int(),
  })
  .meta({ id: 'Condition', description: 'As in Kubernetes.' })

const accepted = acceptedSchema.meta({ id: 'AcceptedSpec', description: 'What last passed admission, resolved and pinned.' })

const backoff = z.object({
  kind: word(Object.values(BACKOFF_KINDS)),
  failures: z.int(),
  notBefore: time.nullable().describe('Null: until the row, the registry or the configuration changes.'),
  message: z.string(),
})

const status = z
  .object({
    recordUid: z.string().nullable(),
    status: word(RECORD_STATUSES).nullable().describe('Null until the controller has made a record.'),
    ready: z.enum(['True', 'False', 'Unknown']),
    engineHealth: word(ENGINE_HEALTHS).nullable(),
    endpoint: z.string().nullable(),
    engineVersion: z.string().nullable(),
    image: z.string().nullable(),
    imageId: z.string().nullable(),
    containerId: z.string().nullable(),
    network: z.string().nullable(),
    statePath: z.string().nullable(),
    resources: z
      .object({ cpus: z.number().nullable(), memory: z.string().nullable(), pids: z.number().nullable() })
      .nullable()
      .describe('The limits that its container has.'),
    startedAt: time.nullable(),
    stoppedAt: time.nullable(),
    finishedAt: time.nullable(),
    currentTurn: z.int().nullable().describe('As the engine last said; null before init.'),
    nextTurnAt: time.nullable(),
    paused: z.boolean().describe('As it is in effect; `spec.paused` is what was asked for.'),
    pausedAt: time.nullable(),
    skipNextTick: z.boolean(),
    mappedPlayers: z.int().describe('Races of which a user and the engine’s player are known.'),
    observedGeneration: z.int().nullable(),
    acceptedGeneration: z.int().nullable(),
    accepted: stored(accepted.nullable()),
    conditions: z.array(condition).readonly(),
    backoff: backoff.nullable().describe('Why and until when the next attempt waits.'),
    observedAt: time.nullable(),
    observedFrom: word(['event', 'list', 'inspect', 'probe']).nullable(),
    fresh: z.boolean().describe('False: nobody has looked lately, and what is said here may be out of date.'),
  })
  .meta({ id: 'GameStatus', description: 'What is known of a game.' })

const envelope = z.object({
  apiVersion: z.literal(API_VERSION),
  kind: z.literal('Game'),
  metadata,
  spec: spec.nullable().describe('Null for a game that nobody asks for any more but whose record still lives.'),
  status,
})

export const game = envelope.meta({
  id: 'Game',
  description: 'A game: what was asked for, and what is known of it.',
  examples: [exampleGame],
})
export const gameList = listOf('GameList', game).meta({ id: 'GameList' })
export const runtime = z
  .object({ apiVersion: z.literal(API_VERSION), kind: z.literal('Runtime'), metadata, status })
  .meta({ id: 'Runtime', description: 'What is known of a game, without what was asked for.' })
export const runtimeList = listOf('RuntimeList', runtime).meta({ id: 'RuntimeList' })

/** Of a deletion: the game as it is while it goes, or its name once it is gone. */
export const deletedGame = z.discriminatedUnion('kind', [
  envelope.extend({ warnings }).meta({ id: 'GameBeingDeleted' }),
  z.object({ kind: z.literal('Deleted'), metadata: z.object({ name: z.string() }), warnings }).meta({ id: 'DeletedGame' }),
])

export const gamePlan = plan.extend({ kind: z.literal('Plan'), game: z.string() }).meta({ id: 'Plan' })
