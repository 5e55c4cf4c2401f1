import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import pg from 'pg'
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest'
import { until } from '../support/until.ts'
import { type LobbyWorld, openLobbyWorld, ownedBy, writeSnapshot } from './lobby-fixture.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

let world: LobbyWorld
beforeEach(async () => {
  world = await openLobbyWorld(inject('postgresUrl'))
})
afterEach(() => world.drop())

describe('docs/lobby-sql.md', () => {
  it('shows statements that galaxy_lobby may run, in their order', async () => {
    await ownedBy(world.controller.db, 'reconciler', { game_id: 'orion', engine_version: '1.0.0', image_ref: 'galaxy-engine:1.0.0' })
    const results = await onSession(world.lobbyUrl, async (client) => {
      const all: pg.QueryResult[] = []
      for (const block of await blocks('lobby-sql.md', 'sql')) all.push(...(await run(client, block)))
      return all
    })
    const rowsOf = (field: string) => results.filter(({ fields }) => fields.some(({ name }) => name === field)).map(({ rows }) => rows)
    // The adopted game has become the lobby's.
    expect(rowsOf('created')).toEqual([[{ generation: '2', created: false }]])
    // No controller has looked yet.
    expect(rowsOf('gone')).toEqual([[{ gone: false }]])
    expect(rowsOf('looked_at')).toEqual([[{ looked_at: null }]])
    expect(await games()).toMatchObject([
      { game_id: 'andromeda', engine_version: '1.1.0', paused: true, deleted_at: expect.any(Date), purge_state: false },
      { game_id: 'cassiopeia', image_ref: 'registry.example.com/galaxy-engine:1.0.0', deleted_at: expect.any(Date), purge_state: true },
      { game_id: 'orion', managed_by: 'lobby', image_ref: null, written_by: 'api', written_ref: 'ticket 4711', deleted_at: null },
    ])
  })

  it('shows how to follow snapshots', async () => {
    await writeSnapshot(world.controller.db, 'orion', 0)
    const [following = ''] = (await blocks('lobby-sql.md', 'sql')).filter((block) => block.includes('FROM health_snapshots'))
    await onSession(world.lobbyUrl, async (client) => {
      // Transactions of other tests hold it back for a moment, in whichever database they are.
      const read = async () => (await client.query(following)).rows
      expect(await until(read, (rows) => rows.length > 0, 'the snapshot is final')).toMatchObject([{ game_id: 'orion', turn: 0 }])
    })
  })

  it('shows one upsert that is repeated without effect', async () => {
    const upsert = (await blocks('lobby-sql.md', 'sql')).find((block) => block.includes('ON CONFLICT'))
    await onSession(world.lobbyUrl, async (client) => {
      expect((await client.query(upsert ?? '')).rows).toEqual([{ generation: '1', created: true }])
      expect((await client.query(upsert ?? '')).rows).toEqual([])
    })
  })

  it('shows an administrator the grants that the migrations make', async () => {
    const statements = await blocks('lobby-sql.md', 'sql admin')
    // A role belongs to the whole server, where the migrations have made it already.
    const [login, grants] = statements.map((block) =>
      block.replaceAll('galaxy_lobby', 'galaxy_lobby_doc').replaceAll('lobby LOGIN', 'lobby_doc LOGIN'),
    )
    await onSession(world.database.url, async (client) => {
      await client.query('BEGIN')
      await client.query(`${grants}; ${login}`)
      expect(await grantsOf(client, 'galaxy_lobby_doc')).toEqual(await grantsOf(client, 'galaxy_lobby'))
      await client.query('ROLLBACK')
    })
  })
})

describe('docs/lobby-client.md', () => {
  it('shows a program that runs', async () => {
    const [example = ''] = await blocks('lobby-client.md', 'ts')
    const client = path.join(root, 'src/lobby/client.ts')
    const file = path.join(inject('runFolder'), `lobby-example-${process.pid}.ts`)
    await writeFile(file, example.replace('galaxy-runtime/lobby', client))
    for (const turn of [0, 1]) await writeSnapshot(world.controller.db, 'andromeda', turn)
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [file], {
      env: { ...process.env, LOBBY_DATABASE_URL: world.lobbyUrl },
      timeout: 20_000,
    })
    expect(stderr).toBe('')
    expect(stdout).toContain('created 1\nruns_another_image lobby\nUnknown undefined false null\n0 [')
    expect(stdout).toContain('game nebula is unknown')
    expect(await games()).toMatchObject([
      { game_id: 'andromeda', engine_version: '1.0.1', stop_reason: 'finished', deleted_at: expect.any(Date) },
    ])
  })
})

/** The fenced blocks whose info string is exactly this. */
async function blocks(file: string, info: string): Promise<readonly string[]> {
  const text = await readFile(path.join(root, 'docs', file), 'utf8')
  const found = [...text.matchAll(/^```([^\n`]+)\n(.*?)^```$/gms)]
  const matching = found.flatMap(([, itsInfo, body]) => (itsInfo === info && body !== undefined ? [body] : []))
  expect(matching, `blocks of ${info} in ${file}`).not.toEqual([])
  return matching
}

/** A block of several statements has several results. */
async function run(client: pg.Client, block: string): Promise<readonly pg.QueryResult[]> {
  const results: pg.QueryResult | pg.QueryResult[] = await client.query(block)
  return [results].flat()
}

async function onSession<Result>(url: string, work: (client: pg.Client) => Promise<Result>): Promise<Result> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

async function games() {
  return world.controller.db.selectFrom('desired_games').selectAll().orderBy('game_id').execute()
}

async function grantsOf(client: pg.Client, role: string): Promise<readonly unknown[]> {
  const { rows } = await client.query(
    `SELECT c.relname, a.privilege_type FROM pg_class c, aclexplode(c.relacl) a
      WHERE a.grantee = $1::regrole AND c.relnamespace = 'public'::regnamespace ORDER BY 1, 2`,
    [role],
  )
  return rows
}
