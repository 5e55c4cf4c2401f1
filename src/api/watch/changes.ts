import { type Kysely, sql } from 'kysely'
import type { Database } from '../../database/tables.ts'

/** One object that changed; what it is now has to be read. */
export interface Change {
  /** Of the last of its changes that were read together. */
  readonly id: number
  readonly kind: 'game' | 'operation' | 'turn'
  readonly gameId: string
  /** Null for a game. */
  readonly objectId: string | null
}

/** Changes that `to` saw and `from` did not, beyond the id `after`. */
export interface Window {
  readonly from: string
  /** Null: everything by now. */
  readonly to: string | null
  readonly after: number
}

export interface ChangesRead {
  /** The end of the window: what it said, or everything by now. */
  readonly to: string
  /** In the order of their ids; an object that changed several times comes once. */
  readonly changes: readonly Change[]
  /** Id after which the window goes on; null when this was all. */
  readonly more: number | null
  /** Changes of the window's beginning have been taken away for their age. */
  readonly isTooOld: boolean
  /** Whether the present state of all games is vouched for (S8). */
  readonly isFresh: boolean
}

interface Row {
  readonly snapshot: string
  readonly horizon: string
  readonly is_fresh: boolean
  readonly id: number | null
  readonly kind: Change['kind']
  readonly game_id: string
  readonly object_id: string | null
}

const PAGE = 500

/** One ahead of this server is of another one, from which the database was brought here. */
const HORIZON = sql`CASE WHEN state.horizon < pg_snapshot_xmax(pg_current_snapshot()) THEN state.horizon ELSE '0' END`

/**
 * One statement, and so one snapshot: what became visible between two snapshots is exactly what had been committed in between,
 * in whatever order, and no open transaction holds back the others.
 */
export async function readChanges(db: Kysely<Database>, { from, to, after }: Window): Promise<ChangesRead> {
  const { rows } = await sql<Row>`
    SELECT now.snapshot::text AS snapshot, ${HORIZON}::text AS horizon, coalesce(l.observed_at + l.stale_after > now() AND l.unseen_games = '{}', false) AS is_fresh, c.*
      FROM (SELECT coalesce(${to}::pg_snapshot, pg_current_snapshot()) AS snapshot) now
      CROSS JOIN watch_state state
      LEFT JOIN deployment p ON true
      LEFT JOIN controller_leases l ON l.instance = p.instance
      LEFT JOIN LATERAL (
        SELECT id, kind, game_id, object_id FROM watch_changes
         WHERE written_xid >= pg_snapshot_xmin(${from}::pg_snapshot) AND NOT pg_visible_in_snapshot(written_xid, ${from}::pg_snapshot)
           AND pg_visible_in_snapshot(written_xid, now.snapshot) AND id > ${after}
         ORDER BY id LIMIT ${PAGE}) c ON true`.execute(db)
  const [first] = rows
  if (first === undefined) throw new Error('watch_state has no row')
  const changes = rows.flatMap((row) => (row.id === null ? [] : [toChange(row, row.id)]))
  const last = changes.at(-1)
  return {
    to: first.snapshot,
    changes: lastOfEach(changes),
    more: changes.length === PAGE && last !== undefined ? last.id : null,
    isTooOld: BigInt(first.horizon) >= BigInt(from.split(':')[0] ?? '0'),
    isFresh: first.is_fresh,
  }
}

/** Everything that is committed by now. */
export async function readSnapshot(db: Kysely<Database>): Promise<string> {
  const { rows } = await sql<{ snapshot: string }>`SELECT pg_current_snapshot()::text AS snapshot`.execute(db)
  return rows[0]?.snapshot ?? ''
}

/** Until then changes are notified of. */
export async function wantChanges(db: Kysely<Database>, forMs: number): Promise<void> {
  await sql`UPDATE watch_state SET wanted_until = greatest(wanted_until, now() + make_interval(secs => ${forMs / 1_000}))`.execute(db)
}

function toChange({ kind, game_id, object_id }: Row, id: number): Change {
  return { id, kind, gameId: game_id, objectId: object_id }
}

function lastOfEach(changes: readonly Change[]): readonly Change[] {
  const byObject = new Map<string, Change>()
  for (const change of changes) {
    const key = `${change.kind} ${change.objectId ?? change.gameId}`
    byObject.delete(key)
    byObject.set(key, change)
  }
  return [...byObject.values()]
}
