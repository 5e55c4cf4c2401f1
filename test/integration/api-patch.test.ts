import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ApiUnderTest, gameBody, startApiUnderTest } from './api-server.ts'

let api: ApiUnderTest
beforeAll(async () => {
  api = await startApiUnderTest()
})
afterAll(() => api.stop())

const MERGE = 'application/merge-patch+json'
const patch = (id: string, body: unknown, { query = '', headers = {} } = {}) =>
  api.call('PATCH', `/api/v1/games/${id}${query}`, body, { authorization: `Bearer ${api.token}`, 'content-type': MERGE, ...headers })
const put = (id: string, spec: object = {}, labels = {}) => api.call('PUT', `/api/v1/games/${id}`, gameBody(id, spec, labels))
const etag = ({ headers }: { headers: Headers }) => headers.get('etag') ?? ''

describe('PATCH a game', () => {
  it('changes what it names, takes away what it names as null, and leaves the rest', async () => {
    await put('named', { turnSchedule: '0 18 * * *', resources: { cpus: 0.5, memory: '128Mi' } }, { tier: 'free', region: 'eu' })
    const answer = await patch('named', {
      metadata: { labels: { tier: null, vip: 'yes' } },
      spec: { engineVersion: '1.0.1', turnSchedule: null, resources: { memory: '256Mi' } },
    })
    expect(answer).toMatchObject({
      status: 200,
      body: {
        metadata: { labels: { region: 'eu', vip: 'yes' }, generation: 2, writtenRef: expect.stringMatching(/^token local, request /) },
        spec: { engineVersion: '1.0.1', turnSchedule: null, resources: { cpus: 0.5, memory: '256Mi', pids: null } },
      },
    })
    expect(etag(answer)).toBe(`"${String(Reflect.get(Object(answer.body['metadata']), 'resourceVersion'))}"`)
  })

  it('that changes nothing writes nothing', async () => {
    const before = await put('same')
    expect(etag(await patch('same', { spec: { engineVersion: '1.0.0' } }))).toBe(etag(before))
    expect(etag(await patch('same', {}))).toBe(etag(before))
  })

  it('takes plain JSON too, and no other kind of patch', async () => {
    await put('kinds')
    expect(await patch('kinds', { spec: { paused: true } }, { headers: { 'content-type': 'application/json' } })).toMatchObject({
      status: 200,
      body: { spec: { paused: true } },
    })
    expect(await patch('kinds', {}, { headers: { 'content-type': 'application/json-patch+json' } })).toMatchObject({
      status: 415,
      body: { code: 'invalid_request' },
    })
    const elsewhere = await api.call('PUT', '/api/v1/games/kinds', gameBody('kinds'), {
      authorization: `Bearer ${api.token}`,
      'content-type': MERGE,
    })
    expect(elsewhere.status).toBe(415)
  })

  it('writes a pause, a stop and a start where it names them, and only there', async () => {
    await put('paused')
    await patch('paused', { spec: { paused: true } })
    expect((await patch('paused', { spec: { turnSchedule: '0 18 * * *' } })).body).toMatchObject({ spec: { paused: true } })
    expect((await patch('paused', { spec: { paused: null } })).body).toMatchObject({ spec: { paused: false } })
    expect((await patch('paused', { spec: { state: 'Stopped', stopReason: 'admin_request' } })).body).toMatchObject({
      spec: { state: 'Stopped', stopReason: 'admin_request' },
    })
    expect((await patch('paused', { spec: { state: 'Running', stopReason: null } })).body).toMatchObject({
      spec: { state: 'Running', stopReason: null },
    })
  })

  it('with If-Match is refused when somebody was faster', async () => {
    const seen = etag(await put('raced'))
    await patch('raced', { spec: { paused: true } })
    expect(await patch('raced', { spec: { paused: false } }, { headers: { 'if-match': seen } })).toMatchObject({
      status: 412,
      body: { code: 'precondition_failed' },
    })
  })

  it('without If-Match loses nothing of what others patch at the same time', async () => {
    await put('busy')
    const names = Array.from({ length: 8 }, (_, index) => `label${index}`)
    const answers = await Promise.all(names.map((name) => patch('busy', { metadata: { labels: { [name]: 'x' } } })))
    expect(answers.map(({ status }) => status)).toEqual(names.map(() => 200))
    expect((await api.call('GET', '/api/v1/games/busy')).body).toMatchObject({
      metadata: { labels: Object.fromEntries(names.map((name) => [name, 'x'])) },
    })
  })

  it('made over a write of another connection takes that in', async () => {
    await put('crossed')
    const { db } = api.pool
    const during = db.transaction().execute(async (trx) => {
      await sql`UPDATE desired_games SET labels = '{"theirs": "yes"}' WHERE game_id = 'crossed'`.execute(trx)
      const patched = patch('crossed', { metadata: { labels: { ours: 'yes' } } })
      await expect.poll(() => waitingForLock(), { timeout: 5_000 }).toBeGreaterThan(0)
      return { patched }
    })
    expect((await (await during).patched).body).toMatchObject({ metadata: { labels: { theirs: 'yes', ours: 'yes' } } })
  })

  it('of a game that the lobby manages is a conflict that names the owner, until forced; a pause is not', async () => {
    await api.pool.db.insertInto('desired_games').values({ game_id: 'lobbys', engine_version: '1.0.0' }).execute()
    const change = { spec: { engineVersion: '1.0.1' } }
    expect(await patch('lobbys', change)).toMatchObject({
      status: 409,
      body: { code: 'conflict', detail: expect.stringContaining('lobby') },
    })
    expect(await patch('lobbys', { spec: { paused: true } })).toMatchObject({ status: 200, body: { metadata: { managedBy: 'lobby' } } })
    expect(await patch('lobbys', change, { query: '?force=true' })).toMatchObject({
      status: 200,
      body: { metadata: { managedBy: 'api' }, spec: { engineVersion: '1.0.1', paused: true } },
    })
  })

  it('as a dry run tells what would change, with the plan, and writes nothing', async () => {
    const before = await put('dry')
    expect(await patch('dry', { spec: { engineVersion: '1.0.1' } }, { query: '?dryRun=true' })).toMatchObject({
      status: 200,
      body: {
        kind: 'DryRun',
        outcome: 'changed',
        changes: [{ path: 'engineVersion', before: '1.0.0', after: '1.0.1' }],
        plan: { text: 'dry: start' },
      },
    })
    expect(etag(await api.call('GET', '/api/v1/games/dry'))).toBe(etag(before))
  })

  it.each([
    ['an unknown field', { spec: { engineVersoin: '1.0.0' } }, 'engineVersion'],
    ['a wrong type', { spec: { paused: 'yes' } }, 'paused'],
    ['another name', { metadata: { name: 'other' } }, 'other'],
    ['no version left', { spec: { engineVersion: null } }, 'version'],
    ['a list', [], 'object'],
    ['a text', '"text"', 'object'],
    ['too much depth', `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`, 'levels'],
    ['a poisoned key', '{"__proto__": {"x": 1}}', 'not valid JSON'],
  ])('with %s is refused', async (_case, body, detail) => {
    await put('bad')
    expect(await patch('bad', body)).toMatchObject({
      status: 400,
      body: { code: 'invalid_request', detail: expect.stringContaining(detail) },
    })
  })

  it('of no game says so, and a PUT that is nested too deep is refused as well', async () => {
    expect(await patch('never-was', {})).toMatchObject({ status: 404, body: { code: 'not_found' } })
    const deep = `{"spec": ${'['.repeat(100_000)}${']'.repeat(100_000)}}`
    expect(await api.call('PUT', '/api/v1/games/bad', deep)).toMatchObject({ status: 400, body: { code: 'invalid_request' } })
  })
})

describe('GET games by field selector', () => {
  beforeAll(async () => {
    await put('field-a', { engineVersion: '1.0.0' }, { set: 'fields' })
    await put('field-b', { engineVersion: '1.0.1', state: 'Stopped', stopReason: 'cancelled' }, { set: 'fields' })
  })

  it.each([
    ['spec.engineVersion=1.0.1', ['field-b']],
    ['spec.engineVersion!=1.0.1,metadata.managedBy=api', ['field-a']],
    ['spec.state=Stopped', ['field-b']],
    ['spec.stopReason=', ['field-a']],
    ['spec.paused=false', ['field-a', 'field-b']],
    ['status.ready=Unknown,status.status=', ['field-a', 'field-b']],
    ['status.ready=True', []],
    ['metadata.name=field-a', ['field-a']],
    ["metadata.name=' OR true --", []],
  ])('%s', async (selector, expected) => {
    for (const path of ['/api/v1/games', '/api/v1/internal/runtimes']) {
      const { body } = await api.call('GET', `${path}?labelSelector=set%3Dfields&fieldSelector=${encodeURIComponent(selector)}`)
      expect(namesOf(body)).toEqual(expected)
    }
  })

  it('names the known fields where one is not', async () => {
    expect(await api.call('GET', '/api/v1/games?fieldSelector=status.redy%3DTrue')).toMatchObject({
      status: 400,
      body: { code: 'invalid_request', detail: expect.stringContaining('status.ready') },
    })
  })
})

describe('the difference of a game', () => {
  it('is told field by field with its reason, and the plan', async () => {
    await put('compared')
    const difference = {
      side: 'accepted',
      field: 'state',
      wanted: 'running',
      found: 'exited',
      why: 'container x ended with exit code 1',
    } as const
    api.view.comparison = {
      differences: [difference],
      notes: ['a note'],
      reason: 'it crashed',
      plan: { text: 'compared: restart', actions: 1 },
    }
    expect(await api.call('GET', '/api/v1/games/compared/diff')).toMatchObject({
      status: 200,
      body: { kind: 'GameDiff', game: 'compared', differs: true, differences: [difference], notes: ['a note'], reason: 'it crashed' },
    })
    api.view.comparison = null
    expect((await api.call('GET', '/api/v1/games/compared/diff')).body).toMatchObject({ differs: false, differences: [] })
  })

  it('is not told by a standby, nor of an unknown game', async () => {
    expect((await api.call('GET', '/api/v1/games/never-was/diff')).status).toBe(404)
    api.view.leads = false
    expect(await api.call('GET', '/api/v1/games/compared/diff')).toMatchObject({ status: 503, body: { code: 'service_unavailable' } })
    api.view.leads = true
  })
})

async function waitingForLock(): Promise<number> {
  const { rows } = await sql<{ count: number }>`SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'`.execute(api.pool.db)
  return rows[0]?.count ?? 0
}

function namesOf(body: Readonly<Record<string, unknown>>): string[] {
  const items: unknown = body['items']
  return Array.isArray(items) ? items.map((item) => String(item.metadata.name)) : []
}
