import type { IncomingMessage } from 'node:http'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { EngineWorkshop } from '../engine/engine-process.ts'
import { until } from '../support/until.ts'
import type { Answer } from './api-server.ts'
import { CALL_MS, OTHER_USER, type ProxyUnderTest, startProxyUnderTest, USER } from './proxy-fixture.ts'

const KIB = 1024
const workshop = new EngineWorkshop()
let proxy: ProxyUnderTest
beforeAll(async () => {
  proxy = await startProxyUnderTest()
})
afterEach(() => proxy.endEngines())
afterAll(async () => {
  await workshop.dispose()
  await proxy.stop()
})

describe('an engine', () => {
  it('that refuses is let speak for itself', async () => {
    const refusal = { error: { code: 'game_finished', message: 'the game ended with turn 9' } }
    await proxy.engineThat((_, response) => response.writeHead(409).end(JSON.stringify(refusal)))
    const answer = await proxy.put('played/orders', { orders: [] })
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
    await proxy.engineThat((_, response) => response.writeHead(status, headers).end(body))
    const answer = await proxy.put('played/orders', {})
    expect(answer).toMatchObject({ status: 502, type: expect.stringContaining('problem+json'), body: { code: 'engine_unreachable' } })
    expect(answer.headers.get('galaxy-answered-by')).toBeNull()
  })

  it('may answer much, and in any JSON', async () => {
    const text = 'x'.repeat(4 * KIB * KIB - 2)
    await proxy.engineThat((_, response) => response.end(JSON.stringify(text)))
    const response = await fetch(`${proxy.api.url}/api/v1/user/games/played/reports/1`, { headers: proxy.as(USER) })
    expect(await response.json()).toBe(text)
  })

  it('cannot pretend to be this API', async () => {
    await proxy.engineThat((_, response) =>
      response.writeHead(401, { 'content-type': 'application/problem+json', 'set-cookie': 'a=b', 'www-authenticate': 'Basic' }).end('{}'),
    )
    const answer = await proxy.put('played/orders', {})
    expect(answer).toMatchObject({ status: 401, type: 'application/json; charset=utf-8' })
    expect([answer.headers.get('set-cookie'), answer.headers.get('www-authenticate')]).toEqual([null, null])
  })

  it('that hangs, breaks off, or is not there, is unreachable, within its time', async () => {
    const startedMs = performance.now()
    for (const listener of [() => {}, (request: IncomingMessage) => void request.socket.destroy()]) {
      await proxy.engineThat(listener)
      expect(await proxy.put('played/orders', {})).toMatchObject({ status: 503, body: { code: 'engine_unreachable' } })
    }
    proxy.serveAt(1)
    expect(await proxy.read('played/reports/1')).toMatchObject({ status: 503, body: { code: 'engine_unreachable' } })
    expect(performance.now() - startedMs).toBeLessThan(CALL_MS * 3 + 1_500)
  })

  it('that hangs is asked no more once the caller is gone', async () => {
    const closed: string[] = []
    const asked = await proxy.engineThat((request) => void request.socket.once('close', () => closed.push(request.url ?? '')))
    const leaving = new AbortController()
    const call = fetch(`${proxy.api.url}/api/v1/user/games/played/orders`, {
      method: 'POST',
      headers: { ...proxy.as(USER), 'content-type': 'application/json' },
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
    const patient = await startProxyUnderTest(60_000)
    try {
      await patient.engineThat(() => {})
      const codes: string[] = []
      const asked = Array.from({ length: 80 }, async () => {
        const { status, body } = await patient.read('played/reports/1')
        codes.push(`${status} ${String(body['code'])}`)
      })
      // None of the others is answered before the engine is gone.
      await expect.poll(() => codes, { timeout: 20_000 }).toEqual(Array.from({ length: 16 }, () => '503 service_unavailable'))
      const { desk } = patient.api.view
      patient.endEngines()
      await Promise.all(asked)
      expect(codes.slice(16)).toEqual(Array.from({ length: 64 }, () => '503 engine_unreachable'))
      // There is room again: it is asked, and is not there.
      patient.api.view.desk = desk
      expect((await patient.read('played/reports/1')).body['code']).toBe('engine_unreachable')
    } finally {
      await patient.stop()
    }
  })

  it('of a game that does not run is not looked for; nor is any by a standby', async () => {
    proxy.serveNone('does not run: it rests')
    expect(await proxy.put('played/orders', {})).toMatchObject({
      status: 503,
      body: { code: 'service_unavailable', detail: 'game played does not run: it rests' },
    })
    proxy.endEngines()
    expect(await proxy.put('played/orders', {})).toMatchObject({ status: 503, body: { code: 'service_unavailable' } })
  })
})

describe('the reference engine', () => {
  it('takes commands and orders, and reports each player’s own side', async () => {
    const engine = await workshop.start(await workshop.stateFolder())
    const { players } = await engine.init('Terran', 'Zerg')
    await proxy.map('real', ...players.map(({ id, raceName }) => [raceName === 'Terran' ? USER : OTHER_USER, raceName, id] as const))
    proxy.serveAt(Number(new URL(engine.url).port))
    const report = await proxy.read('real/reports/0')
    expect(report).toMatchObject({ status: 200, body: { turn: 0, raceName: 'Terran' } })
    const home = homeOf(report)
    const rename = { commands: [{ type: 'renamePlanet', planet: home, name: 'Earth' }] }
    expect(await proxy.put('real/commands', rename)).toMatchObject({ status: 200, body: { turn: 0, applied: 1 } })
    expect(await proxy.put('real/commands', rename, proxy.as(OTHER_USER))).toMatchObject({
      status: 422,
      body: { error: { code: expect.any(String) } },
    })
    expect(await proxy.put('real/orders', { orders: [] })).toMatchObject({ status: 200, body: { turn: 1, accepted: 0 } })
    expect(await proxy.put('real/orders', { order: [] })).toMatchObject({ status: 400, body: { error: { message: expect.any(String) } } })
    expect(await proxy.read('real/reports/1')).toMatchObject({ status: 404, body: { error: { code: 'not_found' } } })
    await engine.turn(1)
    expect(await proxy.read('real/reports/1', proxy.as(OTHER_USER))).toMatchObject({ status: 200, body: { turn: 1, raceName: 'Zerg' } })
  })
})

/** The first planet of whoever's report it is. */
function homeOf({ body }: Answer): number {
  const [home] = body['planets'] as { id: number }[] // the engine's tests hold it to this
  if (home === undefined) throw new Error('a player without a planet')
  return home.id
}
