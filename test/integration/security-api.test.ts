import { connect } from 'node:net'
import { networkInterfaces } from 'node:os'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startApi } from '../../src/api/server.ts'
import { hashToken } from '../../src/api/token.ts'
import { loadConfig } from '../../src/config.ts'
import { createLog } from '../../src/log.ts'
import { type ApiUnderTest, startApiUnderTest } from './api-server.ts'

let api: ApiUnderTest
beforeAll(async () => {
  api = await startApiUnderTest()
})
afterAll(() => api.stop())

const start = (env: Readonly<Record<string, string>>) => {
  const { config } = loadConfig({ env: { GALAXY_API_PORT: '0', ...env }, cwd: import.meta.dirname })
  const rest = {
    db: api.pool.db,
    databaseUrl: api.options.databaseUrl,
    view: api.view,
    scrape: () => Promise.resolve({ contentType: 'text/plain', text: '' }),
    localTokenHash: hashToken(api.token),
    signal: AbortSignal.timeout(60_000),
    log: createLog('silent'),
  }
  return startApi({ config, ...rest })
}

describe('the API', () => {
  it.each([
    '0.0.0.0',
    '::',
    '::ffff:0.0.0.0',
    '192.0.2.1',
    '10.0.0.1',
    'galaxy.example',
    '127.0.0.1.evil.example',
    '128.0.0.1',
    '127.0.0.1 ,0.0.0.0',
    '0',
  ])('does not listen on %s, unless it is told to', async (host) => {
    await expect(start({ GALAXY_API_HOST: host })).rejects.toThrow('beyond this machine')
  })

  it('listens anywhere when it is told to', async () => {
    const open = await start({ GALAXY_API_HOST: '0.0.0.0', GALAXY_API_ALLOW_OPEN: 'true' })
    await open.close()
  })

  it('is not reached through this machine’s other addresses, where containers would look for it', async () => {
    const others = Object.values(networkInterfaces()).flatMap(
      (each) => each?.filter(({ internal, family }) => !internal && family === 'IPv4') ?? [],
    )
    const port = Number(new URL(api.url).port)
    for (const { address } of others) await expect(connected(address, port), address).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    await connected('127.0.0.1', port)
  })

  it('lets nobody in by the name under which it is asked, nor from where', async () => {
    const disguises = [
      { host: '127.0.0.1' },
      { host: 'evil.example' },
      { 'x-forwarded-for': '127.0.0.1' },
      { 'x-forwarded-host': 'localhost' },
      { 'x-original-url': '/livez' },
      { origin: 'null' },
      { cookie: `token=${api.token}` },
      { 'x-authorization': `Bearer ${api.token}` },
    ]
    for (const headers of disguises) expect((await api.call('GET', '/api/v1/games', undefined, headers)).status).toBe(401)
    expect((await api.call('GET', `/api/v1/games?token=${api.token}`, undefined, {})).status).toBe(401)
  })

  it('gives other origins no leave to read its answers', async () => {
    const { headers } = await api.call('GET', '/api/v1/games', undefined, {
      authorization: `Bearer ${api.token}`,
      origin: 'https://evil.example',
    })
    expect(headers.get('access-control-allow-origin')).toBeNull()
  })

  it('never repeats a token that it refuses', async () => {
    const answer = await api.call('GET', '/api/v1/games', undefined, { authorization: 'Bearer glx_hunter2' })
    expect(JSON.stringify([answer.body, [...answer.headers]])).not.toContain('hunter2')
  })
})

describe('a hostile prototype in a body', () => {
  const proto = '{"__proto__": {"polluted": "yes"}, "constructor": {"prototype": {"polluted": "yes"}}}'
  const game = (name: string, inside: string) =>
    `{"apiVersion": "galaxy.dev/v1alpha1", "kind": "Game", "metadata": {"name": "${name}"}, "spec": {"engineVersion": "1.0.0"${inside}}}`

  it.each([
    ['PUT', '/games/polluted', proto],
    ['PUT', '/games/polluted', game('polluted', ', "__proto__": {"paused": true}')],
    ['PUT', '/games/polluted', game('polluted', String.raw`, "\u005f_proto__": {"paused": true}`)],
    ['PUT', '/games/polluted', game('polluted', ', "constructor": {"prototype": {"paused": true}}')],
    ['PUT', '/games/polluted', `{"__proto__": ${game('polluted', '')}}`],
    ['POST', '/manifests/apply', `{"files": [{"path": "a.yaml", "text": "x"}], "__proto__": {"force": true}}`],
    ['POST', '/internal/runtimes/polluted/start', '{"version": "1.0.0", "__proto__": {"image_ref": "evil"}}'],
    ['POST', '/admin/engine-versions', proto],
  ])('is refused: %s %s %s', async (method, path, body) => {
    const answer = await api.call(method, `/api/v1${path}`, body)
    expect([400, 422]).toContain(answer.status)
    expect(Reflect.get({}, 'polluted')).toBeUndefined()
    expect((await api.call('GET', '/api/v1/games/polluted')).status).toBe(404)
  })

  it('makes no path of its own', async () => {
    for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
      expect([400, 404]).toContain((await api.call('GET', `/api/v1/games/${name}`)).status)
      expect([400, 404]).toContain((await api.call('POST', `/api/v1/internal/runtimes/a/${name}`, {})).status)
      expect([400, 404]).toContain((await api.call('POST', `/api/v1/admin/engine-versions/1.0.0/${name}`)).status)
    }
  })
})

function connected(host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port }, () => {
      socket.destroy()
      resolve()
    })
    socket.once('error', reject)
  })
}
