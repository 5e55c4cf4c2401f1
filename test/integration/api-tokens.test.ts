import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { writeAddress } from '../../src/api/address-file.ts'
import { TOKEN_PATTERN } from '../../src/api/token.ts'
import { galaxy } from '../support/galaxy.ts'
import { type ApiUnderTest, gameBody, startApiUnderTest } from './api-server.ts'

let api: ApiUnderTest
let dataDir: string
beforeAll(async () => {
  api = await startApiUnderTest()
  dataDir = await mkdtemp(path.join(tmpdir(), 'galaxy-tokens-'))
  await writeAddress(dataDir, { url: api.url, token: api.token })
})
afterAll(async () => {
  await rm(dataDir, { recursive: true })
  await api.stop()
})

const TOKENS = '/api/v1/admin/tokens'
const create = (body: object, query = '') => api.call('POST', `${TOKENS}${query}`, body)
const listed = async () => (await api.call('GET', TOKENS)).body['items'] as { name: string }[] /* a list's */
const as = (secret: unknown) => ({ authorization: `Bearer ${String(secret)}` })
const cli = (args: readonly string[], env: NodeJS.ProcessEnv = {}) => galaxy(args, { GALAXY_DATA_DIR: dataDir, ...env }, dataDir)

describe('a token', () => {
  it('is told once, when it is made, and is nowhere in the database', async () => {
    const answer = await create({ name: 'once', role: 'viewer' })
    expect(answer).toMatchObject({
      status: 201,
      body: {
        kind: 'Token',
        name: 'once',
        role: 'viewer',
        createdAt: expect.any(String),
        createdBy: 'local',
        expiresAt: null,
        lastUsedAt: null,
        token: expect.stringMatching(TOKEN_PATTERN),
      },
    })
    expect(answer.headers.get('cache-control')).toBe('no-store')
    const { token, kind: _, ...rest } = answer.body
    expect(await listed()).toContainEqual(rest)
    const { rows } = await sql<{ row: string }>`SELECT t::text AS row FROM api_tokens t`.execute(api.pool.db)
    expect(rows.join('')).not.toContain(String(token).slice(4))
  })

  it('lets in until its time is over, and then says so', async () => {
    const { body } = await create({ name: 'brief', role: 'viewer', expiresIn: '30d' })
    expect(Date.parse(String(body['expiresAt'])) - Date.now()).toBeGreaterThan(29.9 * 86_400_000)
    expect((await api.call('GET', '/api/v1/games', undefined, as(body['token']))).status).toBe(200)
    await sql`UPDATE api_tokens SET expires_at = now() WHERE name = 'brief'`.execute(api.pool.db)
    const late = await api.call('GET', '/api/v1/games', undefined, as(body['token']))
    expect(late).toMatchObject({ status: 401, body: { detail: expect.stringMatching(/^the token brief expired at /) } })
    expect(await create({ name: 'brief', role: 'viewer' })).toMatchObject({ status: 409 })
  })

  it('is refused from the moment it is revoked, on every controller, and its name is free again', async () => {
    const { body } = await create({ name: 'gone', role: 'admin' })
    expect((await api.call('DELETE', `${TOKENS}/gone`, undefined, as(body['token']))).body).toEqual({
      kind: 'Revoked',
      metadata: { name: 'gone' },
    })
    expect(await api.call('GET', TOKENS, undefined, as(body['token']))).toMatchObject({
      status: 401,
      body: { detail: 'the token is not known' },
    })
    expect((await listed()).map(({ name }) => name)).not.toContain('gone')
    expect(await api.call('DELETE', `${TOKENS}/gone`)).toMatchObject({ status: 404, body: { detail: 'there is no token gone' } })
    expect((await create({ name: 'gone', role: 'viewer' })).status).toBe(201)
    expect((await api.call('GET', TOKENS, undefined, as(body['token']))).status).toBe(401)
    const trail = await api.pool.db.selectFrom('api_tokens').select(['created_by', 'revoked_by']).where('name', '=', 'gone').execute()
    expect(trail).toEqual(expect.arrayContaining([{ created_by: 'local', revoked_by: 'gone' }]))
  })

  it('has one name, while it is not revoked', async () => {
    await create({ name: 'twice', role: 'viewer' })
    const both = await Promise.all([create({ name: 'raced', role: 'viewer' }), create({ name: 'raced', role: 'admin' })])
    expect(new Set(both.map(({ status }) => status))).toEqual(new Set([201, 409]))
    expect(await create({ name: 'twice', role: 'admin' })).toMatchObject({
      status: 409,
      body: { code: 'conflict', detail: 'there is a token twice already; revoke it first, or take another name' },
    })
  })

  it('is neither made nor revoked by a dry run, which finds the same faults', async () => {
    expect(await create({ name: 'dry', role: 'lobby' }, '?dryRun=true')).toMatchObject({
      status: 200,
      body: { kind: 'DryRun', name: 'dry' },
    })
    expect((await listed()).map(({ name }) => name)).not.toContain('dry')
    await create({ name: 'dry', role: 'lobby' })
    expect((await create({ name: 'dry', role: 'lobby' }, '?dryRun=true')).status).toBe(409)
    expect((await api.call('DELETE', `${TOKENS}/dry?dryRun=true`)).body).toMatchObject({ kind: 'DryRun' })
    expect((await listed()).map(({ name }) => name)).toContain('dry')
    expect((await api.call('DELETE', `${TOKENS}/nobody?dryRun=true`)).status).toBe(404)
  })

  it.each([
    [{ name: 'local', role: 'viewer' }, 'name: local is the token'],
    [{ name: 'Upper', role: 'viewer' }, 'name: is no name'],
    [{ name: 'a\nb', role: 'viewer' }, 'name: is no name'],
    [{ name: 'a'.repeat(64), role: 'viewer' }, 'name: is no name'],
    [{ name: 'x', role: 'root' }, 'role: '],
    [{ name: 'x' }, 'role: '],
    [{ name: 'x', role: 'viewer', expiresIn: '30' }, 'expiresIn: is no time such as 30d'],
    [{ name: 'x', role: 'viewer', expiresIn: '-1d' }, 'expiresIn: is no time'],
    [{ name: 'x', role: 'viewer', hash: 'x' }, 'hash'],
  ])('is not made of %j', async (body, detail) => {
    expect(await create(body)).toMatchObject({ status: 400, body: { code: 'invalid_request', detail: expect.stringContaining(detail) } })
  })
})

describe('who wrote', () => {
  it('is told of a game by the token’s name, in its row and in its operations', async () => {
    const { body } = await create({ name: 'match-maker', role: 'operator' })
    const by = as(body['token'])
    const ref = /token match-maker, request [0-9a-f-]{36}/
    await api.call('PUT', '/api/v1/games/told', gameBody('told'), by)
    expect((await api.call('GET', '/api/v1/games/told')).body).toMatchObject({ metadata: { writtenRef: expect.stringMatching(ref) } })
    await api.call('POST', '/api/v1/admin/runtimes/told/stop', { reason: 'admin_request' }, by)
    await api.call('POST', '/api/v1/internal/runtimes/told/start', undefined, by)
    await api.call('POST', '/api/v1/admin/runtimes/told/restart', undefined, by)
    const { items } = (await api.call('GET', '/api/v1/games/told/operations')).body as { items: readonly object[] }
    expect(items).toMatchObject([
      { op: 'restart', cause: expect.stringMatching(ref) },
      { op: 'start', sourceRef: expect.stringMatching(ref), source: 'lobby' },
      { op: 'stop', sourceRef: expect.stringMatching(ref), source: 'admin' },
    ])
    const file = { path: 'a.yaml', text: JSON.stringify(gameBody('applied')) }
    await api.call('POST', '/api/v1/manifests/apply', { files: [file] }, by)
    const applied = { metadata: { writtenRef: expect.stringMatching(/^a\.yaml:1, token match-maker, request /) } }
    expect((await api.call('GET', '/api/v1/games/applied')).body).toMatchObject(applied)
  })

  it('is shown by galaxy describe', async () => {
    const { stdout } = await cli(['describe', 'game', 'told'])
    expect(stdout).toMatch(/Last written by: +api at operation:\S+ token match-maker, request /)
    expect(stdout).toMatch(/stop +queued +by admin at token match-maker, request /)
    expect(stdout).toMatch(/cause: asked to restart \(token match-maker, request /)
  })
})

describe('galaxy token', () => {
  it('prints the secret alone to stdout, which then opens what its role may do, and no more', async () => {
    const made = await cli(['token', 'create', 'from-cli', '--role', 'viewer', '--expires', '12h'])
    expect(made).toMatchObject({ code: 0, stderr: expect.stringContaining('token/from-cli created: viewer, for 12h') })
    const env = { GALAXY_API_URL: `${api.url}/`, GALAXY_TOKEN: made.stdout.trim(), GALAXY_DATA_DIR: path.join(dataDir, 'nowhere') }
    expect(await cli(['get', 'games', '-o', 'name'], env)).toMatchObject({ code: 0, stdout: expect.stringContaining('game/told') })
    expect(await cli(['delete', 'game', 'told'], env)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('this needs the role lobby; the token from-cli has the role viewer'),
    })
    const beside = { GALAXY_TOKEN: made.stdout.trim(), GALAXY_API_PORT: new URL(api.url).port }
    expect(await cli(['get', 'games', '-o', 'name'], beside)).toMatchObject({ code: 0 })
  })

  it('lists and revokes', async () => {
    await cli(['token', 'create', 'ci', '--role', 'operator'])
    expect((await cli(['token', 'list'])).stdout).toMatch(/^ci +operator +never +never +\ds$/m)
    expect((await cli(['token', 'list', '-o', 'wide'])).stdout).toMatch(/^from-cli +viewer +in 12h +0s ago +\ds +local$/m)
    expect((await cli(['token', 'list', '-o', 'name'])).stdout).toContain('token/ci\n')
    expect(await cli(['token', 'revoke', 'ci', '--dry-run'])).toMatchObject({ code: 0, stdout: 'token/ci would be revoked (dry run)\n' })
    expect(await cli(['token', 'revoke', 'ci', 'from-cli'])).toMatchObject({
      code: 0,
      stdout: 'token/ci revoked\ntoken/from-cli revoked\n',
    })
    expect(await cli(['token', 'revoke', 'ci'])).toMatchObject({ code: 1, stderr: 'there is no token ci; galaxy token list shows them\n' })
  })

  it('prints what was made as JSON, and nothing in a dry run', async () => {
    const { stdout } = await cli(['token', 'create', 'json', '--role', 'lobby', '-o', 'json'])
    expect(JSON.parse(stdout)).toMatchObject({ name: 'json', role: 'lobby', token: expect.stringMatching(TOKEN_PATTERN) })
    expect(await cli(['token', 'create', 'none', '--role', 'lobby', '--dry-run'])).toMatchObject({ code: 0, stdout: '' })
  })

  it.each([
    [['token', 'create', 'x'], {}, 2, "'--role <role>' not specified"],
    [['token', 'create', 'x', '--role', 'root'], {}, 2, 'Allowed choices are viewer, lobby, operator, admin'],
    [['token', 'create', 'x', '--role', 'viewer', '--expires', '30'], {}, 1, 'is no time such as 30d'],
    [['token', 'revoke', 'Not_A_Name'], {}, 1, 'is no name'],
    [['get', 'games'], { GALAXY_API_URL: 'http://127.0.0.1:1' }, 2, 'a token beside GALAXY_API_URL'],
    [['get', 'games'], { GALAXY_TOKEN: 'a b' }, 2, 'GALAXY_TOKEN: found something else (hidden)'],
    [['get', 'games'], { GALAXY_TOKEN: 'x', GALAXY_API_PORT: '0' }, 2, 'GALAXY_API_URL'],
    [['get', 'games'], { GALAXY_TOKEN: 'glx_hunter2', GALAXY_API_URL: 'https://127.0.0.1:1' }, 3, 'no controller answers'],
  ])('%j with %j ends with %d', async (args, env, code, told) => {
    const answer = await cli(args, env)
    expect(answer).toMatchObject({ code, stderr: expect.stringContaining(told) })
    expect(answer.stdout + answer.stderr).not.toContain('hunter2')
  })

  it('is what galaxy config hides', async () => {
    const { stdout } = await cli(['config'], { GALAXY_TOKEN: 'glx_hunter2' })
    expect(stdout).toMatch(/client\.token/)
    expect(stdout).not.toContain('hunter2')
  })
})
