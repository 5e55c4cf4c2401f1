import { connect } from 'node:net'
import { sql } from 'kysely'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { buildServer } from '../../src/api/server.ts'
import { createToken, hashToken } from '../../src/api/token.ts'
import { createTokenRow } from '../../src/api/token-store.ts'
import { openPool } from '../../src/database/pool.ts'
import { createLog } from '../../src/log.ts'
import type { Role } from '../../src/model/role.ts'
import { type ApiUnderTest, gameBody, startApiUnderTest } from './api-server.ts'

const as = (secret: string) => ({ authorization: `Bearer ${secret}` })
const games = (api: ApiUnderTest, secret: string) => api.call('GET', '/api/v1/games', undefined, as(secret))

async function token(api: ApiUnderTest, name: string, role: Role): Promise<string> {
  const secret = createToken()
  await createTokenRow(api.pool.db, { name, role, hash: hashToken(secret), lifetimeS: null, createdBy: 'local' })
  return secret
}

describe('too many requests', () => {
  let api: ApiUnderTest
  beforeEach(async () => {
    api = await startApiUnderTest({ env: { GALAXY_API_REQUESTS_PER_SECOND: '1', GALAXY_API_REQUEST_BURST: '5' } })
  })
  afterEach(() => api.stop())

  const statuses = async (times: number, secret: () => string) => {
    const answers = []
    for (let time = 0; time < times; time += 1) answers.push(await games(api, secret()))
    return answers.map(({ status }) => status)
  }

  it.each(['local', 'ci'])('of the token %s are refused with the time to come back, and others go on', async (name) => {
    const other = await token(api, 'other', 'viewer')
    const secret = name === 'local' ? api.token : await token(api, name, 'admin')
    expect(await statuses(7, () => secret)).toEqual([200, 200, 200, 200, 200, 429, 429])
    const refused = await games(api, secret)
    expect(refused).toMatchObject({
      type: expect.stringContaining('application/problem+json'),
      body: { code: 'too_many_requests', status: 429 },
    })
    expect(refused.headers.get('retry-after')).toBe('1')
    expect(await statuses(2, () => other)).toEqual([200, 200])
  })

  it('with tokens that are not known are refused without asking the database; who is known at that address goes on', async () => {
    const known = await token(api, 'known', 'viewer')
    await games(api, known)
    expect(await statuses(6, createToken)).toEqual([401, 401, 401, 401, 429, 429])
    // Whether it is right is not even looked at.
    const newcomer = await token(api, 'newcomer', 'viewer')
    expect(await statuses(1, () => newcomer)).toEqual([429])
    expect(await statuses(2, () => known)).toEqual([200, 200])
    expect(await statuses(2, () => api.token)).toEqual([200, 200])
  })

  it('with what is no token at all count as well; those without one cost nothing', async () => {
    expect(await statuses(6, () => 'guess')).toEqual([401, 401, 401, 401, 401, 429])
    expect((await api.call('GET', '/api/v1/games', undefined, {})).status).toBe(401)
  })

  it('are no reason to be taken for dead', async () => {
    for (let time = 0; time < 20; time += 1) expect((await api.call('GET', '/readyz')).status).toBe(200)
    expect(await statuses(9, createToken)).toContain(429)
    expect((await api.call('GET', '/livez', undefined, {})).status).toBe(200)
  })
})

describe('the last use of a token', () => {
  let api: ApiUnderTest
  beforeAll(async () => {
    api = await startApiUnderTest()
  })
  afterAll(() => api.stop())

  const stored = async () => {
    const { rows } = await sql<{ lastUsedAt: Date | null; version: string }>`
      SELECT last_used_at AS "lastUsedAt", xmin::text AS version FROM api_tokens WHERE name = 'busy'`.execute(api.pool.db)
    return rows[0]
  }

  it('is written once a minute, however many requests come, and never for the local token', async () => {
    const secret = await token(api, 'busy', 'viewer')
    expect((await stored())?.lastUsedAt).toBeNull()
    await Promise.all(Array.from({ length: 20 }, () => games(api, secret)))
    const first = await stored()
    expect(first?.lastUsedAt).toBeInstanceOf(Date)
    for (let time = 0; time < 20; time += 1) await games(api, secret)
    expect(await stored()).toEqual(first)
    await sql`UPDATE api_tokens SET last_used_at = now() - interval '61 seconds'`.execute(api.pool.db)
    const aged = await stored()
    await games(api, api.token)
    expect(await stored()).toEqual(aged)
    await games(api, secret)
    expect((await stored())?.lastUsedAt?.getTime()).toBeGreaterThan(aged?.lastUsedAt?.getTime() ?? Number.NaN)
  })

  it('is not written by a request that is refused for its role', async () => {
    const secret = await token(api, 'eager', 'viewer')
    await api.call('DELETE', '/api/v1/games/x', undefined, as(secret))
    const late = await token(api, 'late', 'viewer')
    await sql`UPDATE api_tokens SET expires_at = now() WHERE name = 'late'`.execute(api.pool.db)
    await games(api, late)
    const unused = await api.pool.db.selectFrom('api_tokens').select('name').where('last_used_at', 'is', null).execute()
    expect(unused).toEqual([{ name: 'late' }])
  })
})

describe('without the database', () => {
  it('the local token is known, and nobody can say of another', async () => {
    const api = await startApiUnderTest()
    const closed = openPool({ url: 'postgres://galaxy@127.0.0.1:1/galaxy', applicationName: 'galaxy-api-test', max: 1 })
    const app = buildServer({ ...api.options, db: closed.db })
    const ask = (url: string, secret: string) => app.inject({ url, headers: as(secret) })
    expect((await ask('/api/v1/games', createToken())).json()).toMatchObject({ status: 503, code: 'service_unavailable' })
    expect((await ask('/readyz?verbose', createToken())).json()).toEqual({ ok: true })
    expect((await ask('/readyz?verbose', api.token)).json()).toMatchObject({ leader: true })
    await app.close()
    await closed.close()
    await api.stop()
  })
})

describe('a token that is sent', () => {
  const lines: string[] = []
  let api: ApiUnderTest
  let secrets: readonly string[]
  beforeAll(async () => {
    api = await startApiUnderTest({ log: createLog('trace', { write: (line: string) => void lines.push(line) }) })
    secrets = [api.token, await token(api, 'ops', 'operator'), await token(api, 'reader', 'viewer'), createToken()]
  })
  afterAll(() => api.stop())

  it('is in no line of the log and in no answer, wherever it was put', async () => {
    const told: string[] = []
    for (const secret of secrets) {
      const asked = [
        ['GET', `/api/v1/games?labelSelector=${secret}`],
        ['GET', `/api/v1/games?token=${secret}`],
        ['GET', `/api/v1/games/${secret}`],
        ['DELETE', `/api/v1/admin/tokens/${secret}`],
        ['POST', '/api/v1/admin/tokens', { name: secret, role: 'viewer' }],
        ['PUT', '/api/v1/games/a', gameBody('a')],
        ['POST', '/api/v1/outbox/replay'],
        ['POST', '/api/v1/manifests/prune'],
        ['GET', '/api/v1/games/%zz'],
        ['GET', '/readyz?verbose'],
      ] as const
      for (const [method, path, body] of asked) {
        const { headers, body: answer } = await api.call(method, path, body, as(secret))
        told.push(JSON.stringify([[...headers], answer]))
      }
      await sql`ALTER TABLE desired_games RENAME TO hidden`.execute(api.pool.db)
      told.push(JSON.stringify((await api.call('PUT', '/api/v1/games/a', gameBody('a'), as(secret))).body))
      await sql`ALTER TABLE hidden RENAME TO desired_games`.execute(api.pool.db)
    }
    expect(lines.filter((line) => line.includes('"request failed"')).length).toBeGreaterThan(0)
    for (const secret of secrets) expect(`${lines.join('')}${told.join('')}`.includes(secret)).toBe(false)
  })

  it('is told of by name in the log, where an operator did something', () => {
    const events = lines.map((line): unknown => JSON.parse(line))
    expect(events).toContainEqual({
      level: 'info',
      time: expect.any(String),
      msg: 'operator asked',
      caller: 'ops',
      role: 'operator',
      method: 'POST',
      path: '/api/v1/manifests/prune',
      requestId: expect.any(String),
    })
    expect(lines.filter((line) => line.includes('"caller":"reader"'))).toEqual([])
  })

  it.each([
    ['as large as Node takes them', 15_000, 401],
    ['larger', 200_000, 431],
  ])('in a header %s is refused, and not repeated', async (_case, bytes, status) => {
    const answer = await raw(
      `GET /api/v1/games HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer ${'x'.repeat(bytes)}\r\n\r\n`,
    )
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
    expect(answer).not.toContain('xxxx')
  })

  it.each([
    ['twice, the second one good', (good: string) => ['glx_no', good]],
    ['folded into two lines', (good: string) => [`\r\n ${good}`]],
    ['with a character that breaks lines', (good: string) => [`${good}\r\nx-a: b\u0000`]],
  ])('%s lets nobody in', async (_case, sent) => {
    const headers = sent(api.token).map((each) => `authorization: Bearer ${each}\r\n`)
    const answer = await raw(`GET /api/v1/games HTTP/1.1\r\nhost: x\r\nconnection: close\r\n${headers.join('')}\r\n`)
    expect(answer).toMatch(/^HTTP\/1.1 40[01] /)
    expect(answer).not.toContain(api.token)
  })

  function raw(request: string): Promise<string> {
    const { hostname, port } = new URL(api.url)
    return new Promise((resolve) => {
      let answer = ''
      const socket = connect({ host: hostname, port: Number(port) }, () => void socket.write(request))
      socket.setEncoding('utf8')
      socket.on('data', (text: string) => {
        answer += text
      })
      // A request that is cut off may end in a reset, after the answer.
      socket.on('error', () => undefined)
      socket.on('close', () => resolve(answer))
    })
  }
})
