import pg from 'pg'
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest'
import { copyDatabase } from '../../src/database/copy-database.ts'
import { migrateToLatest } from '../../src/database/migrate.ts'
import { emptyDatabase, type FreshDatabase } from '../support/postgres.ts'
import { type LobbyWorld, openLobbyWorld, writeSnapshot } from './lobby-fixture.ts'

const [, other = inject('postgresServers')[0]] = inject('postgresServers')

let world: LobbyWorld
let target: FreshDatabase
beforeEach(async () => {
  world = await openLobbyWorld(inject('postgresUrl'))
  await onDatabase(world.database.url, `INSERT INTO engine_versions (version, env) VALUES ('1.0.0', '{"A": "é\\\\ \\" ,()"}')`)
  await onDatabase(
    world.database.url,
    `INSERT INTO desired_games (game_id, engine_version, cpus, players) VALUES
    ('andromeda', '1.0.0', 0.25, '[{"userId": "0f6a2c1e-5b0d-4c5e-9a53-2f6f1d8e4a01", "raceName": "Zo, (rg)"}]'), ('pegasus', '1.0.0', NULL, '[]')`,
  )
  await onDatabase(world.database.url, "UPDATE desired_games SET deleted_at = now() WHERE game_id = 'pegasus'")
  await onDatabase(
    world.database.url,
    `INSERT INTO api_tokens (id, name, role, hash, created_by) VALUES (gen_random_uuid(), 'ci', 'viewer', sha256('x'), 'local')`,
  )
  for (const turn of [0, 1]) await writeSnapshot(world.controller.db, 'andromeda', turn)
  target = await emptyDatabase(other.url)
})
afterEach(async () => {
  await world.drop()
  await target.drop()
})

describe(`copying a deployment's database to a server of another major (${other.major})`, () => {
  it('is refused while a controller leads', async () => {
    await expect(copyDatabase(world.database.url, target.url)).rejects.toThrow('the controller test leads; end it first')
  })

  it('is refused where there is nothing to copy', async () => {
    await expect(copyDatabase(target.url, world.database.url)).rejects.toThrow('there is nothing to copy')
  })

  it('takes every row along, and leaves rules and numbers in force', async () => {
    await endTerm()
    const { rows } = await copyDatabase(world.database.url, target.url)
    const copied = await everyRow(target.url)
    expect(copied).toEqual(await everyRow(world.database.url))
    expect(rows).toBe(Object.values(copied).flat().length)

    // Triggers and sequences go on: generation and resource version grow, the fence holds.
    await onDatabase(target.url, "UPDATE desired_games SET paused = true WHERE game_id = 'andromeda'")
    expect(await onDatabase(target.url, 'SELECT game_id, generation::int, resource_version::int FROM desired_games ORDER BY 3')).toEqual([
      { game_id: 'pegasus', generation: 2, resource_version: 3 },
      { game_id: 'andromeda', generation: 2, resource_version: 4 },
    ])
    await expect(onDatabase(target.url, 'DELETE FROM health_snapshots')).rejects.toMatchObject({ code: 'GX001' })
  })

  it('lets readers who begin anew find the snapshots, in their order', async () => {
    await endTerm()
    // A server that has counted far less than the one the rows come from.
    await onDatabase(
      world.database.url,
      "ALTER TABLE health_snapshots DISABLE TRIGGER USER; UPDATE health_snapshots SET written_xid = '9000000000'",
    )
    await copyDatabase(world.database.url, target.url)
    const following =
      'SELECT turn FROM health_snapshots WHERE written_xid < pg_snapshot_xmin(pg_current_snapshot()) ORDER BY written_xid, id'
    await expect.poll(() => onDatabase(target.url, following)).toEqual([{ turn: 0 }, { turn: 1 }])
  })

  it('is refused where a controller comes to be at work meanwhile, and takes nothing of its away', async () => {
    await endTerm()
    await migrateToLatest(target.url)
    const newcomer = new pg.Client({ connectionString: target.url })
    await newcomer.connect()
    await newcomer.query('BEGIN')
    await newcomer.query("UPDATE deployment SET instance = 'default'")
    const copying = copyDatabase(world.database.url, target.url)
    copying.catch(() => undefined)
    const waiting = "SELECT count(*)::int AS waiting FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    await expect.poll(() => onDatabase(target.url, waiting)).toEqual([{ waiting: 1 }])
    await newcomer.query('COMMIT')
    await newcomer.end()
    await expect(copying).rejects.toThrow('in use already')
  })

  it('is refused where there is something already, which stays', async () => {
    await endTerm()
    await copyDatabase(world.database.url, target.url)
    const before = await everyRow(target.url)
    await expect(copyDatabase(world.database.url, target.url)).rejects.toThrow('in use already')
    expect(await everyRow(target.url)).toEqual(before)
  })
})

function endTerm(): Promise<unknown> {
  return onDatabase(world.database.url, "UPDATE controller_leases SET expires_at = '-infinity'")
}

/** As text, by table; without the numbers of transactions, which are their server's. */
async function everyRow(url: string): Promise<Readonly<Record<string, readonly unknown[]>>> {
  const tables = await onDatabase(
    url,
    `SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
        AND relname NOT LIKE 'kysely%' AND relname NOT LIKE 'watch%' ORDER BY relname`,
  )
  const rows = tables.map(async ({ name }) => [
    name,
    await onDatabase(url, `SELECT to_jsonb(t) - 'written_xid' AS row FROM ${name} t ORDER BY 1`),
  ])
  return Object.fromEntries(await Promise.all(rows))
}

async function onDatabase(url: string, statement: string): Promise<readonly Record<string, string>[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query(statement)).rows
  } finally {
    await client.end()
  }
}
