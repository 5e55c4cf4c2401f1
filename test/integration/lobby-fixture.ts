import { type Kysely, sql } from 'kysely'
import { acquireLease, bindInstance } from '../../src/database/lease.ts'
import { type DatabasePool, openPool } from '../../src/database/pool.ts'
import type { Database } from '../../src/database/tables.ts'
import { type FreshDatabase, freshDatabase } from '../support/postgres.ts'

const LEASE = { instance: 'default', holder: 'test', ttlMs: 600_000, staleAfterMs: 30_000 }
const EPOCH = 1

/** A database as a lobby meets it: a controller leads, and the lobby's sessions have nothing but their role's rights. */
export interface LobbyWorld {
  readonly database: FreshDatabase
  /** Its sessions are in the role `galaxy_lobby`. */
  readonly lobbyUrl: string
  /** Under the fence: may write what only the lease holder may. */
  readonly controller: DatabasePool
  drop(): Promise<void>
}

export async function openLobbyWorld(serverUrl: string): Promise<LobbyWorld> {
  const database = await freshDatabase(serverUrl)
  const controller = openPool({
    url: database.url,
    applicationName: 'controller',
    max: 4,
    session: { instance: LEASE.instance, leaseEpoch: EPOCH },
  })
  await bindInstance(controller.db, LEASE.instance)
  await acquireLease(controller.db, LEASE)
  const drop = async () => {
    await controller.close()
    await database.drop()
  }
  return { database, lobbyUrl: asLobby(database.url), controller, drop }
}

function asLobby(url: string): string {
  const lobby = new URL(url)
  lobby.searchParams.set('options', '-c role=galaxy_lobby')
  return lobby.href
}

/** A snapshot as the controller writes it after a turn. */
export async function writeSnapshot(db: Kysely<Database>, gameId: string, turn: number): Promise<void> {
  const stats = [
    {
      user_id: '7b0c7f3e-0000-4000-8000-000000000001',
      current_planets: turn,
      current_population: 10,
      max_planets: turn,
      max_population: 12.5,
    },
  ]
  await sql`
    INSERT INTO health_snapshots (game_id, record_uid, incarnation, turn, runtime_status, engine_health, engine_state, player_stats)
    VALUES (${gameId}, ${'7b0c7f3e-0000-4000-8000-0000000000aa'}, 1, ${turn}, 'running', 'ok', ${JSON.stringify({ turn })}, ${JSON.stringify(stats)})`.execute(
    db,
  )
}

/** A row of another owner. */
export async function ownedBy(db: Kysely<Database>, source: string, columns: Readonly<Record<string, string>>): Promise<void> {
  await db.transaction().execute(async (trx) => {
    await sql`SELECT set_config('galaxy.source', ${source}, true)`.execute(trx)
    const names = sql.join(Object.keys(columns).map((name) => sql.ref(name)))
    await sql`INSERT INTO desired_games (${names}) VALUES (${sql.join(Object.values(columns))})`.execute(trx)
  })
}
