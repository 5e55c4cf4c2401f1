import { type Kysely, sql } from 'kysely'
import type { Database } from '../../database/tables.ts'
import type { Schedules } from '../../turns/schedule.ts'
import { toEnvelope } from '../envelope.ts'
import { toOperation } from '../operation-answer.ts'
import { findGames } from '../reads/games.ts'
import { toTurn } from '../reads/turns.ts'
import type { Change } from './changes.ts'

export type WatchedObject =
  | { readonly type: 'MODIFIED'; readonly object: object }
  /** Of a game only: what else goes is history that has become too old. */
  | { readonly type: 'DELETED'; readonly object: object }

/** The objects of changes as they are now; null for an operation or a turn that is too old to be kept. */
export async function readObjects(
  db: Kysely<Database>,
  schedules: Schedules,
  changes: readonly Change[],
): Promise<readonly (WatchedObject | null)[]> {
  const idsOf = (kind: Change['kind']) => changes.flatMap((change) => (change.kind === kind ? [change.objectId ?? change.gameId] : []))
  const [games, operations, turns] = await Promise.all([
    readGames(db, schedules, idsOf('game')),
    readOperations(db, idsOf('operation')),
    readTurns(db, idsOf('turn')),
  ])
  const found: Readonly<Record<Change['kind'], ReadonlyMap<string, object>>> = { game: games, operation: operations, turn: turns }
  return changes.map(({ kind, gameId, objectId }) => {
    const object = found[kind].get(objectId ?? gameId)
    if (object !== undefined) return { type: 'MODIFIED', object }
    return kind === 'game' ? { type: 'DELETED', object: { kind: 'Game', metadata: { name: gameId } } } : null
  })
}

type Objects = ReadonlyMap<string, object>
const NONE: Objects = new Map()

async function readGames(db: Kysely<Database>, schedules: Schedules, ids: readonly string[]): Promise<Objects> {
  if (ids.length === 0) return NONE
  const nowMs = Date.now()
  return new Map((await findGames(db, ids)).map((row) => [row.game_id, toEnvelope(row, schedules, nowMs)]))
}

async function readOperations(db: Kysely<Database>, ids: readonly string[]): Promise<Objects> {
  if (ids.length === 0) return NONE
  const rows = await db.selectFrom('operation_log').selectAll().where('operation_id', '=', sql<string>`ANY(${ids}::uuid[])`).execute()
  return new Map(rows.map((row) => [row.operation_id, { kind: 'Operation', ...toOperation(row) }]))
}

async function readTurns(db: Kysely<Database>, ids: readonly string[]): Promise<Objects> {
  if (ids.length === 0) return NONE
  const rows = await db.selectFrom('turns').selectAll().where('id', '=', sql<string>`ANY(${ids}::uuid[])`).execute()
  return new Map(rows.map((row) => [row.id, { kind: 'Turn', ...toTurn(row) }]))
}
