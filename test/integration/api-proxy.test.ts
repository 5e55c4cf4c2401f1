import { request as httpRequest } from 'node:http'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { OTHER_USER, PROTOSS, type ProxyUnderTest, startProxyUnderTest, STRANGER, TERRAN, USER, ZERG } from './proxy-fixture.ts'

const KIB = 1024

let proxy: ProxyUnderTest
beforeAll(async () => {
  proxy = await startProxyUnderTest()
})
afterEach(() => proxy.endEngines())
afterAll(() => proxy.stop())

describe('a player’s call', () => {
  it('reaches the engine as the player that the user is to it, and brings back its status and answer', async () => {
    const asked = await proxy.engineThat((_, response) => response.writeHead(202).end('{"taken": 1}'))
    const answer = await proxy.put('played/orders', { orders: [{ type: 'move' }] })
    expect(answer).toMatchObject({ status: 202, type: 'application/json; charset=utf-8', body: { taken: 1 } })
    expect(answer.headers.get('galaxy-answered-by')).toBe('engine')
    expect(answer.headers.get('cache-control')).toBe('no-store')
    await proxy.put('played/commands', { commands: [] })
    await proxy.read('played/reports/7')
    expect(asked).toEqual([
      { line: 'POST /api/v1/orders', body: { orders: [{ type: 'move' }], actor: TERRAN } },
      { line: 'POST /api/v1/commands', body: { commands: [], actor: TERRAN } },
      { line: `GET /api/v1/reports/7?actor=${TERRAN}`, body: null },
    ])
  })

  it.each([
    ['an actor', `{"actor": "${ZERG}", "orders": []}`],
    ['two actors', `{"actor": "${ZERG}", "orders": [], "actor": "${PROTOSS}"}`],
    ['an actor written with escapes', `{"\\u0061ctor": "${ZERG}", "orders": []}`],
    ['a prototype with an actor', `{"__proto__": {"actor": "${ZERG}"}, "orders": []}`],
  ])('whose body has %s is the caller’s own all the same', async (_case, body) => {
    const asked = await proxy.engineThat((_, response) => response.end('{}'))
    expect((await proxy.put('played/orders', body)).status).toBe(200)
    expect(asked).toEqual([{ line: 'POST /api/v1/orders', body: { orders: [], actor: TERRAN } }])
  })

  it('of a user with two races needs the race', async () => {
    const asked = await proxy.engineThat((_, response) => response.end('{}'))
    expect(await proxy.put('played/orders', {}, proxy.as(OTHER_USER))).toMatchObject({
      status: 400,
      body: { code: 'invalid_request', detail: expect.stringMatching(/"Protoss" and "Zerg".*\?race=/) },
    })
    expect((await proxy.put('played/orders?race=Zerg', {}, proxy.as(OTHER_USER))).status).toBe(200)
    expect((await proxy.read('played/reports/0?race=Protoss', proxy.as(OTHER_USER.toUpperCase()))).status).toBe(200)
    expect(asked).toMatchObject([{ body: { actor: ZERG } }, { line: `GET /api/v1/reports/0?actor=${PROTOSS}` }])
  })
})

describe('who plays no part in a game', () => {
  it.each([
    ['a stranger', 'played', STRANGER],
    ['a race of somebody else', 'played/orders?race=Zerg', USER],
    ['a race that nobody plays', `played/orders?race=${encodeURIComponent('Zerg\0')}`, OTHER_USER],
    ['anybody, before the engine knows its players', 'unplayed', USER],
  ])('is forbidden to ask: %s', async (_case, game, user) => {
    const asked = await proxy.engineThat((_, response) => response.end('{}'))
    const path = game.includes('/') ? game : `${game}/orders`
    expect(await proxy.put(path, {}, proxy.as(user))).toMatchObject({
      status: 403,
      body: { code: 'forbidden', detail: expect.stringContaining(user) },
    })
    expect(asked).toEqual([])
  })

  it('is told of an unknown game that there is none', async () => {
    expect(await proxy.put('never-was/orders', {})).toMatchObject({ status: 404, body: { code: 'not_found' } })
    expect(await proxy.read('never-was/reports/1')).toMatchObject({ status: 404, body: { code: 'not_found' } })
  })

  it.each([undefined, '', 'nobody', `${USER},${OTHER_USER}`, `${USER} `.repeat(2), `'; DROP TABLE turns; --`])(
    'and says not who asks (%s) is refused',
    async (user) => {
      const headers: Record<string, string> = {
        authorization: `Bearer ${proxy.api.token}`,
        ...(user !== undefined && { 'galaxy-user-id': user }),
      }
      expect(await proxy.put('played/orders', {}, headers)).toMatchObject({
        status: 400,
        body: { code: 'invalid_request', detail: expect.stringContaining('Galaxy-User-Id') },
      })
    },
  )

  it('needs the token before anything else', async () => {
    expect(await proxy.put('played/orders', {}, { 'galaxy-user-id': USER })).toMatchObject({ status: 401 })
    expect(await proxy.read('never-was/reports/x', { 'galaxy-user-id': USER })).toMatchObject({ status: 401 })
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
    const asked = await proxy.engineThat((_, response) => response.end('{}'))
    expect(await proxy.read(path)).toMatchObject({ status: 400, body: { code: 'invalid_request' } })
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
    const asked = await proxy.engineThat((_, response) => response.end('{}'))
    const bytes = kind === 'what is no UTF-8' ? Buffer.from('{"orders": "\u00e9"}', 'latin1') : Buffer.from(text)
    expect(await raw('played/orders', bytes)).toMatchObject({ status: 400, body: { code: 'invalid_request' } })
    expect(asked).toEqual([])
  })

  it('with too much of a body, or one of another kind, is refused', async () => {
    const asked = await proxy.engineThat((_, response) => response.end('{}'))
    const bodyOf = (bytes: number) => `{"orders": "${'x'.repeat(bytes - 14)}"}`
    expect(await proxy.put('played/orders', bodyOf(256 * KIB + 1))).toMatchObject({ status: 413, body: { code: 'invalid_request' } })
    expect((await proxy.put('played/orders', bodyOf(256 * KIB))).status).toBe(200)
    expect(await proxy.put('played/orders', 'orders', { ...proxy.as(USER), 'content-type': 'text/plain' })).toMatchObject({ status: 415 })
    expect(await proxy.put('played/orders', '<orders/>', { ...proxy.as(USER), 'content-type': 'text/xml' })).toMatchObject({ status: 415 })
    expect(await proxy.put('played/orders', undefined)).toMatchObject({ status: 400 })
    expect(asked).toHaveLength(1)
  })
})

/** Sends these very bytes as JSON. */
function raw(path: string, bytes: Buffer): Promise<{ readonly status: number; readonly body: unknown }> {
  return new Promise((resolve, reject) => {
    const headers = { ...proxy.as(USER), 'content-type': 'application/json', 'content-length': bytes.length }
    const call = httpRequest(`${proxy.api.url}/api/v1/user/games/${path}`, { method: 'POST', headers }, (response) => {
      let text = ''
      response.on('data', (chunk) => (text += String(chunk)))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: JSON.parse(text) }))
    })
    call.on('error', reject)
    call.end(bytes)
  })
}
