import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ApiUnderTest, gameBody, startApiUnderTest } from './api-server.ts'

let api: ApiUnderTest
beforeAll(async () => {
  api = await startApiUnderTest()
})
afterAll(() => api.stop())

const game = (id: string, query = '') => `/api/v1/games/${id}${query}`

describe('PUT a game', () => {
  it('makes it, and answers with the envelope and its version as ETag', async () => {
    const answer = await api.call('PUT', game('made'), gameBody('made', { resources: { cpus: 0.5, memory: '128Mi' } }, { tier: 'free' }))
    expect(answer).toMatchObject({
      status: 201,
      body: {
        apiVersion: 'galaxy.dev/v1alpha1',
        kind: 'Game',
        metadata: { name: 'made', labels: { tier: 'free' }, generation: 1, managedBy: 'api', writtenBy: 'api' },
        spec: { engine: 'galaxy', engineVersion: '1.0.0', state: 'Running', resources: { cpus: 0.5, memory: '128Mi', pids: null } },
        status: { status: null, ready: 'Unknown', conditions: [], fresh: false },
      },
    })
    expect(answer.headers.get('etag')).toBe(`"${String(Reflect.get(Object(answer.body['metadata']), 'resourceVersion'))}"`)
  })

  it('again changes nothing, not even its version', async () => {
    const first = await api.call('PUT', game('twice'), gameBody('twice'))
    const second = await api.call('PUT', game('twice'), gameBody('twice'))
    expect(second.status).toBe(200)
    expect(second.headers.get('etag')).toBe(first.headers.get('etag'))
  })

  it('with If-Match is refused when somebody was faster', async () => {
    const first = await api.call('PUT', game('raced'), gameBody('raced'))
    const seen = first.headers.get('etag') ?? ''
    const changed = await api.call('PUT', game('raced'), gameBody('raced', { paused: true }), withMatch(seen))
    expect(changed.status).toBe(200)
    const late = await api.call('PUT', game('raced'), gameBody('raced', { paused: false }), withMatch(seen))
    expect(late).toMatchObject({ status: 412, body: { code: 'precondition_failed' } })
    expect((await api.call('GET', game('raced'))).body).toMatchObject({ spec: { paused: true } })
  })

  it('with If-Match is refused where there is no game', async () => {
    expect(await api.call('PUT', game('absent'), gameBody('absent'), withMatch('"1"'))).toMatchObject({ status: 412 })
    expect((await api.call('GET', game('absent'))).status).toBe(404)
  })

  it('with an If-Match that is not ours is refused rather than ignored', async () => {
    expect(await api.call('PUT', game('absent'), gameBody('absent'), withMatch('W/"abc"'))).toMatchObject({ status: 400 })
  })

  it('as a dry run tells what would happen and writes nothing', async () => {
    const answer = await api.call('PUT', game('dry', '?dryRun=true'), gameBody('dry'))
    expect(answer).toMatchObject({ status: 200, body: { kind: 'DryRun', outcome: 'created', plan: { text: 'dry: start', actions: 2 } } })
    expect(api.view.plannedFor.at(-1)).toMatchObject({ gameId: 'dry', state: 'running', engineVersion: '1.0.0' })
    expect((await api.call('GET', game('dry'))).status).toBe(404)
  })

  it.each([
    ['an unknown field', gameBody('bad', { engineVersoin: '1.0.0' }), 'spec.engineVersoin'],
    ['a wrong type', gameBody('bad', { paused: 'yes' }), 'spec.paused'],
    ['no version', gameBody('bad', { engineVersion: 'one' }), 'spec.engineVersion'],
    ['a stop without a reason', gameBody('bad', { state: 'Stopped' }), 'spec.stopReason'],
  ])('with %s is refused by the field’s name', async (_case, body, field) => {
    expect(await api.call('PUT', game('bad'), body)).toMatchObject({
      status: 400,
      type: expect.stringContaining('application/problem+json'),
      body: {
        type: 'urn:galaxy:problem:invalid_request',
        code: 'invalid_request',
        title: expect.any(String),
        detail: expect.any(String),
        requestId: expect.any(String),
        errors: [{ field }],
      },
    })
  })

  it.each([
    ['another name than the address', gameBody('other')],
    ['no document', null],
    ['a list', []],
    [
      'an engine version',
      { apiVersion: 'galaxy.dev/v1alpha1', kind: 'EngineVersion', metadata: { name: 'x' }, spec: { version: '1.0.0' } },
    ],
  ])('with %s is refused', async (_case, body) => {
    expect(await api.call('PUT', game('bad'), body)).toMatchObject({ status: 400, body: { code: 'invalid_request' } })
  })

  it('with broken JSON, too much of it, or an unknown parameter is refused', async () => {
    expect(await api.call('PUT', game('bad'), '{"a":')).toMatchObject({ status: 400, body: { code: 'invalid_request' } })
    expect(await api.call('PUT', game('bad'), gameBody('bad', { engine: 'x'.repeat(1024 ** 2) }))).toMatchObject({ status: 413 })
    expect(await api.call('PUT', game('bad', '?dryrun=true'), gameBody('bad'))).toMatchObject({
      status: 400,
      body: { detail: expect.stringContaining('dryrun') },
    })
  })

  it('of a game that the lobby manages is a conflict that names the owner, until forced', async () => {
    await api.pool.db.insertInto('desired_games').values({ game_id: 'lobbys', engine_version: '1.0.0' }).execute()
    const refused = await api.call('PUT', game('lobbys'), gameBody('lobbys', { engineVersion: '1.0.1' }))
    expect(refused).toMatchObject({ status: 409, body: { code: 'conflict', detail: expect.stringContaining('lobby') } })
    const forced = await api.call('PUT', game('lobbys', '?force=true'), gameBody('lobbys', { engineVersion: '1.0.1' }))
    expect(forced).toMatchObject({ status: 200, body: { metadata: { managedBy: 'api' }, spec: { engineVersion: '1.0.1' } } })
  })
})

describe('DELETE a game', () => {
  it('sets the tombstone, once, and writes who asked', async () => {
    await api.call('PUT', game('gone'), gameBody('gone'))
    const first = await api.call('DELETE', game('gone'))
    expect(first).toMatchObject({
      status: 202,
      body: { metadata: { deletedAt: expect.any(String), writtenBy: 'api', writtenRef: expect.stringMatching(/^token local, request /) } },
    })
    const again = await api.call('DELETE', game('gone'))
    expect(again).toMatchObject({
      status: 202,
      body: { metadata: { resourceVersion: Reflect.get(Object(first.body['metadata']), 'resourceVersion') } },
    })
  })

  it('as a dry run, or with an outdated If-Match, changes nothing', async () => {
    await api.call('PUT', game('stays'), gameBody('stays'))
    expect((await api.call('DELETE', game('stays', '?dryRun=true'))).status).toBe(200)
    expect((await api.call('DELETE', game('stays'), undefined, withMatch('"1"'))).status).toBe(412)
    expect((await api.call('GET', game('stays'))).body).toMatchObject({ metadata: { deletedAt: null } })
  })

  it('asks for a purge in so many words, and not as an afterthought', async () => {
    await api.call('PUT', game('purged'), gameBody('purged'))
    await api.call('DELETE', game('purged'))
    expect(await api.call('DELETE', game('purged', '?purgeState=true'))).toMatchObject({ status: 409, body: { code: 'conflict' } })
  })

  it('of an unknown game, or a write to a deleted one, says so', async () => {
    expect(await api.call('DELETE', game('never-was'))).toMatchObject({ status: 404, body: { code: 'not_found' } })
    expect(await api.call('PUT', game('purged'), gameBody('purged', { paused: true }))).toMatchObject({
      status: 409,
      body: { detail: expect.stringContaining('being deleted') },
    })
  })
})

describe('GET games', () => {
  it('comes in pages that miss and repeat nothing', async () => {
    const seen: string[] = []
    let path: string | null = '/api/v1/games?limit=2'
    while (path !== null) {
      const { body }: { body: Readonly<Record<string, unknown>> } = await api.call('GET', path)
      seen.push(...names(body))
      const next: unknown = Reflect.get(Object(body['metadata']), 'continue')
      path = typeof next === 'string' ? `/api/v1/games?limit=2&continue=${next}` : null
    }
    expect(seen).toEqual(names((await api.call('GET', '/api/v1/games')).body))
    expect(seen.length).toBeGreaterThan(2)
  })

  it.each([
    ['tier=free', ['made']],
    ['tier', ['made']],
    ['tier!=free,!tier', ['twice']],
    ['tier=paid', []],
  ])('by the label selector %s', async (selector, expected) => {
    const found = names((await api.call('GET', `/api/v1/games?labelSelector=${encodeURIComponent(selector)}`)).body)
    expect(found.filter((name) => name === 'made' || name === 'twice')).toEqual(expected)
  })

  it.each(['limit=x', 'labelSelector=', 'labelSelector=a==b==c', 'continue=%2e%2e', 'unknown=1', 'limit=1&limit=2'])(
    'refuses ?%s',
    async (query) => {
      expect(await api.call('GET', `/api/v1/games?${query}`)).toMatchObject({ status: 400, body: { code: 'invalid_request' } })
    },
  )
})

describe('a plan', () => {
  it('is what the controller would do now', async () => {
    expect(await api.call('GET', game('made', '/plan'))).toMatchObject({ status: 200, body: { game: 'made', actions: 2 } })
  })

  it('is not made by a standby, nor for an unknown game', async () => {
    expect((await api.call('GET', game('never-was', '/plan'))).status).toBe(404)
    api.view.leads = false
    expect(await api.call('GET', game('made', '/plan'))).toMatchObject({ status: 503, body: { code: 'service_unavailable' } })
    api.view.leads = true
  })
})

function withMatch(version: string) {
  return { authorization: `Bearer ${api.token}`, 'if-match': version }
}

function names(body: Readonly<Record<string, unknown>>): string[] {
  const items: unknown = body['items']
  return Array.isArray(items) ? items.map((item) => String(item.metadata.name)) : []
}
