import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Insertable } from 'kysely'
import { v7 as uuid } from 'uuid'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { writeAddress } from '../../src/api/address-file.ts'
import type { Database } from '../../src/database/tables.ts'
import { galaxy } from '../support/galaxy.ts'
import { spec } from '../support/planning.ts'
import { type ApiUnderTest, startApiUnderTest } from './api-server.ts'
import { leaseHolder, type WriteAsHolder } from './lease-holder.ts'

const DAY_MS = 86_400_000
const USER = '0f6a2c1e-5b0d-4c5e-9a53-2f6f1d8e4a01'
const RECORD = uuid()
const PLAYERS = [{ userId: USER, raceName: 'Terran\u001b[31m' }]

let api: ApiUnderTest
let write: WriteAsHolder
let dataDir: string
beforeAll(async () => {
  api = await startApiUnderTest()
  write = await leaseHolder(api.pool)
  dataDir = await mkdtemp(join(tmpdir(), 'galaxy-life-'))
  await writeAddress(dataDir, { url: api.url, token: api.token })
  await liveGame('a', RECORD)
  await ledger()
})
afterAll(async () => {
  await rm(dataDir, { recursive: true })
  await api.stop()
})

const get = (path: string) => api.call('GET', `/api/v1${path}`)
const run = (...args: string[]) => galaxy(args, { GALAXY_DATA_DIR: dataDir }, dataDir)

describe('the turn ledger', () => {
  it('is read newest first, of one game or of all', async () => {
    expect((await get('/games/a/turns')).body).toMatchObject({
      kind: 'TurnList',
      metadata: { continue: null },
      items: [
        { game: 'a', turn: 2, status: 'failed', scheduledAt: null, turnToken: 'now', generation: 3, attempts: 2, error: 'it broke' },
        { game: 'a', turn: null, status: 'skipped', skipReason: 'paused', scheduledAt: expect.any(String), attempts: 0 },
        { game: 'a', turn: 1, status: 'succeeded', skipReason: null, turnToken: null, incarnation: 1, recordUid: RECORD },
      ],
    })
    expect(gamesIn(await get('/turns'))).toEqual(['b', 'a', 'a', 'a'])
    expect((await get('/games/unknown/turns')).body).toMatchObject({ items: [] })
  })

  it('comes in pages', async () => {
    expect(await allPages('/games/a/turns')).toEqual((await get('/games/a/turns')).body['items'])
    expect(await allPages('/turns')).toHaveLength(4)
  })

  it('is shown by `galaxy get turns`', async () => {
    expect((await run('get', 'turns', 'a')).stdout.split('\n')).toMatchObject([
      expect.stringMatching(/^GAME +TURN +FOR +STATUS +ATTEMPTS +ENDED +ERROR$/),
      expect.stringMatching(/^a +2 +a turn token +failed +2 +\d+s +it broke$/),
      expect.stringMatching(/^a +- +2026-01-01T18:00:00.000Z +skipped \(paused\) +0 /),
      expect.stringMatching(/^a +1 +2025-12-31T18:00:00.000Z +succeeded +1 /),
      '',
    ])
    expect((await run('get', 'turns', '-o', 'name', '--limit', '1')).stdout).toMatch(/^turn\/[0-9a-f-]{36}\n$/)
    expect(await run('get', 'turns', 'unknown')).toMatchObject({ code: 0, stdout: '', stderr: 'no turns found\n' })
  })
})

describe('snapshots', () => {
  it('tell what the engine said, newest first', async () => {
    expect((await get('/games/a/snapshots')).body).toMatchObject({
      kind: 'SnapshotList',
      metadata: { continue: null },
      items: [
        { turn: 1, runtimeStatus: 'running', engineHealth: 'ok', engineState: { turn: 1 }, playerStats: [{ user_id: USER }] },
        { turn: 0, observedAt: expect.any(String) },
      ],
    })
    expect(await allPages('/games/a/snapshots')).toHaveLength(2)
  })

  it('are shown by `galaxy get snapshots`, of one game', async () => {
    const { stdout } = await run('get', 'snapshots', 'a')
    expect(stdout).toMatch(/^ID +TURN +STATUS +ENGINE +PLAYERS +AGE\n\d+ +1 +running +ok +1 +\d+s\n\d+ +0 /)
    expect(await run('get', 'snapshots')).toMatchObject({ code: 2, stderr: expect.stringContaining('name one game') })
  })
})

describe('health events', () => {
  it('tell what was seen, newest first', async () => {
    expect((await get('/games/a/events')).body).toMatchObject({
      kind: 'HealthEventList',
      items: [
        { type: 'container_exited', containerId: 'c'.repeat(64), detail: { exitCode: 137 } },
        { type: 'container_started', containerId: null, detail: {} },
      ],
    })
    expect(await allPages('/games/a/events')).toHaveLength(2)
  })

  it('are shown by `galaxy events`', async () => {
    expect((await run('events', 'a')).stdout).toMatch(
      /^AGE +EVENT +CONTAINER +DETAIL\n\d+s +container_exited +c{12} +exitCode: 137\n\d+s +container_started +- +-\n$/,
    )
    expect(await run('events', 'unknown')).toMatchObject({ code: 0, stderr: 'no events of game unknown found\n' })
  })
})

it.each(['/games/a/turns', '/turns', '/games/a/snapshots', '/games/a/events'])('%s refuses what is no place of its list', async (path) => {
  for (const query of [`continue=${place('x')}`, `continue=${place('-1')}`, 'continue=%00', 'limit=x', 'game=b'])
    expect(await get(`${path}?${query}`)).toMatchObject({ status: 400, body: { code: 'invalid_request' } })
  expect(await api.call('GET', `/api/v1${path}`, undefined, {})).toMatchObject({ status: 401 })
})

describe('a game’s envelope', () => {
  it('tells its turn, when the next one is due, and how many of its players the engine knows', async () => {
    const { status } = await envelope('a')
    expect(status).toMatchObject({ currentTurn: 1, paused: false, pausedAt: null, skipNextTick: false, mappedPlayers: 1 })
    const dueMs = Date.parse(String(status['nextTurnAt']))
    expect(new Date(dueMs).toISOString()).toMatch(/T18:00:00.000Z$/)
    expect(dueMs - Date.now()).toBeGreaterThan(-5_000)
    expect(dueMs - Date.now()).toBeLessThanOrEqual(DAY_MS)
  })

  it('names the tick after the next one where a forced turn takes the next one’s place', async () => {
    const before = await nextTurn('a')
    await record('a', { skip_next_tick: true })
    expect(Date.parse(await nextTurn('a')) - Date.parse(before)).toBe(DAY_MS)
    await record('a', { skip_next_tick: false })
  })

  it.each([
    ['paused', 'UPDATE desired_games SET paused = true'],
    ['desired stopped', "UPDATE desired_games SET state = 'stopped', stop_reason = 'cancelled'"],
    ['deleted', 'DELETE FROM desired_games'],
  ])('names no next turn while it is %s', async (name, statement) => {
    const gameId = name.replace(' ', '-')
    await liveGame(gameId)
    expect(await nextTurn(gameId)).toMatch(/T18/)
    await api.pool.pool.query(`${statement} WHERE game_id = $1`, [gameId])
    expect(await nextTurn(gameId)).toBe('null')
  })

  it.each([
    ['finished', { status: 'finished', finished_at: new Date() }],
    ['new', { current_turn: null }],
  ])('names no next turn of one that is %s', async (gameId, change) => {
    await liveGame(gameId)
    await record(gameId, change)
    expect(await nextTurn(gameId)).toBe('null')
  })

  it('is what `galaxy get games -o wide` and `galaxy describe game` show of it', async () => {
    expect((await run('get', 'games', 'a', '-o', 'wide')).stdout).toMatch(/^NAME .* TURN +OWNER .*\na .* 1 +lobby /)
    expect((await run('get', 'games', 'a')).stdout).not.toContain('TURN')
    const { stdout } = await run('describe', 'game', 'a')
    expect(stdout).toMatch(/Turn: +1\n +Next turn: +in \d+[smh].* \(\d{4}-\d\d-\d\dT18:00:00.000Z\)\n/)
    expect(stdout).toContain(`Terran (user ${USER})`)
    expect(stdout).not.toContain('\u001b')
    await liveGame('resting')
    await record('resting', { paused: true, paused_at: new Date(Date.now() - 60_000) })
    expect((await run('describe', 'game', 'resting')).stdout).toMatch(/Paused: +for 6\ds\n/)
    await liveGame('ended')
    await record('ended', { status: 'finished', finished_at: new Date() })
    expect((await run('describe', 'game', 'ended')).stdout).toMatch(/Finished: +\d+s ago\n/)
  })
})

async function liveGame(gameId: string, recordUid = uuid()): Promise<void> {
  await api.pool.db
    .insertInto('desired_games')
    .values({ game_id: gameId, engine_version: '1.0.0', players: JSON.stringify(PLAYERS), turn_schedule: '0 18 * * *' })
    .execute()
  const now = new Date()
  await write(async (term) => {
    const accepted = JSON.stringify({ ...spec('1.0.0', { turnSchedule: '0 18 * * *' }), gameId })
    await term.insertInto('game_status').values({ game_id: gameId, accepted_spec: accepted, accepted_generation: 1 }).execute()
    await term
      .insertInto('runtime_records')
      .values({
        uid: recordUid,
        game_id: gameId,
        status: 'running',
        current_container_id: 'c1',
        current_image_ref: 'galaxy-engine:1.0.0',
        engine_endpoint: `http://galaxy-game-${gameId}:8080`,
        state_path: `/state/${gameId}`,
        docker_network: 'galaxy',
        current_turn: 1,
        started_at: now,
        last_op_at: now,
        created_at: now,
      })
      .execute()
    await term
      .insertInto('player_mappings')
      .values({ game_id: gameId, user_id: USER, race_name: 'Terran', engine_player_uuid: uuid() })
      .execute()
  })
}

/** Three turns of game `a` and one of `b`, two snapshots, two events. */
async function ledger(): Promise<void> {
  const turn = (game_id: string, fields: Partial<Insertable<Database['turns']>>): Insertable<Database['turns']> => ({
    id: uuid(),
    game_id,
    record_uid: RECORD,
    incarnation: 1,
    status: 'succeeded',
    finished_at: new Date(),
    ...fields,
  })
  const snapshot = (n: number) => ({
    game_id: 'a',
    record_uid: RECORD,
    incarnation: 1,
    turn: n,
    runtime_status: 'running',
    engine_health: 'ok',
    engine_state: JSON.stringify({ turn: n, finished: false, players: [] }),
    player_stats: JSON.stringify([{ user_id: USER }]),
  })
  await write(async (term) => {
    await term
      .insertInto('turns')
      .values([
        turn('a', { turn: 1, scheduled_at: new Date(Date.UTC(2025, 11, 31, 18)), attempts: 1 }),
        turn('a', { status: 'skipped', skip_reason: 'paused', scheduled_at: new Date(Date.UTC(2026, 0, 1, 18)) }),
        turn('a', { turn: 2, status: 'failed', turn_token: 'now', generation: 3, attempts: 2, error: 'it broke' }),
        turn('b', { turn: 1, turn_token: 'now', generation: 1, attempts: 1 }),
      ])
      .execute()
    await term
      .insertInto('health_snapshots')
      .values([snapshot(0), snapshot(1)])
      .execute()
    await term.insertInto('health_events').values({ game_id: 'a', type: 'container_started' }).execute()
    await term
      .insertInto('health_events')
      .values({ game_id: 'a', type: 'container_exited', container_id: 'c'.repeat(64), detail: '{"exitCode": 137}' })
      .execute()
  })
}

function record(gameId: string, change: Partial<Insertable<Database['runtime_records']>>): Promise<void> {
  return write((term) => term.updateTable('runtime_records').set(change).where('game_id', '=', gameId).execute())
}

async function envelope(gameId: string): Promise<{ readonly status: Readonly<Record<string, unknown>> }> {
  return (await get(`/games/${gameId}`)).body as { status: Record<string, unknown> } // a game always has one
}

async function nextTurn(gameId: string): Promise<string> {
  return String((await envelope(gameId)).status['nextTurnAt'])
}

async function allPages(path: string): Promise<unknown[]> {
  const seen: unknown[] = []
  for (let query = '?limit=1'; query !== ''; ) {
    const { body } = await get(path + query)
    const { items, metadata } = body as { items: unknown[]; metadata: { continue: string | null } } // a list's
    expect(items).toHaveLength(1)
    seen.push(...items)
    query = metadata.continue === null ? '' : `?limit=1&continue=${metadata.continue}`
  }
  return seen
}

function gamesIn({ body }: { readonly body: Readonly<Record<string, unknown>> }): unknown[] {
  return (body['items'] as { game: string }[]).map(({ game }) => game) // a list's
}

function place(key: string): string {
  return Buffer.from(key).toString('base64url')
}
