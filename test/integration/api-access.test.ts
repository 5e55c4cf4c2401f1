import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Needs } from '../../src/api/access.ts'
import { type ApiServer, buildServer } from '../../src/api/server.ts'
import { createToken, hashToken } from '../../src/api/token.ts'
import { createTokenRow } from '../../src/api/token-store.ts'
import { isAtLeast, type Role, ROLES } from '../../src/model/role.ts'
import { type ApiUnderTest, startApiUnderTest } from './api-server.ts'

/** Every route that there is, and who may use it: a new one has to be judged here first. */
const JUDGED: Readonly<Record<string, Needs>> = {
  'GET /livez': 'nothing',
  'GET /readyz': 'nothing',
  'GET /metrics': 'viewer',
  'GET /api/v1/livez': 'nothing',
  'GET /api/v1/readyz': 'nothing',
  'GET /api/v1/openapi.json': 'nothing',
  'GET /api/v1/docs': 'nothing',
  'GET /api/v1/games': 'viewer',
  'GET /api/v1/games/:id': 'viewer',
  'GET /api/v1/games/:id/plan': 'viewer',
  'GET /api/v1/games/:id/diff': 'viewer',
  'GET /api/v1/games/:id/operations': 'viewer',
  'GET /api/v1/games/:id/logs': 'viewer',
  'GET /api/v1/games/:id/turns': 'viewer',
  'GET /api/v1/games/:id/snapshots': 'viewer',
  'GET /api/v1/games/:id/events': 'viewer',
  'GET /api/v1/games/:id/explanation': 'viewer',
  'GET /api/v1/operations': 'viewer',
  'GET /api/v1/operations/:id': 'viewer',
  'GET /api/v1/turns': 'viewer',
  'GET /api/v1/watch': 'viewer',
  'GET /api/v1/usage': 'viewer',
  'GET /api/v1/orphans': 'viewer',
  'GET /api/v1/outbox': 'viewer',
  'GET /api/v1/images': 'viewer',
  'GET /api/v1/versions': 'viewer',
  'GET /api/v1/manifests': 'viewer',
  'GET /api/v1/internal/runtimes': 'viewer',
  'GET /api/v1/internal/runtimes/:id': 'viewer',
  'GET /api/v1/admin/engine-versions': 'viewer',
  'GET /api/v1/admin/engine-versions/:version': 'viewer',
  'PUT /api/v1/games/:id': 'lobby',
  'PATCH /api/v1/games/:id': 'lobby',
  'DELETE /api/v1/games/:id': 'lobby',
  'POST /api/v1/internal/runtimes/:id/start': 'lobby',
  'POST /api/v1/internal/runtimes/:id/stop': 'lobby',
  'POST /api/v1/internal/runtimes/:id/restart': 'lobby',
  'POST /api/v1/internal/runtimes/:id/patch': 'lobby',
  'POST /api/v1/internal/runtimes/:id/cleanup': 'lobby',
  'POST /api/v1/user/games/:id/commands': 'lobby',
  'POST /api/v1/user/games/:id/orders': 'lobby',
  'GET /api/v1/user/games/:id/reports/:turn': 'lobby',
  'POST /api/v1/admin/runtimes/:id/start': 'operator',
  'POST /api/v1/admin/runtimes/:id/stop': 'operator',
  'POST /api/v1/admin/runtimes/:id/restart': 'operator',
  'POST /api/v1/admin/runtimes/:id/patch': 'operator',
  'POST /api/v1/admin/runtimes/:id/pause': 'operator',
  'POST /api/v1/admin/runtimes/:id/resume': 'operator',
  'POST /api/v1/admin/runtimes/:id/force-next-turn': 'operator',
  'POST /api/v1/admin/engine-versions': 'operator',
  'PUT /api/v1/admin/engine-versions/:version': 'operator',
  'DELETE /api/v1/admin/engine-versions/:version': 'operator',
  'POST /api/v1/admin/engine-versions/:version/enable': 'operator',
  'POST /api/v1/admin/engine-versions/:version/disable': 'operator',
  'POST /api/v1/admin/orphans/:id/adopt': 'operator',
  'POST /api/v1/admin/deployments/:deployment/adopt': 'operator',
  'POST /api/v1/manifests/apply': 'operator',
  'POST /api/v1/manifests/diff': 'operator',
  'POST /api/v1/manifests/prune': 'operator',
  'POST /api/v1/outbox/:id/replay': 'operator',
  'POST /api/v1/outbox/replay': 'operator',
  'GET /api/v1/admin/tokens': 'admin',
  'POST /api/v1/admin/tokens': 'admin',
  'DELETE /api/v1/admin/tokens/:name': 'admin',
}

/** Paths that lead nowhere: with any token one is told so, and without one nothing. */
const NOWHERE = ['GET /elsewhere', 'POST /api/v1/nothing/here', 'PATCH /api/v1/games', 'GET /api/v1', 'GET /']

let api: ApiUnderTest
let app: ApiServer
const registered = new Map<string, Needs | undefined>()
const tokens: Record<Role | 'expired' | 'revoked', string> = { viewer: '', lobby: '', operator: '', admin: '', expired: '', revoked: '' }

beforeAll(async () => {
  api = await startApiUnderTest()
  for (const role of ROLES) tokens[role] = await token(role, `the-${role}`)
  tokens.expired = await token('admin', 'expired')
  await sql`UPDATE api_tokens SET expires_at = now() WHERE name = 'expired'`.execute(api.pool.db)
  tokens.revoked = await token('admin', 'revoked')
  await sql`UPDATE api_tokens SET revoked_at = now(), revoked_by = 'local' WHERE name = 'revoked'`.execute(api.pool.db)
  app = buildServer(api.options)
  app.addHook('onRoute', ({ method, url, config }) => {
    for (const each of [method].flat()) registered.set(`${each} ${url}`, config?.needs)
  })
  await app.ready()
})
afterAll(async () => {
  await app.close()
  await api.stop()
})

describe('every route that is registered', () => {
  it('is judged here, and needs what is said here; HEAD needs what GET does', () => {
    const heads = Object.entries(JUDGED).filter(([route]) => route.startsWith('GET '))
    const all = { ...JUDGED, ...Object.fromEntries(heads.map(([route, needs]) => [route.replace('GET', 'HEAD'), needs])) }
    expect(Object.fromEntries(registered)).toEqual(all)
  })

  it.each([
    ['no token', 'send "Authorization: Bearer <token>"', () => undefined],
    ['an unknown token', 'the token is not known', () => createToken()],
    ['a revoked token', 'the token is not known', () => tokens.revoked],
    ['an expired token', /^the token expired expired at 20/, () => tokens.expired],
    ['a forged token', 'the token is not known', () => `${tokens.admin.slice(0, -1)}${tokens.admin.endsWith('A') ? 'E' : 'A'}`],
  ])('refuses %s, before anything else is looked at, unless it is open to all', async (_case, detail, secret) => {
    for (const route of [...registered.keys(), ...NOWHERE]) {
      const answer = await ask(route, secret())
      if (registered.get(route) === 'nothing') expect([route, answer.statusCode]).toEqual([route, 200])
      else expect([route, answer.statusCode], route).toEqual([route, 401])
      if (answer.statusCode === 401) expect(answer.headers['www-authenticate']).toContain('Bearer')
      if (answer.statusCode === 401 && !route.startsWith('HEAD'))
        expect(answer.json(), route).toMatchObject({ code: 'unauthorized', detail: expect.stringMatching(detail) })
    }
  })

  it('changed nothing by being refused', async () => {
    const { rows } = await sql<{ count: number }>`SELECT count(*) FROM desired_games`.execute(api.pool.db)
    expect(rows).toEqual([{ count: 0 }])
    expect(await api.pool.db.selectFrom('engine_versions').select('version').where('enabled', '=', true).execute()).toHaveLength(2)
  })

  it.each(ROLES)('lets the role %s do what it may, and tells it what the rest needs', async (role) => {
    for (const [route, needs = 'admin'] of registered) {
      const answer = await ask(route, tokens[role])
      if (needs === 'nothing' || isAtLeast(role, needs)) {
        expect([401, 403], route).not.toContain(answer.statusCode)
        expect(answer.statusCode, route).toBeLessThan(500)
        continue
      }
      expect([route, answer.statusCode]).toEqual([route, 403])
      if (!route.startsWith('HEAD'))
        expect(answer.json(), route).toMatchObject({
          code: 'forbidden',
          detail: `this needs the role ${needs}; the token the-${role} has the role ${role}`,
        })
    }
    for (const route of NOWHERE) expect((await ask(route, tokens[role])).statusCode, route).toBe(404)
  })
})

describe('a route that does not say what it needs', () => {
  it.each([
    ['at the top', (server: ApiServer) => void server.get('/forgotten', () => 'open')],
    ['below', (server: ApiServer) => void server.register(async (scope) => void scope.post('/forgotten', () => 'open'), { prefix: '/x' })],
  ])('keeps the API from starting, %s', async (_where, add) => {
    const server = buildServer(api.options)
    await expect(async () => {
      add(server)
      await server.ready()
    }).rejects.toThrow(/forgotten does not say which role it needs/)
    await server.close().catch(() => undefined)
  })
})

async function ask(route: string, secret: string | undefined) {
  const [method = '', pattern = ''] = route.split(' ')
  const url = Object.entries(FILLED).reduce((path, [name, value]) => path.replace(`:${name}`, value), pattern)
  const id = url.includes('/operations/:id') ? OPERATION : url.includes('/outbox/:id') ? '7' : 'nowhere'
  return app.inject({
    // A route's own method, which inject names one by one.
    method: method as 'GET',
    // A watch that is let in has no end.
    url: url.endsWith('/watch') ? `${url}?since=never` : url.replace(':id', id),
    headers: secret === undefined ? {} : { authorization: `Bearer ${secret}` },
  })
}

const OPERATION = '0190a0a0-0000-7000-8000-000000000000'
const FILLED = { turn: '1', version: '9.9.9', name: 'nobody', deployment: OPERATION }

async function token(role: Role, name: string): Promise<string> {
  const secret = createToken()
  await createTokenRow(api.pool.db, { name, role, hash: hashToken(secret), lifetimeS: null, createdBy: 'local' })
  return secret
}
