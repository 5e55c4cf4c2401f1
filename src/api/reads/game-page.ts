import { type Kysely, sql } from 'kysely'
import { prepared } from '../../database/prepared.ts'
import type { Database } from '../../database/tables.ts'

/** Which games a page of the list holds, and which state of theirs was committed when it was asked for. */
export interface GamePage {
  /** In the order of their ids, a line each: the game's version, a blank, its id. The same text says the same of all of them. */
  readonly games: string
  /** By which its transactions are told from another server's that count the same numbers: a restored one's, say. */
  readonly server: string
  /** Null while nobody has ever led. */
  readonly observedAt: Date | null
}

export interface GameVersion {
  readonly gameId: string
  /** Another one after every write to any of the game's rows, and when its status begins or ceases to be vouched for (S8); nothing else is to be read from it. */
  readonly version: string
}

interface Row {
  readonly observed_at: Date | null
  readonly server: string
  readonly games: string | null
}

/** When the server was started. */
export const SERVER = sql<string>`extract(epoch FROM pg_postmaster_start_time())::text`

/** How many of a game's players an engine has told of; g has the game's id. */
export const MAPPED_PLAYERS = sql<number>`(SELECT count(*) FROM player_mappings p WHERE p.game_id = g.game_id)`

/** The transactions that wrote the rows as they are, of a desired row d, a record r and a status s; and what else is told of them. */
export const ROW_VERSION = sql<string>`concat(d.xmin, '.', r.xmin, '.', s.xmin, '.', ${MAPPED_PLAYERS}, '.', g.fresh)`

/** @param after an id; '' for the first page */
export async function readGamePage(db: Kysely<Database>, after: string, limit: number): Promise<GamePage> {
  // The first so many ids of each table hold the first so many of all: each part stops there, at its index. Mappings that no game has any more may
  // take the places of others': those games then never look as they did, and are read each time.
  const { rows } = await sql<Row>`${prepared('game-page')}
    SELECT l.observed_at, ${SERVER} AS server,
           (SELECT string_agg(concat(g.d, '.', g.r, '.', s.xmin, '.', g.mapped, '.',
                             coalesce(l.observed_at + l.stale_after > now() AND g.game_id <> ALL (l.unseen_games), false), ' ', g.game_id), E'\n' ORDER BY g.game_id)
              FROM (SELECT game_id, max(d) AS d, max(r) AS r, coalesce(max(mapped), 0) AS mapped
                      FROM ((SELECT game_id, true AS is_game, xmin::text AS d, NULL AS r, NULL::bigint AS mapped
                               FROM desired_games WHERE game_id > ${after} ORDER BY game_id LIMIT ${limit})
                            UNION ALL
                            (SELECT game_id, true, NULL, xmin::text, NULL
                               FROM runtime_records WHERE status <> 'removed' AND game_id > ${after} ORDER BY game_id LIMIT ${limit})
                            UNION ALL
                            (SELECT game_id, true, NULL, NULL, NULL
                               FROM game_status WHERE jsonb_array_length(conditions) > 0 AND game_id > ${after} ORDER BY game_id LIMIT ${limit})
                            UNION ALL
                            (SELECT game_id, false, NULL, NULL, count(*)
                               FROM player_mappings WHERE game_id > ${after} GROUP BY game_id ORDER BY game_id LIMIT ${limit})) known
                     GROUP BY game_id HAVING bool_or(is_game) ORDER BY game_id LIMIT ${limit}) g
              LEFT JOIN game_status s USING (game_id)) AS games
      FROM (SELECT) one
      LEFT JOIN deployment p ON true
      LEFT JOIN controller_leases l ON l.instance = p.instance`.execute(db)
  const [row] = rows
  if (row === undefined) throw new Error('a page without a row')
  return { games: row.games ?? '', server: row.server, observedAt: row.observed_at }
}

export function versionsOf({ games }: GamePage): readonly GameVersion[] {
  return games === '' ? [] : games.split('\n').map(toVersion)
}

function toVersion(line: string): GameVersion {
  const at = line.indexOf(' ')
  return { gameId: line.slice(at + 1), version: line.slice(0, at) }
}
