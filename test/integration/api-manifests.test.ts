import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { acquireLease, bindInstance } from '../../src/database/lease.ts'
import { openPool } from '../../src/database/pool.ts'
import { type ApiUnderTest, startApiUnderTest } from './api-server.ts'

let api: ApiUnderTest
beforeAll(async () => {
  api = await startApiUnderTest()
})
afterAll(() => api.stop())

const manifest = (name: string, spec = 'engineVersion: 1.0.0') =>
  `apiVersion: galaxy.dev/v1alpha1\nkind: Game\nmetadata: {name: ${name}}\nspec: {${spec}}\n`
const version = (number: string) =>
  `apiVersion: galaxy.dev/v1alpha1\nkind: EngineVersion\nmetadata: {name: v}\nspec: {version: ${number}, enabled: true}\n`
const send = (verb: 'apply' | 'diff', files: Readonly<Record<string, string>>, more: object = {}) =>
  api.call('POST', `/api/v1/manifests/${verb}`, { files: Object.entries(files).map(([path, text]) => ({ path, text })), ...more })

describe('apply', () => {
  it('makes what the files say, wherever an engine version stands, and tells each outcome', async () => {
    const answer = await send('apply', { 'games.yaml': `${manifest('one')}---\n${manifest('two')}`, 'versions.yaml': version('1.1.0') })
    expect(answer).toMatchObject({
      status: 200,
      body: {
        results: [
          { kind: 'Game', name: 'one', outcome: 'created', path: 'games.yaml', line: 1 },
          { kind: 'Game', name: 'two', outcome: 'created', path: 'games.yaml', line: 6 },
          { kind: 'EngineVersion', outcome: 'created', path: 'versions.yaml' },
        ],
      },
    })
    expect((await api.call('GET', '/api/v1/games/two')).body).toMatchObject({
      metadata: { managedBy: 'api', writtenRef: expect.stringMatching(/^games\.yaml:6, token local, request /) },
    })
    expect((await send('apply', { 'games.yaml': manifest('one') })).body).toMatchObject({ results: [{ outcome: 'unchanged' }] })
    expect((await api.call('GET', '/api/v1/versions')).body).toMatchObject({
      items: [{ version: '1.0.0' }, { version: '1.0.1' }, { engine: 'galaxy', version: '1.1.0', enabled: true }],
    })
  })

  it('tells all problems of all files with their places, and applies nothing', async () => {
    const answer = await send('apply', {
      'a.yaml': manifest('fine'),
      'b.yaml': manifest('bad', 'engineVersoin: 1.0.0'),
      'c.yaml': 'kind: [',
      'd.yaml': manifest('fine'),
    })
    expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_request' } })
    const errors = answer.body['errors']
    expect(errors).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ file: 'b.yaml', line: 4, message: expect.stringContaining('engineVersion') }),
        expect.objectContaining({ file: 'c.yaml', line: expect.any(Number) }),
        expect.objectContaining({ file: 'd.yaml', message: expect.stringContaining('a.yaml:1') }),
      ]),
    )
    expect((await api.call('GET', '/api/v1/games/fine')).status).toBe(404)
  })

  it('refuses one document without holding up the others', async () => {
    await api.pool.db.insertInto('desired_games').values({ game_id: 'lobbys', engine_version: '1.0.0' }).execute()
    const answer = await send('apply', { 'a.yaml': `${manifest('lobbys', 'engineVersion: 1.0.1')}---\n${manifest('three')}` })
    expect(answer.body).toMatchObject({
      results: [
        { name: 'lobbys', outcome: 'refused', problem: expect.stringContaining('lobby') },
        { name: 'three', outcome: 'created' },
      ],
    })
    const forced = await send('apply', { 'a.yaml': manifest('lobbys', 'engineVersion: 1.0.1') }, { force: true })
    expect(forced.body).toMatchObject({ results: [{ outcome: 'changed' }] })
  })

  it('as a dry run writes nothing', async () => {
    expect((await send('apply', { 'a.yaml': manifest('dry') }, { dryRun: true })).body).toMatchObject({
      dryRun: true,
      results: [{ outcome: 'created' }],
    })
    expect((await api.call('GET', '/api/v1/games/dry')).status).toBe(404)
  })

  it.each([
    ['no files', { files: [] }],
    ['no document', { files: [{ path: 'a.yaml', text: '# nothing\n' }] }],
    ['an unknown field', { files: [{ path: 'a.yaml', text: '' }], forse: true }],
    ['a text that is none', { files: [{ path: 'a.yaml', text: 1 }] }],
    ['no object', 'null'],
  ])('with %s is a bad request', async (_case, body) => {
    expect(await api.call('POST', '/api/v1/manifests/apply', body)).toMatchObject({ status: 400, body: { code: 'invalid_request' } })
  })
})

describe('diff', () => {
  it('tells the fields that differ and what the controller would do', async () => {
    const answer = await send('diff', { 'a.yaml': manifest('one', 'engineVersion: 1.0.1, paused: true') })
    expect(answer.body).toMatchObject({ differs: true, results: [{ name: 'one', outcome: 'changed', plan: { text: 'one: start' } }] })
    expect(api.view.plannedFor.at(-1)).toMatchObject({ gameId: 'one', engineVersion: '1.0.1', paused: true, generation: 2 })
    expect((await api.call('GET', '/api/v1/games/one')).body).toMatchObject({ spec: { engineVersion: '1.0.0' } })
  })

  it('finds nothing in what is applied already', async () => {
    expect((await send('diff', { 'a.yaml': manifest('one') })).body).toMatchObject({
      differs: false,
      results: [{ outcome: 'unchanged', plan: null }],
    })
  })

  it('on a standby shows the fields without a plan', async () => {
    api.view.leads = false
    expect((await send('diff', { 'a.yaml': manifest('new') })).body).toMatchObject({ results: [{ outcome: 'created', plan: null }] })
    api.view.leads = true
  })
})

describe('prune', () => {
  it('shows what waits, and deletes only when told', async () => {
    expect((await api.call('POST', '/api/v1/manifests/prune?dryRun=true')).body).toMatchObject({ deleted: [], waiting: [] })
    expect((await api.call('POST', '/api/v1/manifests/prune')).body).toMatchObject({ deleted: ['game/old'] })
  })
})

describe('operations', () => {
  const id = '0190a0a0-0000-7000-8000-00000000000a'

  beforeAll(async () => {
    await bindInstance(api.pool.db, 'default')
    const epoch = await acquireLease(api.pool.db, { instance: 'default', holder: 'test', ttlMs: 60_000, staleAfterMs: 30_000 })
    const options = api.pool.pool.options
    const url = options.connectionString ?? ''
    const writer = openPool({
      url,
      applicationName: 'galaxy-api-test-writer',
      max: 1,
      session: { instance: 'default', leaseEpoch: epoch ?? 0 },
    })
    const started = { game_id: 'one', op: 'start', source: 'lobby', status: 'running', cause: 'nothing runs', started_at: new Date() }
    await writer.db
      .insertInto('operation_log')
      .values({ operation_id: id, ...started })
      .execute()
    await writer.db
      .insertInto('operation_actions')
      .values({ operation_id: id, seq: 0, kind: 'create_container', target: 'galaxy-game-one', reason: 'it is missing' })
      .execute()
    setTimeout(() => {
      const end = writer.db
        .updateTable('operation_log')
        .set({ status: 'succeeded', finished_at: new Date() })
        .where('operation_id', '=', id)
        .execute()
      void end.then(writer.close, writer.close)
    }, 400)
  })

  it('can be waited on, and come with their actions', async () => {
    const answer = await api.call('GET', `/api/v1/operations/${id}?wait=10s`)
    expect(answer).toMatchObject({
      status: 200,
      body: { id, game: 'one', op: 'start', status: 'succeeded', actions: [{ kind: 'create_container', outcome: null }] },
    })
  })

  it('are listed of all games and of one', async () => {
    expect((await api.call('GET', '/api/v1/operations')).body).toMatchObject({ items: [{ id }], metadata: { continue: null } })
    expect((await api.call('GET', '/api/v1/games/one/operations?limit=1')).body).toMatchObject({ items: [{ id }] })
    expect((await api.call('GET', '/api/v1/games/two/operations')).body).toMatchObject({ items: [] })
  })

  it('that do not exist are not found, and ids that are none are refused', async () => {
    expect((await api.call('GET', '/api/v1/operations/0190a0a0-0000-7000-8000-00000000000b?wait=5s')).status).toBe(404)
    expect((await api.call('GET', '/api/v1/operations/..%2fgames')).status).toBe(400)
    expect((await api.call('GET', `/api/v1/operations/${id}?wait=soon`)).status).toBe(400)
  })
})
