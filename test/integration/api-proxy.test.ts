import { createServer, type IncomingMessage, request as httpRequest, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { EngineAddress } from '../../src/engine/address.ts'
import { createEngineClient, type EngineClient } from '../../src/engine/client.ts'
import { createPlayerDesk, type PlayerDesk } from '../../src/proxy/player-desk.ts'
import { until } from '../support/until.ts'
import { EngineWorkshop } from '../engine/engine-process.ts'
import { type Answer, type ApiUnderTest, startApiUnderTest } from './api-server.ts'
import { leaseHolder } from './lease-holder.ts'

const USER = '0f6a2c1e-5b0d-4c5e-9a53-2f6f1d8e4a01'
const OTHER_USER = '0f6a2c1e-5b0d-4c5e-9a53-2f6f1d8e4a02'
const STRANGER = '0f6a2c1e-5b0d-4c5e-9a53-2f6f1d8e4a03'
const CALL_MS = 1_000
const KIB = 1024

const workshop = new EngineWorkshop()
let api: ApiUnderTest
let client: EngineClient
const terran = 'a0000000-0000-4000-8000-000000000001'
const zerg = 'a0000000-0000-4000-8000-000000000002'
const protoss = 'a0000000-0000-4000-8000-000000000003'

/** Of `user`, Terran; of `other user`, Zerg and Protoss. */
beforeAll(async () => {
  api = await startApiUnderTest()
  client = createEngineClient({ timeouts: { connectMs: CALL_MS, adminMs: CALL_MS, turnMs: CALL_MS, playerMs: CALL_MS } })
  await api.pool.db
    .insertInto('desired_games')
    .values(['played', 'unplayed', 'real'].map((game_id) => ({ game_id, engine_version: '1.0.0' })))
    .execute()
  await map('played', [USER, 'Terran', terran], [OTHER_USER, 'Zerg', zerg], [OTHER_USER, 'Protoss', protoss])
})
afterAll(async () => {
  await client.close()
  await workshop.dispose()
  await api.stop()
})

const endings: (() => void)[] = []
afterEach(() => {
  for (const end of endings.splice(0)) end()
  api.view.desk = null
})

const as = (userId: string): Readonly<Record<string, string>> => ({ authorization: `Bearer ${api.token}`, 'galaxy-user-id': userId })
const put = (path: string, body: unknown, headers = as(USER)) => api.call('POST', `/api/v1/user/games/${path}`, body, headers)
const read = (path: string, headers = as(USER)) => api.call('GET', `/api/v1/user/games/${path}`, undefined, headers)

describe('a player’s call', () => {
  it('reaches the engine as the player that the user is to it, and brings back its status and answer', async () => {
    const asked = await engineThat((_, response) => response.writeHead(202).end('{"taken": 1}'))
    const answer = await put('played/orders', { orders: [{ type: 'move' }] })
    expect(answer).toMatchObject({ status: 202, type: 'application/json; charset=utf-8', body: { taken: 1 } })
    expect(answer.headers.get('galaxy-answered-by')).toBe('engine')
    expect(answer.headers.get('cache-control')).toBe('no-store')
    await put('played/commands', { commands: [] })
    await read('played/reports/7')
    expect(asked).toEqual([
      { line: 'POST /api/v1/orders', body: { orders: [{ type: 'move' }], actor: terran } },
      { line: 'POST /api/v1/commands', body: { commands: [], actor: terran } },
      { line: `GET /api/v1/reports/7?actor=${terran}`, body: null },
    ])
  })

  it.each([
    ['an actor', `{"actor": "${zerg}", "orders": []}`],
    ['two actors', `{"actor": "${zerg}", "orders": [], "actor": "${protoss}"}`],
    ['an actor written with escapes', `{"\\u0061ctor": "${zerg}", "orders": []}`],
    ['a prototype with an actor', `{"__proto__": {"actor": "${zerg}"}, "orders": []}`],
  ])('whose body has %s is the caller’s own all the same', async (_case, body) => {
    const asked = await engineThat((_, response) => response.end('{}'))
    expect((await put('played/orders', body)).status).toBe(200)
    expect(asked).toEqual([{ line: 'POST /api/v1/orders', body: { orders: [], actor: terran } }])
  })

  it('of a user with two races needs the race', async () => {
    const asked = await engineThat((_, response) => response.end('{}'))
    expect(await put('played/orders', {}, as(OTHER_USER))).toMatchObject({
      status: 400,
      body: { code: 'invalid_request', detail: expect.stringMatching(/"Protoss" and "Zerg".*\?race=/) },
    })
    expect((await put('played/orders?race=Zerg', {}, as(OTHER_USER))).status).toBe(200)
    expect((await read('played/reports/0?race=Protoss', as(OTHER_USER.toUpperCase()))).status).toBe(200)
    expect(asked).toMatchObject([{ body: { actor: zerg } }, { line: `GET /api/v1/reports/0?actor=${protoss}` }])
  })
})

describe('who plays no part in a game', () => {
  it.each([
    ['a stranger', 'played', STRANGER],
    ['a race of somebody else', 'played/orders?race=Zerg', USER],
    ['a race that nobody plays', `played/orders?race=${encodeURIComponent('Zerg\0')}`, OTHER_USER],
    ['anybody, before the engine knows its players', 'unplayed', USER],
  ])('is forbidden to ask: %s', async (_case, game, user) => {
    const asked = await engineThat((_, response) => response.end('{}'))
    const path = game.includes('/') ? game : `${game}/orders`
    expect(await put(path, {}, as(user))).toMatchObject({ status: 403, body: { code: 'forbidden', detail: expect.stringContaining(user) } })
    expect(asked).toEqual([])
  })

  it('is told of an unknown game that there is none', async () => {
    expect(await put('never-was/orders', {})).toMatchObject({ status: 404, body: { code: 'not_found' } })
    expect(await read('never-was/reports/1')).toMatchObject({ status: 404, body: { code: 'not_found' } })
  })

  it.each([undefined, '', 'nobody', `${USER},${OTHER_USER}`, `${USER} `.repeat(2), `'; DROP TABLE turns; --`])(
    'and says not who asks (%s) is refused',
    async (user) => {
      const headers: Record<string, string> = {
        authorization: `Bearer ${api.token}`,
        ...(user !== undefined && { 'galaxy-user-id': user }),
      }
      expect(await put('played/orders', {}, headers)).toMatchObject({
        status: 400,
        body: { code: 'invalid_request', detail: expect.stringContaining('Galaxy-User-Id') },
      })
    },
  )

  it('needs the token before anything else', async () => {
    expect(await put('played/orders', {}, { 'galaxy-user-id': USER })).toMatchObject({ status: 401 })
    expect(await read('never-was/reports/x', { 'galaxy-user-id': USER })).toMatchObject({ status: 401 })
  })
})

describe('a request that is none', () => {
  it.each([
    'played/reports/-1',
    'played/reports/1.5',
    'played/reports/01',
    'played/reports/0x1',
    'played/reports/2147483648',
    'played/reports/99999999999999999999',
    'played/reports/..%2f..%2fadmin%2fstatus',
    'played/reports/1%3factor=x',
    'played/reports/1%0d%0aX-Evil:%201',
    'played/reports/1?actor=x',
    'Played/reports/1',
    '..%2fplayed/reports/1',
    'played%00/reports/1',
    'played/reports/1?race=',
    'played/reports/1?race=Zerg&race=Terran',
  ])('GET %s asks no engine', async (path) => {
    const asked = await engineThat((_, response) => response.end('{}'))
    expect(await read(path)).toMatchObject({ status: 400, body: { code: 'invalid_request' } })
    expect(asked).toEqual([])
  })

  it.each([
    ['a list', '[]'],
    ['a text', '"orders"'],
    ['null', 'null'],
    ['broken JSON', '{"orders": ['],
    ['nothing', ''],
    ['what is no UTF-8', 'latin1'],
    ['JSON as deep as it goes', `{"orders": ${'['.repeat(100_000)}${']'.repeat(100_000)}}`],
  ])('with %s as its body asks no engine', async (kind, text) => {
    const asked = await engineThat((_, response) => response.end('{}'))
    const bytes = kind === 'what is no UTF-8' ? Buffer.from('{"orders": "\u00e9"}', 'latin1') : Buffer.from(text)
    expect(await raw('played/orders', bytes)).toMatchObject({ status: 400, body: { code: 'invalid_request' } })
    expect(asked).toEqual([])
  })

  it('with too much of a body, or one of another kind, is refused', async () => {
    const asked = await engineThat((_, response) => response.end('{}'))
    const bodyOf = (bytes: number) => `{"orders": "${'x'.repeat(bytes - 14)}"}`
    expect(await put('played/orders', bodyOf(256 * KIB + 1))).toMatchObject({ status: 413, body: { code: 'invalid_request' } })
    expect((await put('played/orders', bodyOf(256 * KIB))).status).toBe(200)
    expect(await put('played/orders', 'orders', { ...as(USER), 'content-type': 'text/plain' })).toMatchObject({ status: 400 })
    expect(await put('played/orders', '<orders/>', { ...as(USER), 'content-type': 'text/xml' })).toMatchObject({ status: 415 })
    expect(await put('played/orders', undefined)).toMatchObject({ status: 400 })
    expect(asked).toHaveLength(1)
  })
})

describe('an engine', () => {
  it('that refuses is let speak for itself', async () => {
    const refusal = { error: { code: 'game_finished', message: 'the game ended with turn 9' } }
    await engineThat((_, response) => response.writeHead(409).end(JSON.stringify(refusal)))
    const answer = await put('played/orders', { orders: [] })
    expect(answer).toMatchObject({ status: 409, type: 'application/json; charset=utf-8', body: refusal })
    expect(answer.headers.get('galaxy-answered-by')).toBe('engine')
  })

  it.each([
    ['an error of its own', 500, '{"error": {"code": "internal_error", "message": "broken"}}', {}],
    ['a refusal that is no JSON', 404, '<html>', {}],
    ['no JSON', 200, '{"turn": 1', {}],
    ['nothing', 204, '', {}],
    ['a redirect', 302, '', { location: 'http://127.0.0.1:1/' }],
    ['too much', 200, `"${'x'.repeat(4 * KIB * KIB)}"`, {}],
  ])('that answers %s is a bad gateway, in a problem of ours', async (_case, status, body, headers) => {
    await engineThat((_, response) => response.writeHead(status, headers).end(body))
    const answer = await put('played/orders', {})
    expect(answer).toMatchObject({ status: 502, type: expect.stringContaining('problem+json'), body: { code: 'engine_unreachable' } })
    expect(answer.headers.get('galaxy-answered-by')).toBeNull()
  })

  it('may answer much, and in any JSON', async () => {
    const text = 'x'.repeat(4 * KIB * KIB - 2)
    await engineThat((_, response) => response.end(JSON.stringify(text)))
    const response = await fetch(`${api.url}/api/v1/user/games/played/reports/1`, { headers: as(USER) })
    expect(await response.json()).toBe(text)
  })

  it('cannot pretend to be this API', async () => {
    await engineThat((_, response) =>
      response.writeHead(401, { 'content-type': 'application/problem+json', 'set-cookie': 'a=b', 'www-authenticate': 'Basic' }).end('{}'),
    )
    const answer = await put('played/orders', {})
    expect(answer).toMatchObject({ status: 401, type: 'application/json; charset=utf-8' })
    expect([answer.headers.get('set-cookie'), answer.headers.get('www-authenticate')]).toEqual([null, null])
  })

  it('that hangs, breaks off, or is not there, is unreachable, within its time', async () => {
    const startedMs = performance.now()
    for (const listener of [() => {}, (request: IncomingMessage) => void request.socket.destroy()]) {
      await engineThat(listener)
      expect(await put('played/orders', {})).toMatchObject({ status: 503, body: { code: 'engine_unreachable' } })
    }
    api.view.desk = deskAt({ host: '127.0.0.1', port: 1 })
    expect(await read('played/reports/1')).toMatchObject({ status: 503, body: { code: 'engine_unreachable' } })
    expect(performance.now() - startedMs).toBeLessThan(CALL_MS * 3 + 1_500)
  })

  it('that hangs is asked no more once the caller is gone', async () => {
    const closed: string[] = []
    const asked = await engineThat((request) => void request.socket.once('close', () => closed.push(request.url ?? '')))
    const leaving = new AbortController()
    const call = fetch(`${api.url}/api/v1/user/games/played/orders`, {
      method: 'POST',
      headers: { ...as(USER), 'content-type': 'application/json' },
      body: '{}',
      signal: leaving.signal,
    })
    await until(
      () => asked.length,
      (count) => count === 1,
      'the engine is asked',
    )
    leaving.abort()
    await expect(call).rejects.toThrow()
    const leftMs = performance.now()
    await until(
      () => closed,
      (all) => all.length === 1,
      'the engine’s connection ends',
    )
    expect(performance.now() - leftMs).toBeLessThan(CALL_MS / 2)
  })

  it('that hangs takes only so many calls', async () => {
    await engineThat(() => {})
    const answers = await Promise.all(Array.from({ length: 80 }, () => read('played/reports/1')))
    const codes = answers.map(({ status, body }) => `${status} ${String(body['code'])}`)
    expect(codes.filter((code) => code === '503 service_unavailable')).toHaveLength(16)
    expect(codes.filter((code) => code === '503 engine_unreachable')).toHaveLength(64)
    await engineThat((_, response) => response.end('{}'))
    expect((await read('played/reports/1')).status).toBe(200)
  })

  it('of a game that does not run is not looked for; nor is any by a standby', async () => {
    api.view.desk = createPlayerDesk({ client, locate: neverCalled, engineOf: () => ({ kind: 'absent', why: 'does not run: it rests' }) })
    expect(await put('played/orders', {})).toMatchObject({
      status: 503,
      body: { code: 'service_unavailable', detail: 'game played does not run: it rests' },
    })
    api.view.desk = null
    expect(await put('played/orders', {})).toMatchObject({ status: 503, body: { code: 'service_unavailable' } })
  })
})

describe('the reference engine', () => {
  it('takes commands and orders, and reports each player’s own side', async () => {
    const engine = await workshop.start(await workshop.stateFolder())
    const { players } = await engine.init('Terran', 'Zerg')
    await map('real', ...players.map(({ id, raceName }) => [raceName === 'Terran' ? USER : OTHER_USER, raceName, id] as const))
    api.view.desk = deskAt({ host: '127.0.0.1', port: Number(new URL(engine.url).port) })
    const report = await read('real/reports/0')
    expect(report).toMatchObject({ status: 200, body: { turn: 0, raceName: 'Terran' } })
    const home = homeOf(report)
    const rename = { commands: [{ type: 'renamePlanet', planet: home, name: 'Earth' }] }
    expect(await put('real/commands', rename)).toMatchObject({ status: 200, body: { turn: 0, applied: 1 } })
    expect(await put('real/commands', rename, as(OTHER_USER))).toMatchObject({ status: 422, body: { error: { code: expect.any(String) } } })
    expect(await put('real/orders', { orders: [] })).toMatchObject({ status: 200, body: { turn: 1, accepted: 0 } })
    expect(await put('real/orders', { order: [] })).toMatchObject({ status: 400, body: { error: { message: expect.any(String) } } })
    expect(await read('real/reports/1')).toMatchObject({ status: 404, body: { error: { code: 'not_found' } } })
    await engine.turn(1)
    expect(await read('real/reports/1', as(OTHER_USER))).toMatchObject({ status: 200, body: { turn: 1, raceName: 'Zerg' } })
  })
})

interface AskedRequest {
  readonly line: string
  readonly body: unknown
}

/** A program in the engine's place; what it is asked. */
async function engineThat(answer: RequestListener): Promise<readonly AskedRequest[]> {
  const asked: AskedRequest[] = []
  const server = createServer((request, response) => {
    void (async () => {
      let text = ''
      for await (const chunk of request) text += String(chunk)
      asked.push({ line: `${request.method} ${request.url}`, body: text === '' ? null : JSON.parse(text) })
      response.on('error', () => {})
      answer(request, response)
    })()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  endings.push(() => {
    server.closeAllConnections()
    server.close()
  })
  api.view.desk = deskAt({ host: '127.0.0.1', port: (server.address() as AddressInfo).port }) // of TCP, since it listens on a port
  return asked
}

function deskAt(address: EngineAddress): PlayerDesk {
  const target = { containerId: 'c', containerName: 'c', network: 'galaxy', port: address.port }
  return createPlayerDesk({
    client,
    locate: async () => address,
    engineOf: (gameId) => ({ kind: 'serving', target: { gameId, ...target } }),
  })
}

async function neverCalled(): Promise<never> {
  throw new Error('nothing is to be looked for')
}

/** Sends these very bytes as JSON. */
function raw(path: string, bytes: Buffer): Promise<{ readonly status: number; readonly body: unknown }> {
  return new Promise((resolve, reject) => {
    const headers = { ...as(USER), 'content-type': 'application/json', 'content-length': bytes.length }
    const call = httpRequest(`${api.url}/api/v1/user/games/${path}`, { method: 'POST', headers }, (response) => {
      let text = ''
      response.on('data', (chunk) => (text += String(chunk)))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: JSON.parse(text) }))
    })
    call.on('error', reject)
    call.end(bytes)
  })
}

async function map(gameId: string, ...players: readonly (readonly [userId: string, race: string, engineId: string])[]): Promise<void> {
  const write = await leaseHolderOnce()
  const rows = players.map(([user_id, race_name, engine_player_uuid]) => ({ game_id: gameId, user_id, race_name, engine_player_uuid }))
  await write((term) => term.insertInto('player_mappings').values(rows).execute())
}

let holder: ReturnType<typeof leaseHolder> | null = null
function leaseHolderOnce() {
  holder ??= leaseHolder(api.pool)
  return holder
}

/** The first planet of whoever's report it is. */
function homeOf({ body }: Answer): number {
  const [home] = body['planets'] as { id: number }[] // the engine's tests hold it to this
  if (home === undefined) throw new Error('a player without a planet')
  return home.id
}
