import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { writeAddress } from '../../src/api/address-file.ts'
import { acquireLease } from '../../src/database/lease.ts'
import { openPool } from '../../src/database/pool.ts'
import { galaxy } from '../support/galaxy.ts'
import { type ApiUnderTest, startApiUnderTest } from './api-server.ts'
import { makeFolder, startRescans, version as manifest } from './manifest-builders.ts'

const PATH = '/api/v1/admin/engine-versions'

/** An EngineVersion document as JSON. */
const body = (version: string, spec: object = {}) => ({
  apiVersion: 'galaxy.dev/v1alpha1',
  kind: 'EngineVersion',
  metadata: { name: `v-${version}` },
  spec: { version, ...spec },
})

let api: ApiUnderTest
beforeAll(async () => {
  api = await startApiUnderTest()
})
afterAll(() => api.stop())

const authorized = (more: Readonly<Record<string, string>>) => ({ authorization: `Bearer ${api.token}`, ...more })
const desire = (game_id: string, engine_version: string, engine = 'galaxy') =>
  api.pool.db.insertInto('desired_games').values({ game_id, engine, engine_version }).execute()

describe('a new engine version', () => {
  it('is registered with every default written out, once', async () => {
    const first = await api.call('POST', PATH, body('2.0.0', { protocol: 'none', probe: { tcp: { port: 1234 } } }))
    expect(first).toMatchObject({
      status: 201,
      body: {
        kind: 'EngineVersion',
        metadata: { name: 'galaxy-2.0.0', resourceVersion: expect.stringMatching(/^\d+$/) },
        spec: {
          engine: 'galaxy',
          version: '2.0.0',
          image: null,
          enabled: true,
          protocol: 'none',
          probe: { tcp: { port: 1234 } },
          port: 8080,
        },
        status: { image: 'galaxy-engine:2.0.0', desiredBy: [], manifest: null },
        outcome: 'created',
        warnings: [],
      },
    })
    expect(await api.call('POST', PATH, body('2.0.0'))).toMatchObject({ status: 409, body: { code: 'conflict' } })
    expect((await api.call('GET', `${PATH}/2.0.0`)).body).toMatchObject({ spec: { protocol: 'none' } })
  })

  it('is registered by one of two that ask at once', async () => {
    const answers = await Promise.all([api.call('POST', PATH, body('2.0.1')), api.call('POST', PATH, body('2.0.1', { port: 9000 }))])
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([201, 409])
  })

  it('as a dry run is not registered', async () => {
    const answer = await api.call('POST', `${PATH}?dryRun=true`, body('2.0.2', { image: 'other:1' }))
    expect(answer).toMatchObject({ status: 200, body: { kind: 'DryRun', outcome: 'created' } })
    expect((await api.call('GET', `${PATH}/2.0.2`)).status).toBe(404)
  })

  it.each([
    ['an unknown field', body('3.0.0', { protocl: 'none' }), /spec.protocl .*did you mean protocol\?/],
    ['a version that is none', body('3.0'), /spec.version .*1\.0\.0/],
    ['a bad image', body('3.0.0', { image: 'UPPER:1' }), /lower case/],
    ['two probes', body('3.0.0', { probe: { docker: true, none: true } }), /exactly one of http, tcp, docker and none/],
    ['another kind', { ...body('3.0.0'), kind: 'Game' }, /spec.version is not a field of kind Game/],
    ['no document', null, /kind EngineVersion/],
  ])('with %s is a bad request that says so', async (_case, sent, message) => {
    expect(await api.call('POST', PATH, sent)).toMatchObject({
      status: 400,
      type: expect.stringContaining('application/problem+json'),
      body: { code: 'invalid_request', detail: expect.stringMatching(message) },
    })
    expect((await api.call('GET', `${PATH}/3.0.0`)).status).toBe(404)
  })
})

describe('a registered engine version', () => {
  it('is replaced by PUT, made by it where it is missing, and not written when nothing differs', async () => {
    expect(await api.call('PUT', `${PATH}/4.0.0`, body('4.0.0'))).toMatchObject({ status: 201, body: { outcome: 'created' } })
    const before = (await api.call('GET', `${PATH}/4.0.0`)).headers.get('etag')
    expect(await api.call('PUT', `${PATH}/4.0.0`, body('4.0.0'))).toMatchObject({ status: 200, body: { outcome: 'unchanged' } })
    expect((await api.call('GET', `${PATH}/4.0.0`)).headers.get('etag')).toBe(before)
    const changed = await api.call('PUT', `${PATH}/4.0.0`, body('4.0.0', { env: { LANG: 'C.UTF-8' } }))
    expect(changed).toMatchObject({ status: 200, body: { outcome: 'changed', spec: { env: { LANG: 'C.UTF-8' } } } })
  })

  it('must be the one that the address names', async () => {
    expect(await api.call('PUT', `${PATH}/4.0.1`, body('4.0.0'))).toMatchObject({
      status: 400,
      body: { detail: 'spec says galaxy/4.0.0, but the address names galaxy/4.0.1' },
    })
    expect((await api.call('PUT', `${PATH}/4.0.0?engine=other`, body('4.0.0'))).status).toBe(400)
  })

  it('is of the engine that the query names, galaxy unless said', async () => {
    await api.call('POST', PATH, body('0.10.2', { engine: 'monopd' }))
    expect((await api.call('GET', `${PATH}/0.10.2`)).status).toBe(404)
    expect((await api.call('GET', `${PATH}/0.10.2?engine=monopd`)).body).toMatchObject({ spec: { engine: 'monopd' } })
    const list = await api.call('GET', `${PATH}?engine=monopd`)
    expect(list.body).toMatchObject({ kind: 'EngineVersionList', items: [{ metadata: { name: 'monopd-0.10.2' } }], problems: [] })
  })

  it('keeps its image while games desire it, and the refusal names them', async () => {
    await api.call('POST', PATH, body('5.0.0'))
    await desire('wanted-one', '5.0.0')
    await desire('wanted-two', '5.0.0')
    const refusal = { status: 409, body: { code: 'conflict', detail: expect.stringContaining('desired by wanted-one, wanted-two') } }
    for (const query of ['', '?dryRun=true']) {
      expect(await api.call('PUT', `${PATH}/5.0.0${query}`, body('5.0.0', { image: 'other:1' }))).toMatchObject(refusal)
      expect(await api.call('DELETE', `${PATH}/5.0.0${query}`)).toMatchObject(refusal)
    }
    expect(await api.call('PUT', `${PATH}/5.0.0`, body('5.0.0', { port: 9000 }))).toMatchObject({
      status: 200,
      body: { spec: { port: 9000 } },
    })
    expect((await api.call('GET', `${PATH}/5.0.0`)).body).toMatchObject({ status: { desiredBy: ['wanted-one', 'wanted-two'] } })
  })

  it('is disabled and enabled again, each once', async () => {
    await api.call('POST', PATH, body('6.0.0'))
    expect((await api.call('POST', `${PATH}/6.0.0/disable?dryRun=true`)).body).toMatchObject({ kind: 'DryRun', outcome: 'changed' })
    expect((await api.call('POST', `${PATH}/6.0.0/disable`)).body).toMatchObject({ outcome: 'changed', spec: { enabled: false } })
    expect((await api.call('POST', `${PATH}/6.0.0/disable`)).body).toMatchObject({ outcome: 'unchanged', spec: { enabled: false } })
    const start = await api.call('PUT', '/api/v1/games/too-late', {
      apiVersion: 'galaxy.dev/v1alpha1',
      kind: 'Game',
      metadata: { name: 'too-late' },
      spec: { engineVersion: '6.0.0' },
    })
    expect(start).toMatchObject({ status: 422, body: { code: 'start_config_invalid', detail: expect.stringContaining('disabled') } })
    expect((await api.call('POST', `${PATH}/6.0.0/enable`)).body).toMatchObject({ outcome: 'changed', spec: { enabled: true } })
  })

  it('is deleted, and then not found', async () => {
    await api.call('POST', PATH, body('7.0.0'))
    expect((await api.call('DELETE', `${PATH}/7.0.0?dryRun=true`)).body).toMatchObject({ kind: 'DryRun' })
    expect(await api.call('DELETE', `${PATH}/7.0.0`)).toMatchObject({ status: 200, body: { kind: 'Deleted', warnings: [] } })
    for (const [method, path] of [
      ['GET', '7.0.0'],
      ['DELETE', '7.0.0'],
      ['POST', '7.0.0/disable'],
    ] as const)
      expect(await api.call(method, `${PATH}/${path}`)).toMatchObject({ status: 404, body: { code: 'not_found' } })
  })

  it('is written only at the resource version that If-Match expects', async () => {
    await api.call('POST', PATH, body('8.0.0'))
    const etag = (await api.call('GET', `${PATH}/8.0.0`)).headers.get('etag') ?? ''
    const ifMatch = authorized({ 'if-match': etag })
    expect((await api.call('PUT', `${PATH}/8.0.0`, body('8.0.0', { port: 1 }), ifMatch)).status).toBe(200)
    const stale = { status: 412, body: { code: 'precondition_failed' } }
    expect(await api.call('PUT', `${PATH}/8.0.0`, body('8.0.0', { port: 2 }), ifMatch)).toMatchObject(stale)
    expect(await api.call('POST', `${PATH}/8.0.0/disable`, undefined, ifMatch)).toMatchObject(stale)
    expect(await api.call('DELETE', `${PATH}/8.0.0`, undefined, ifMatch)).toMatchObject(stale)
    expect((await api.call('GET', `${PATH}/8.0.0`)).body).toMatchObject({ spec: { port: 1, enabled: true } })
  })
})

describe('the list of engine versions', () => {
  it('goes from the lowest version to the highest, page by page', async () => {
    for (const version of ['1.10.0', '1.9.0', '1.9.0-rc.1', '1.9.0+build.7'])
      await api.call('POST', PATH, body(version, { engine: 'pages' }))
    const names: unknown[] = []
    let next: unknown = null
    do {
      const page = await api.call('GET', `${PATH}?engine=pages&limit=3${next === null ? '' : `&continue=${String(next)}`}`)
      const { items, metadata } = page.body
      if (!Array.isArray(items)) throw new Error('no items')
      names.push(...items.map((item: { spec: { version: string } }) => item.spec.version))
      next = (metadata as { continue: string | null }).continue // as the list's answer has it
    } while (next !== null)
    expect(names).toEqual(['1.9.0-rc.1', '1.9.0', '1.9.0+build.7', '1.10.0'])
    expect((await api.call('GET', `${PATH}?continue=bm8`)).status).toBe(410)
    expect((await api.call('GET', `${PATH}/${encodeURIComponent('1.9.0+build.7')}?engine=pages`)).status).toBe(200)
  })

  it('wants a token, as everything does', async () => {
    expect((await api.call('GET', PATH, undefined, {})).status).toBe(401)
    expect((await api.call('DELETE', `${PATH}/1.0.0`, undefined, {})).status).toBe(401)
  })
})

describe('an engine version of the watched folder', () => {
  it('may be changed by others, who are told that the folder has it back', async () => {
    await acquireLease(api.pool.db, { instance: 'default', holder: 'test', ttlMs: 600_000, staleAfterMs: 30_000 })
    const url = api.pool.pool.options.connectionString ?? ''
    const term = openPool({ url, applicationName: 'test', max: 2, session: { instance: 'default', leaseEpoch: 1 } })
    const folder = await makeFolder()
    try {
      await folder.write('versions.yaml', manifest('9.0.0'), manifest('9.0.1', 'enabled: true'))
      const rescans = startRescans({ term }, folder)
      await rescans.after(0)
      const place = /versions\.yaml:1 declares engine version galaxy 9\.0\.0, so the watched folder/
      expect((await api.call('GET', `${PATH}/9.0.0`)).body).toMatchObject({
        status: { manifest: expect.stringMatching(/versions\.yaml:1$/) },
      })
      const warned = { warnings: [expect.stringMatching(place)] }
      expect((await api.call('PUT', `${PATH}/9.0.0?dryRun=true`, body('9.0.0', { port: 1 }))).body).toMatchObject(warned)
      expect((await api.call('PUT', `${PATH}/9.0.0`, body('9.0.0', { port: 1 }))).body).toMatchObject(warned)
      expect((await api.call('POST', `${PATH}/9.0.0/disable`)).body).toMatchObject({ warnings: [] })
      expect((await api.call('POST', `${PATH}/9.0.1/disable`)).body).toMatchObject({
        warnings: [expect.stringContaining('with enabled: true, so the watched folder sets it back')],
      })
      await rescans.after(1_000)
      expect((await api.call('GET', `${PATH}/9.0.0`)).body).toMatchObject({ spec: { port: 8080, enabled: false } })
      expect((await api.call('GET', `${PATH}/9.0.1`)).body).toMatchObject({ spec: { enabled: true } })
      expect((await api.call('DELETE', `${PATH}/9.0.0`)).body).toMatchObject(warned)
      await rescans.after(1_000)
      expect((await api.call('GET', `${PATH}/9.0.0`)).status).toBe(200)
    } finally {
      await term.close()
      await folder.end()
    }
  })
})

describe('galaxy version', () => {
  let dataDir: string
  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'galaxy-versions-'))
    await writeAddress(dataDir, { url: api.url, token: api.token })
  })
  afterAll(() => rm(dataDir, { recursive: true }))
  const run = (...args: string[]) => galaxy(['version', ...args], { GALAXY_DATA_DIR: dataDir }, dataDir)

  it('adds versions out of flags', async () => {
    const flags = ['--protocol', 'none', '--probe', 'tcp:1234', '--port', '1234', '--command', '/usr/sbin/monopd']
    const more = ['--env', 'A=b=c', '--env', 'EMPTY=', '--publish', '4321:1234', '--publish', '[::1]:4322:1234/udp']
    const relaxed = ['--relax', 'writableRoot', '--relax', 'capAdd=NET_BIND_SERVICE', '--relax', 'tmpfs=/run:size=16m']
    const answer = await run('add', '1.0.0', '1.0.1', '--engine', 'cli', '--image', 'monopd:1', ...flags, ...more, ...relaxed)
    expect(answer).toEqual({ code: 0, stdout: 'version/cli/1.0.0 registered\nversion/cli/1.0.1 registered\n', stderr: '' })
    expect((await api.call('GET', `${PATH}/1.0.1?engine=cli`)).body['spec']).toEqual({
      engine: 'cli',
      version: '1.0.1',
      image: 'monopd:1',
      enabled: true,
      protocol: 'none',
      probe: { tcp: { port: 1234 } },
      port: 1234,
      command: ['/usr/sbin/monopd'],
      env: { A: 'b=c', EMPTY: '' },
      publish: [
        { hostPort: 4321, containerPort: 1234, protocol: 'tcp', hostIp: '127.0.0.1' },
        { hostPort: 4322, containerPort: 1234, protocol: 'udp', hostIp: '::1' },
      ],
      relax: { writableRoot: true, capAdd: ['NET_BIND_SERVICE'], tmpfs: ['/run:size=16m'] },
    })
  })

  it.each([
    ['http:/healthz:8080', { http: { path: '/healthz', port: 8080 } }],
    ['docker', { docker: true }],
    ['none', { none: true }],
    ['{"tcp":{"port":7}}', { tcp: { port: 7 } }],
  ])('reads --probe %s', async (text, probe) => {
    await run('delete', '1.0.0', '--engine', 'probes')
    expect(await run('add', '1.0.0', '--engine', 'probes', '--probe', text)).toMatchObject({ code: 0 })
    expect((await api.call('GET', `${PATH}/1.0.0?engine=probes`)).body).toMatchObject({ spec: { probe } })
  })

  it.each([
    [['--probe', 'ftp:21'], 2, 'http:/PATH:PORT'],
    [['--probe', '{"tcp":{"prot":7}}'], 1, 'did you mean port?'],
    [['--env', 'NONE'], 2, 'NAME=VALUE'],
    [['--publish', '1234'], 2, 'HOSTPORT:CONTAINERPORT'],
    [['--relax', 'everything'], 2, 'writableRoot'],
    [['--command', '["unclosed'], 2, 'JSON list'],
    [['--protocol', 'other'], 2, 'Allowed choices'],
    [['--port', '70000'], 1, 'spec.port'],
  ])('refuses %j with exit code %i', async (flags, code, words) => {
    expect(await run('add', '1.0.0', '--engine', 'bad', ...flags)).toMatchObject({ code, stderr: expect.stringContaining(words) })
    expect((await api.call('GET', `${PATH}/1.0.0?engine=bad`)).status).toBe(404)
  })

  it('lists, disables, enables and deletes', async () => {
    await run('add', '1.0.0', '--engine', 'life', '--dry-run')
    expect((await api.call('GET', `${PATH}/1.0.0?engine=life`)).status).toBe(404)
    await run('add', '1.0.0', '--engine', 'life')
    expect(await run('add', '1.0.0', '--engine', 'life')).toMatchObject({ code: 1, stderr: expect.stringContaining('registered already') })
    const list = async () => (await run('list')).stdout.split('\n').find((line) => line.startsWith('life'))
    expect(await run('disable', '1.0.0', '--engine', 'life')).toMatchObject({ code: 0, stdout: 'version/life/1.0.0 disabled\n' })
    expect(await list()).toMatch(/^life +1\.0\.0 +no +galaxy/)
    expect((await run('enable', '1.0.0', '--engine', 'life', '--dry-run')).stdout).toBe('version/life/1.0.0 would be enabled (dry run)\n')
    expect((await run('enable', '1.0.0', '--engine', 'life')).stdout).toBe('version/life/1.0.0 enabled\n')
    expect((await run('enable', '1.0.0', '--engine', 'life')).stdout).toBe('version/life/1.0.0 is enabled already\n')
    await desire('alive', '1.0.0', 'life')
    expect(await run('delete', '1.0.0', '--engine', 'life')).toMatchObject({ code: 1, stderr: expect.stringContaining('desired by alive') })
    const remove = () => api.pool.db.deleteFrom('desired_games').where('game_id', '=', 'alive').execute()
    await remove() // the tombstone
    await remove() // and what never ran goes
    expect((await run('delete', '1.0.0', '--engine', 'life')).stdout).toBe('version/life/1.0.0 deleted\n')
    expect(await list()).toBeUndefined()
  })
})
