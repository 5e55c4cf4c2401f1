import { z } from 'zod'
import { ENGINE_HEALTHS, RECORD_STATUSES } from '../../model/record.ts'
import { SKIP_REASONS } from '../../model/turn.ts'
import { HEALTH_EVENT_TYPES } from '../../record/game-write.ts'
import { listOf, stored, time, word } from './parts.ts'

const turn = z
  .object({
    id: z.string(),
    game: z.string(),
    turn: z.int().nullable().describe('What was asked of the engine; null where nothing was.'),
    status: word(['in_progress', 'succeeded', 'failed', 'skipped', 'superseded']),
    skipReason: word(SKIP_REASONS).nullable(),
    scheduledAt: time.nullable().describe('The tick of the schedule; null for a turn that was forced.'),
    turnToken: z.string().nullable(),
    generation: z.int().nullable(),
    operation: z.string().nullable(),
    attempts: z.int(),
    error: z.string().nullable(),
    startedAt: time.nullable(),
    finishedAt: time.nullable(),
    recordUid: z.string().describe('Which life of the game it is of.'),
    incarnation: z.int().describe('Which life of its state it is of.'),
  })
  .meta({ id: 'Turn', description: 'An entry of the ledger of turns.' })

export const turnList = listOf('TurnList', turn).meta({ id: 'TurnList' })

const snapshot = z
  .object({
    id: z.int(),
    game: z.string(),
    turn: z.int(),
    runtimeStatus: word(RECORD_STATUSES),
    engineHealth: word(ENGINE_HEALTHS),
    observedAt: time,
    playerStats: stored(z.array(z.unknown())).describe('As the lobby is told, one entry for each user.'),
    engineState: z.unknown().describe('As the engine answered.'),
    recordUid: z.string().describe('Which life of the game it is of.'),
    incarnation: z.int().describe('Which life of its state it is of.'),
  })
  .meta({ id: 'Snapshot', description: 'What the engine said after init or a turn.' })

export const snapshotList = listOf('SnapshotList', snapshot).meta({ id: 'SnapshotList' })

const healthEvent = z
  .object({
    id: z.int(),
    game: z.string(),
    type: word(HEALTH_EVENT_TYPES),
    containerId: z.string().nullable(),
    detail: stored(z.record(z.string(), z.unknown())),
    observedAt: time,
  })
  .meta({ id: 'HealthEvent', description: 'What was seen of a game’s container and engine.' })

export const healthEventList = listOf('HealthEventList', healthEvent).meta({ id: 'HealthEventList' })
