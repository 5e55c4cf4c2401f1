import type { Kysely } from 'kysely'
import type { Database } from '../database/tables.ts'
import type { DesiredGame } from '../model/game.ts'
import { type ImagePolicy, resolveImage } from './resolve-image.ts'
import { refused, type VerbDecision, type VerbRequest, type VerbWrite, written } from './verb.ts'
import { decidePatch, decideStart, nameOf, versionOf } from './verb-runtime.ts'
import type { Refusal } from './writer.ts'

/**
 * What a verb writes, or why it is refused at once (spec 3, "Verbs"; spec 2, "Ownership"). Reads what it needs, writes nothing.
 *
 * @param row null for a game that nobody asks for
 * @param operationId of the operation that will answer; also the token of a restart or a forced turn
 */
export async function decideVerb(
  db: Kysely<Database>,
  request: VerbRequest,
  row: DesiredGame | null,
  operationId: string,
): Promise<VerbDecision> {
  const { gameId, verb, askedBy } = request
  if (row !== null && row.deletedAt !== null) return refused('conflict', `game ${gameId} is being deleted; wait until its row is gone`)
  if (verb.op === 'start') return decideStart(db, request, verb, row)
  if (row === null) return refused('not_found', `there is no game ${gameId}`)
  switch (verb.op) {
    case 'stop':
      return written({ state: 'stopped', stopReason: verb.reason }, `asked to stop: ${verb.reason} (${askedBy})`)
    case 'patch':
      return decidePatch(db, request, verb, row)
    case 'restart':
      return stoppedObjection(row, 'restarted') ?? written({ restartToken: operationId }, `asked to restart (${askedBy})`)
    case 'pause':
      return (await finishedObjection(db, gameId)) ?? written({ paused: true }, `asked to pause (${askedBy})`)
    case 'resume':
      return (await finishedObjection(db, gameId)) ?? written({ paused: false }, `asked to resume (${askedBy})`)
    case 'force_next_turn':
      return (await turnObjection(db, request, row)) ?? written({ turnToken: operationId }, `asked for a turn now (${askedBy})`)
    case 'cleanup':
      return (await runningObjection(db, row)) ?? written(asItIs(row), `asked to clean up (${askedBy})`)
  }
}

/** A token in a stopped game's row would ask for nothing now, and surprise whoever starts it. */
function stoppedObjection({ gameId, state, stopReason }: DesiredGame, done: string): Refusal | null {
  if (state === 'running') return null
  return refused('conflict', `game ${gameId} is stopped (${stopReason ?? 'no reason'}) and can't be ${done}; start it instead`)
}

/** A new generation would start it again (spec 3, the planner's table), which is what start and restart are for. */
async function finishedObjection(db: Kysely<Database>, gameId: string): Promise<Refusal | null> {
  const record = await recordOf(db, gameId)
  if (record?.status !== 'finished') return null
  return refused('conflict', `game ${gameId} has ended with turn ${record.current_turn ?? 0}`)
}

/** No column says that a container is not needed: the row is written as it is, and its queued operation is the wish. */
function asItIs({ state, stopReason }: DesiredGame): VerbWrite['fields'] {
  return { state, stopReason }
}

async function runningObjection(db: Kysely<Database>, { gameId, state, generation }: DesiredGame): Promise<Refusal | null> {
  if (state === 'stopped') return null
  const record = await recordOf(db, gameId)
  if (record?.status === 'finished' && record.finished_generation === generation) return null
  return refused('conflict', `game ${gameId} is to run, and its container is needed; stop it first`)
}

async function turnObjection(db: Kysely<Database>, { gameId, policy }: VerbRequest, row: DesiredGame): Promise<Refusal | null> {
  const stopped = stoppedObjection(row, 'given a turn')
  if (stopped !== null) return stopped
  if (await hasNoTurns(db, policy, row)) return refused('conflict', `game ${gameId} runs ${nameOf(row)}, whose protocol knows no turns`)
  const record = await recordOf(db, gameId)
  if (record?.current_turn == null) return refused('conflict', `game ${gameId} has not begun yet: its engine has not been initialised`)
  return finishedObjection(db, gameId)
}

async function hasNoTurns(db: Kysely<Database>, policy: ImagePolicy, row: DesiredGame): Promise<boolean> {
  const image = resolveImage(row, await versionOf(db, row), policy, true)
  return image.kind === 'resolved' && image.protocol === 'none'
}

async function recordOf(db: Kysely<Database>, gameId: string) {
  return db
    .selectFrom('runtime_records')
    .select(['status', 'current_turn', 'finished_generation'])
    .where('game_id', '=', gameId)
    .where('status', '<>', 'removed')
    .executeTakeFirst()
}
