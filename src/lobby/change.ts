import { untilExplained } from './attempts.ts'
import { type Assignment, differs, json, places } from './columns.ts'
import type { LobbyDatabase } from './connection.ts'
import { GameBeingDeleted, GameNotFound } from './errors.ts'
import type { Deleted, PatchTarget, Player, Published, StopReason } from './wishes.ts'

/** Stopping has no owner (spec 2, "Ownership"): it works on every game. @throws LobbyError */
export function publishStop(database: LobbyDatabase, gameId: string, reason: StopReason): Promise<Published> {
  const columns: readonly Assignment[] = [
    { column: 'state', type: 'text', value: 'stopped' },
    { column: 'stop_reason', type: 'text', value: reason },
  ]
  return changeGame(database, gameId, columns, 'unowned')
}

/** The registry's image for that version, unless one is given. @throws LobbyError */
export function publishPatch(database: LobbyDatabase, gameId: string, target: PatchTarget): Promise<Published> {
  const { engine, version, imageRef = null, allowIncompatible = false } = target
  const columns: readonly Assignment[] = [
    ...(engine === undefined ? [] : [{ column: 'engine', type: 'text', value: engine } as const]),
    { column: 'engine_version', type: 'text', value: version },
    { column: 'image_ref', type: 'text', value: imageRef },
    ...(allowIncompatible ? [{ column: 'allow_incompatible_to', type: 'text', value: version } as const] : []),
  ]
  return changeGame(database, gameId, columns, 'owned')
}

/** @throws LobbyError */
export function writePlayers(database: LobbyDatabase, gameId: string, players: readonly Player[]): Promise<Published> {
  return changeGame(database, gameId, [{ column: 'players', type: 'jsonb', value: json(players) }], 'owned')
}

/**
 * Sets the tombstone: the game is stopped, its container removed, and its row goes last. Deletion has no owner.
 *
 * @throws LobbyError; GameBeingDeleted when the state is to be purged and the deletion that is under way keeps it
 */
export async function deleteRow(database: LobbyDatabase, gameId: string, purgeState: boolean): Promise<Deleted> {
  const [buried] = await database.rows(gameId, BURY, [gameId, purgeState])
  if (buried !== undefined) return { gameId, outcome: 'deleting' }
  const [grave] = await database.rows<{ readonly purgeState: boolean }>(gameId, GRAVE, [gameId])
  if (grave === undefined) return { gameId, outcome: 'absent' }
  if (purgeState && !grave.purgeState) throw new GameBeingDeleted(gameId)
  return { gameId, outcome: 'deleting' }
}

/** An UPDATE, unlike DELETE, counts what it changed, and never takes away a row that is tombstoned already. */
const BURY = `
  UPDATE desired_games SET deleted_at = now(), purge_state = $2::boolean
   WHERE game_id = $1::text AND deleted_at IS NULL
  RETURNING json_build_object() AS row`
const GRAVE = `SELECT json_build_object('purgeState', purge_state) AS row FROM desired_games WHERE game_id = $1::text`

/** @param fields `owned`: changing them makes an adopted game the lobby's, and is refused for another owner's */
function changeGame(
  database: LobbyDatabase,
  gameId: string,
  columns: readonly Assignment[],
  fields: 'owned' | 'unowned',
): Promise<Published> {
  const values = [gameId, ...columns.map(({ value }) => value)]
  return untilExplained(gameId, async () => {
    const [written] = await database.rows<{ readonly generation: number }>(gameId, update(columns, fields), values)
    if (written !== undefined) return { gameId, generation: written.generation, outcome: 'updated' }
    const [standing] = await database.rows<Standing>(gameId, explain(columns), values)
    if (standing === undefined) throw new GameNotFound(gameId)
    if (standing.isDeleting) throw new GameBeingDeleted(gameId)
    return standing.differs ? null : { gameId, generation: standing.generation, outcome: 'unchanged' }
  })
}

interface Standing {
  readonly generation: number
  readonly isDeleting: boolean
  readonly differs: boolean
}

/** Value 1 is the game. */
const FIRST_COLUMN = 2

function update(columns: readonly Assignment[], fields: 'owned' | 'unowned'): string {
  const given = places(columns, FIRST_COLUMN)
  const assignments = columns.map(({ column }, index) => `${column} = ${given[index]}`)
  const claim = `managed_by = CASE g.managed_by WHEN 'reconciler' THEN 'lobby' ELSE g.managed_by END`
  const claims = fields === 'owned'
  return `
    UPDATE desired_games AS g SET ${[...assignments, ...(claims ? [claim] : [])].join(', ')}
     WHERE g.game_id = $1::text AND (${differs(columns, FIRST_COLUMN)}${claims ? ` OR g.managed_by = 'reconciler'` : ''})
    RETURNING json_build_object('generation', generation) AS row`
}

function explain(columns: readonly Assignment[]): string {
  return `
    SELECT json_build_object('generation', g.generation, 'isDeleting', g.deleted_at IS NOT NULL,
      'differs', ${differs(columns, FIRST_COLUMN)}) AS row
      FROM desired_games g WHERE g.game_id = $1::text`
}
