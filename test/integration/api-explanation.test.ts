import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import { v7 as uuid } from 'uuid'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { writeAddress } from '../../src/api/address-file.ts'
import { galaxy } from '../support/galaxy.ts'
import { type ApiUnderTest, startApiUnderTest } from './api-server.ts'
import { leaseHolder, type WriteAsHolder } from './lease-holder.ts'

let api: ApiUnderTest
let write: WriteAsHolder
let dataDir: string
beforeAll(async () => {
  api = await startApiUnderTest()
  write = await leaseHolder(api.pool)
  dataDir = await mkdtemp(join(tmpdir(), 'galaxy-explain-'))
  await writeAddress(dataDir, { url: api.url, token: api.token })
})
afterAll(async () => {
  await rm(dataDir, { recursive: true })
  await api.stop()
})

const explanation = async (gameId: string, query = '') =>
  (await api.call('GET', `/api/v1/games/${gameId}/explanation${query}`)).body as {
    readonly now: unknown
    readonly happenings: readonly Readonly<Record<string, unknown>>[]
  }
const explain = async (...args: string[]) => galaxy(['explain', ...args], { GALAXY_DATA_DIR: dataDir }, dataDir)

/** As a lobby writes: plain SQL. */
const bySql = (statement: string) => sql.raw(statement).execute(api.pool.db)

async function operation(gameId: string, generation: number | null, op: string, cause: string, source = 'lobby'): Promise<void> {
  const id = uuid()
  await write(async (term) => {
    await sql`INSERT INTO operation_log (operation_id, game_id, op, source, status, generation, cause, started_at)
      VALUES (${id}, ${gameId}, ${op}, ${source}, 'running', ${generation}, ${cause}, clock_timestamp())`.execute(term)
    await sql`INSERT INTO operation_actions (operation_id, seq, kind, target, reason, outcome, duration_ms)
      VALUES (${id}, 0, 'start_container', ${'c'.repeat(64)}, ${cause}, 'succeeded', 151.2)`.execute(term)
    await sql`UPDATE operation_log SET status = 'succeeded', finished_at = clock_timestamp() WHERE operation_id = ${id}`.execute(term)
  })
}

describe('a game’s explanation', () => {
  it('is the chain of cause: who changed what, what was done about it, what was seen', async () => {
    await bySql(`INSERT INTO desired_games (game_id, engine_version) VALUES ('chain', '1.0.0')`)
    await operation('chain', 1, 'start', 'desired running since generation 1')
    await api.call('POST', '/api/v1/admin/runtimes/chain/pause')
    await bySql(`UPDATE desired_games SET engine_version = '1.0.1', paused = false WHERE game_id = 'chain'`)
    await operation('chain', 3, 'patch', 'galaxy-engine:1.0.0 → galaxy-engine:1.0.1')
    await write((term) =>
      sql`INSERT INTO health_events (game_id, type, container_id, detail) VALUES ('chain', 'container_exited', ${'c'.repeat(64)}, '{"exitCode": 137}')`.execute(
        term,
      ),
    )
    await operation('chain', 3, 'restart', 'container galaxy-game-chain was killed', 'reconciler')

    const { happenings } = await explanation('chain')
    expect(happenings.filter(({ kind }) => kind !== 'operation')).toMatchObject([
      {
        kind: 'change',
        generation: 1,
        isNew: true,
        writtenBy: 'lobby',
        fields: expect.arrayContaining([{ field: 'engine_version', from: null, to: '1.0.0' }]),
      },
      {
        kind: 'change',
        generation: 2,
        writtenBy: 'api',
        writtenRef: expect.stringContaining('token local'),
        fields: [{ field: 'paused', from: false, to: true }],
      },
      {
        kind: 'change',
        generation: 3,
        isNew: false,
        writtenBy: 'lobby',
        fields: [
          { field: 'engine_version', from: '1.0.0', to: '1.0.1' },
          { field: 'paused', from: true, to: false },
        ],
      },
      { kind: 'event', type: 'container_exited', detail: { exitCode: 137 } },
    ])
    expect(
      happenings.filter(({ kind }) => kind === 'operation').map(({ operation, askedAt }) => [operation, askedAt !== null]),
    ).toMatchObject([
      [{ op: 'start', generation: 1 }, true],
      [{ op: 'pause', status: 'queued' }, true],
      [{ op: 'patch', generation: 3 }, true],
      [{ op: 'restart', source: 'reconciler' }, false],
    ])
    const times = happenings.map(({ at }) => Date.parse(String(at)))
    expect(times).toEqual(times.toSorted((a, b) => a - b))
  })

  it('is told in plain words, every line behind its cause', async () => {
    const { stdout, code } = await explain('game/chain')
    expect(code).toBe(0)
    const lines = stdout.split('\n').map((line) => line.replace(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \(\d+s ago\) {2}/, ''))
    let from = 0
    // Each after the one before it.
    const at = (text: string): number => (from = lines.findIndex((line, index) => index >= from && line.includes(text)) + 1)
    const chain = [
      ' asked for the game: generation 1',
      'start, asked for by generation 1: desired running since generation 1',
      ' changed what is asked for: generation 3',
      'engine version: 1.0.0 → 1.0.1',
      'patch, asked for by generation 3: galaxy-engine:1.0.0 → galaxy-engine:1.0.1',
      `start_container ${'c'.repeat(12)}:`,
      'seen: container exited cccccccccccc (exitCode: 137)',
      'restart: container galaxy-game-chain was killed',
      'Now: nobody can tell whether it is ready',
    ].map(at)
    expect(chain).not.toContain(0)
    expect(lines[0]).toMatch(/^lobby \(database user \S+( with .+)?\) asked for the game/)
    expect(JSON.parse((await explain('chain', '-o', 'json')).stdout)).toMatchObject({ kind: 'Explanation', metadata: { name: 'chain' } })
  })

  it('tells of the last operations only, with what is behind them', async () => {
    const { happenings } = await explanation('chain', '?limit=2')
    expect(happenings.map(({ kind, generation }) => [kind, generation])).toEqual([
      ['change', 3],
      ['operation', undefined],
      ['event', undefined],
      ['operation', undefined],
    ])
  })

  it('tells the rows of one name apart, each with its own first generation', async () => {
    await bySql(`INSERT INTO desired_games (game_id, engine_version) VALUES ('twice', '1.0.0')`)
    await operation('twice', 1, 'start', 'the first row')
    await bySql(`DELETE FROM desired_games WHERE game_id = 'twice'`)
    await operation('twice', 2, 'stop', 'its row was deleted')
    await bySql(`DELETE FROM desired_games WHERE game_id = 'twice'`)
    expect((await explanation('twice')).now).toBeNull()
    await bySql(`INSERT INTO desired_games (game_id, engine_version) VALUES ('twice', '1.0.1')`)
    await operation('twice', 1, 'start', 'the second row')
    const { happenings } = await explanation('twice')
    const changes = happenings.filter(({ kind }) => kind === 'change')
    expect(changes.map(({ isNew, generation }) => [isNew, generation])).toEqual([
      [true, 1],
      [false, 2],
      [true, 1],
    ])
    const asked = happenings.flatMap(({ kind, askedAt }) => (kind === 'operation' ? [askedAt] : []))
    expect(asked).toEqual(changes.map(({ at }) => at))
  })

  it('of a game that nobody has ever heard of is empty, and its verb says so', async () => {
    expect(await explanation('unheard')).toMatchObject({ now: null, happenings: [] })
    expect(await explain('unheard')).toMatchObject({ code: 1, stderr: expect.stringContaining('nothing is known of a game unheard') })
  })

  it('shows nothing raw of what somebody wrote into a row', async () => {
    await api.pool.db.transaction().execute(async (trx) => {
      await sql`SELECT set_config('galaxy.source_ref', ${'x\u001b[31m\nforged: line'}, true)`.execute(trx)
      await sql.raw(`INSERT INTO desired_games (game_id, engine_version) VALUES ('odd', '1.0.0')`).execute(trx)
    })
    const { stdout } = await explain('odd')
    expect(stdout).not.toContain('\u001b')
    expect(stdout).not.toMatch(/^forged/m)
  })
})

describe('the changes of desired rows', () => {
  it('are kept for the lobby’s role as well, which can neither read nor write them', async () => {
    const asLobby = (statement: string) =>
      api.pool.db.transaction().execute(async (trx) => {
        await sql.raw('SET LOCAL ROLE galaxy_lobby').execute(trx)
        return sql.raw(statement).execute(trx)
      })
    await asLobby(`INSERT INTO desired_games (game_id, engine_version) VALUES ('by-lobby', '1.0.0')`)
    expect((await explanation('by-lobby')).happenings).toMatchObject([{ kind: 'change', writtenBy: 'lobby' }])
    await expect(asLobby('SELECT FROM desired_changes')).rejects.toThrow('permission denied')
    await expect(asLobby(`DELETE FROM desired_changes`)).rejects.toThrow('permission denied')
  })

  it('are none where a label or the owner alone is new', async () => {
    await bySql(`INSERT INTO desired_games (game_id, engine_version) VALUES ('labelled', '1.0.0')`)
    await bySql(`UPDATE desired_games SET labels = '{"tier": "free"}' WHERE game_id = 'labelled'`)
    expect((await explanation('labelled')).happenings).toHaveLength(1)
  })
})
