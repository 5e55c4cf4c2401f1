import type { EngineHealth, RecordStatus } from '../model/record.ts'
import type { LobbyDatabase } from './connection.ts'
import { type Cursor, formatCursor } from './cursor.ts'

/** What the engine said after init or a turn: a row of `health_snapshots`. */
export interface Snapshot {
  /** Where to go on after this snapshot: `watchSnapshots({after: cursor})`. Opaque. */
  readonly cursor: string
  readonly gameId: string
  readonly recordUid: string
  /** Counts up when the game's state is purged. */
  readonly incarnation: number
  /** 0 is init. */
  readonly turn: number
  readonly runtimeStatus: RecordStatus
  readonly engineHealth: EngineHealth
  /** The engine's answer as it was. */
  readonly engineState: Readonly<Record<string, unknown>>
  readonly playerStats: readonly PlayerStats[]
  readonly observedAt: Date
}

/** Maxima are over the game's life. */
export interface PlayerStats {
  readonly userId: string
  readonly currentPlanets: number
  readonly currentPopulation: number
  readonly maxPlanets: number
  readonly maxPopulation: number
}

export interface Page {
  readonly snapshots: readonly Snapshot[]
  /** Behind everything that this read could see: everything up to here is in this page or an earlier one. */
  readonly end: Cursor
  readonly isFull: boolean
  /** Something is committed beyond `end`, and shows as soon as the older transactions have ended. */
  readonly isHeldBack: boolean
}

export interface PageRequest {
  readonly after: Cursor
  /** Null: all games. */
  readonly gameIds: readonly string[] | null
  readonly limit: number
}

/**
 * The snapshots behind a cursor. Ids and transactions commit out of order, so only what transactions below the oldest open
 * one have written is read: nothing can come to lie in front of it any more.
 *
 * @throws LobbyError
 */
export async function readPage(database: LobbyDatabase, { after, gameIds, limit }: PageRequest): Promise<Page> {
  const [read] = await database.rows<StoredPage>(null, READ, [after.xid, after.id, gameIds, limit])
  const { belowXid = after.xid, isHeldBack = false, rows = [] } = read ?? {}
  const last = rows.at(-1)
  const isFull = rows.length >= limit
  return {
    snapshots: rows.map(toSnapshot),
    // Ids begin at 1, so this is in front of everything that transaction belowXid may have written.
    end: isFull && last !== undefined ? last : { xid: belowXid, id: '0' },
    isFull,
    isHeldBack,
  }
}

interface StoredPage {
  readonly belowXid: string
  readonly isHeldBack: boolean
  readonly rows: readonly StoredSnapshot[]
}

interface StoredSnapshot extends Omit<Snapshot, 'cursor' | 'observedAt' | 'playerStats'> {
  readonly xid: string
  readonly id: string
  readonly observedAt: string
  readonly playerStats: readonly StoredStats[]
}

interface StoredStats {
  readonly user_id: string
  readonly current_planets: number
  readonly current_population: number
  readonly max_planets: number
  readonly max_population: number
}

function toSnapshot({ xid, id, observedAt, playerStats, ...rest }: StoredSnapshot): Snapshot {
  return { cursor: formatCursor({ xid, id }), ...rest, playerStats: playerStats.map(toStats), observedAt: new Date(observedAt) }
}

function toStats(stats: StoredStats): PlayerStats {
  return {
    userId: stats.user_id,
    currentPlanets: stats.current_planets,
    currentPopulation: stats.current_population,
    maxPlanets: stats.max_planets,
    maxPopulation: stats.max_population,
  }
}

const READ = `
  SELECT json_build_object(
    'belowXid', bound.xid::text,
    'isHeldBack', EXISTS (
      SELECT FROM health_snapshots h WHERE h.written_xid >= bound.xid AND ($3::text[] IS NULL OR h.game_id = ANY ($3::text[]))),
    'rows', coalesce((
      SELECT json_agg(json_build_object('xid', p.written_xid::text, 'id', p.id::text, 'gameId', p.game_id, 'recordUid', p.record_uid,
               'incarnation', p.incarnation, 'turn', p.turn, 'runtimeStatus', p.runtime_status, 'engineHealth', p.engine_health,
               'engineState', p.engine_state, 'playerStats', p.player_stats, 'observedAt', p.observed_at) ORDER BY p.written_xid, p.id)
        FROM (SELECT * FROM health_snapshots h
               WHERE (h.written_xid, h.id) > ($1::text::xid8, $2::bigint) AND h.written_xid < bound.xid
                 AND ($3::text[] IS NULL OR h.game_id = ANY ($3::text[]))
               ORDER BY h.written_xid, h.id LIMIT $4::integer) p), '[]')) AS row
    FROM (SELECT pg_snapshot_xmin(pg_current_snapshot()) AS xid) bound`
