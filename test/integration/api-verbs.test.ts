import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { writeAddress } from '../../src/api/address-file.ts'
import { type CliAnswer, galaxy } from '../support/galaxy.ts'
import { type ApiUnderTest, gameBody, startApiUnderTest } from './api-server.ts'
import { leaseHolder, type WriteAsHolder } from './lease-holder.ts'

let api: ApiUnderTest
let write: WriteAsHolder
let dataDir: string
beforeAll(async () => {
  api = await startApiUnderTest()
  write = await leaseHolder(api.pool)
  dataDir = await mkdtemp(join(tmpdir(), 'galaxy-verbs-'))
  await writeAddress(dataDir, { url: api.url, token: api.token })
})
afterAll(async () => {
  await rm(dataDir, { recursive: true })
  await api.stop()
})

const admin = (id: string, verb: string, query = '') => `/api/v1/admin/runtimes/${id}/${verb}${query}`
const internal = (id: string, verb: string, query = '') => `/api/v1/internal/runtimes/${id}/${verb}${query}`

describe('a verb', () => {
  it.each([
    ['admin', 'restart', undefined, 'restart', { generation: 2 }],
    ['admin', 'patch', { version: '1.0.1' }, 'patch', { image: 'galaxy-engine:1.0.1' }],
    ['admin', 'pause', undefined, 'pause', { cause: expect.stringContaining('asked to pause') }],
    ['admin', 'resume', {}, 'resume', { generation: 1 }],
    ['admin', 'stop', { reason: 'admin_request' }, 'stop', { generation: 2 }],
    ['admin', 'start', undefined, 'start', { generation: 1 }],
    ['internal', 'start', { version: '1.0.0' }, 'start', { generation: 1 }],
    ['internal', 'start', { image_ref: 'galaxy-engine:1.0.0' }, 'start', { generation: 1 }],
    ['internal', 'stop', { reason: 'cancelled' }, 'stop', { generation: 2 }],
    ['internal', 'restart', undefined, 'restart', { generation: 2 }],
    ['internal', 'patch', { version: '1.0.1' }, 'patch', { generation: 2 }],
  ])('%s %s %o is accepted, and answers with its operation', async (door, verb, body, op, shown) => {
    const id = `${door}-${verb}-${JSON.stringify(body ?? '').replaceAll(/[^a-z]/g, '')}x`
    await made(id, door)
    const answer = await api.call('POST', `/api/v1/${door}/runtimes/${id}/${verb}`, body)
    expect(answer).toMatchObject({
      status: 202,
      body: { kind: 'Operation', game: id, op, status: 'queued', source: door === 'admin' ? 'admin' : 'lobby', actions: [], ...shown },
    })
    const operationId = String(answer.body['id'])
    expect(answer.headers.get('location')).toBe(`/api/v1/operations/${operationId}`)
    expect((await api.call('GET', `/api/v1/operations/${operationId}`)).body).toEqual(answer.body)
    expect((await api.call('GET', `/api/v1/games/${id}`)).body).toMatchObject({
      metadata: { writtenRef: expect.stringMatching(new RegExp(`^operation:${operationId} token local, request `)) },
    })
  })

  it('is waited for as long as was asked, and told as it is then', async () => {
    await made('waited', 'admin')
    const startedMs = performance.now()
    const answer = await api.call('POST', admin('waited', 'pause', '?wait=300ms'))
    expect(answer).toMatchObject({ status: 202, body: { status: 'queued' } })
    expect(performance.now() - startedMs).toBeGreaterThan(250)
  })

  it('answers as soon as its operation has ended', async () => {
    await made('ending', 'admin')
    const asked = api.call('POST', admin('ending', 'pause', '?wait=20s'))
    await untilQueued('ending')
    await endAll('ending')
    expect(await asked).toMatchObject({ status: 202, body: { status: 'succeeded', errorCode: 'replay_no_op' } })
  })

  it('with If-Match is refused when somebody was faster', async () => {
    const seen = await made('raced', 'admin')
    const headers = { authorization: `Bearer ${api.token}`, 'if-match': seen }
    expect(await api.call('POST', admin('raced', 'pause'), undefined, headers)).toMatchObject({ status: 202 })
    expect(await api.call('POST', admin('raced', 'resume'), undefined, headers)).toMatchObject({
      status: 412,
      body: { code: 'precondition_failed' },
    })
  })

  it('as a dry run tells what would change and what the controller would do, and writes nothing', async () => {
    await made('dry', 'admin')
    expect(await api.call('POST', admin('dry', 'stop', '?dryRun=true'), { reason: 'timeout' })).toMatchObject({
      status: 200,
      body: {
        kind: 'DryRun',
        game: 'dry',
        op: 'stop',
        changes: [
          { path: 'state', before: 'running', after: 'stopped' },
          { path: 'stopReason', before: null, after: 'timeout' },
        ],
        plan: { text: 'dry: start', actions: 2 },
      },
    })
    expect(api.view.plannedFor.at(-1)).toMatchObject({ gameId: 'dry', state: 'stopped', stopReason: 'timeout' })
    expect((await api.call('GET', '/api/v1/games/dry/operations')).body).toMatchObject({ items: [] })
    expect((await api.call('GET', '/api/v1/games/dry')).body).toMatchObject({ metadata: { generation: 1 }, spec: { state: 'Running' } })
  })

  it.each([
    ['stop', undefined, 'body'],
    ['stop', {}, 'reason'],
    ['stop', { reason: 'bored' }, 'reason'],
    ['patch', { to: '1.0.1' }, 'version'],
    ['patch', { version: '1.0.1', alowIncompatible: true }, 'body'],
    ['pause', { for: '1h' }, 'body'],
    ['start', { engine: 'galaxy' }, 'engine'],
  ])('%s with body %o is refused before anything is written', async (verb, body, field) => {
    await made('strict', 'admin').catch(() => '')
    expect(await api.call('POST', admin('strict', verb), body)).toMatchObject({
      status: 400,
      body: { code: 'invalid_request', errors: expect.arrayContaining([expect.objectContaining({ field })]) },
    })
    expect((await api.call('GET', '/api/v1/games/strict/operations')).body).toMatchObject({ items: [] })
  })

  it('that cannot be done is refused by its code', async () => {
    await made('refused', 'internal')
    expect(await api.call('POST', internal('refused', 'start'), { version: '1.0.1' })).toMatchObject({
      status: 409,
      body: { code: 'conflict' },
    })
    expect(await api.call('POST', admin('refused', 'patch'), { version: '1.0.1' })).toMatchObject({
      status: 409,
      body: { code: 'conflict' },
    })
    expect(await api.call('POST', internal('refused', 'patch'), { version: '3.0.0' })).toMatchObject({
      status: 422,
      body: { code: 'start_config_invalid' },
    })
    expect(await api.call('POST', admin('refused', 'force-next-turn'))).toMatchObject({ status: 409, body: { code: 'conflict' } })
    expect(await api.call('POST', admin('nobody', 'restart'))).toMatchObject({ status: 404, body: { code: 'not_found' } })
    expect(await api.call('POST', internal('Not_An_Id', 'restart'))).toMatchObject({ status: 400 })
    expect(await api.call('POST', internal('refused', 'pause'))).toMatchObject({ status: 404 })
    expect(await api.call('POST', admin('refused', 'restart'), undefined, {})).toMatchObject({ status: 401 })
  })

  it('of a cleanup is the lobby’s, of a game that is stopped', async () => {
    await made('swept', 'internal')
    expect(await api.call('POST', internal('swept', 'cleanup'))).toMatchObject({ status: 409, body: { code: 'conflict' } })
    await api.call('POST', internal('swept', 'stop'), { reason: 'finished' })
    expect(await api.call('POST', internal('swept', 'cleanup', '?dryRun=true'))).toMatchObject({
      status: 200,
      body: { kind: 'DryRun', op: 'cleanup', changes: [] },
    })
    expect(await api.call('POST', internal('swept', 'cleanup'))).toMatchObject({
      status: 202,
      body: { op: 'reconcile', detail: 'cleanup', source: 'lobby', status: 'queued' },
    })
    expect(await api.call('POST', admin('swept', 'cleanup'))).toMatchObject({ status: 404 })
    expect(await api.call('POST', internal('swept', 'cleanup'), { force: true })).toMatchObject({ status: 400 })
  })

  it('takes a game over from another owner where it is told to', async () => {
    await made('taken', 'internal')
    expect(await api.call('POST', admin('taken', 'patch', '?force=true'), { version: '1.0.1' })).toMatchObject({ status: 202 })
    expect((await api.call('GET', '/api/v1/games/taken')).body).toMatchObject({ metadata: { managedBy: 'api' } })
  })
})

describe('GET runtimes', () => {
  it('tells the record’s part of one game and of all', async () => {
    await made('seen', 'admin')
    const one = await api.call('GET', '/api/v1/internal/runtimes/seen')
    expect(one).toMatchObject({
      status: 200,
      body: { kind: 'Runtime', metadata: { name: 'seen', generation: 1 }, status: { status: null, ready: 'Unknown', conditions: [] } },
    })
    expect(one.body).not.toHaveProperty('spec')
    const all = await api.call('GET', '/api/v1/internal/runtimes?limit=1000')
    expect(all.body).toMatchObject({ kind: 'RuntimeList', items: expect.arrayContaining([one.body]) })
    const page = await api.call('GET', '/api/v1/internal/runtimes?limit=1')
    expect(page.body).toMatchObject({ metadata: { continue: expect.any(String) }, items: [expect.anything()] })
    expect(await api.call('GET', '/api/v1/internal/runtimes/nobody')).toMatchObject({ status: 404, body: { code: 'not_found' } })
  })
})

describe('galaxy', () => {
  it.each([
    [['start', 'cli-start', '--version', '1.0.0'], 'start'],
    [['stop', 'cli-stop', '--reason', 'cancelled'], 'stop'],
    [['restart', 'cli-restart'], 'restart'],
    [['patch', 'cli-patch', '--to', '1.0.1'], 'patch'],
    [['pause', 'cli-pause'], 'pause'],
    [['resume', 'cli-resume'], 'resume'],
  ])('%j says what it asked for, and by which operation', async (args, op) => {
    const id = args[1] ?? ''
    if (op !== 'start') await made(id, 'admin')
    const { code, stdout } = await run(...args)
    const { body } = await api.call('GET', `/api/v1/games/${id}/operations`)
    const [operation] = Object(body['items'])
    expect([code, stdout]).toEqual([0, `game/${id} ${op} queued (operation/${operation.id})\n`])
    expect(operation).toMatchObject({ op, source: 'admin', status: 'queued' })
  })

  it('waits for the operation, and fails with its error', async () => {
    await made('cli-wait', 'admin')
    const waiting = run('pause', 'cli-wait', '--wait', '--timeout', '20s')
    await untilQueued('cli-wait')
    await endAll('cli-wait')
    expect(await waiting).toMatchObject({ code: 0, stdout: expect.stringContaining('succeeded: it was so already') })
    await made('cli-fails', 'admin')
    const failing = run('restart', 'cli-fails', '--wait', '-o', 'json')
    await untilQueued('cli-fails')
    await endAll('cli-fails', { status: 'failed', error_code: 'conflict', error_message: 'overtaken' })
    expect(await failing).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('conflict: overtaken') })
    expect(await run('resume', 'cli-fails', '--wait', '--timeout', '100ms')).toMatchObject({ code: 4 })
  })

  it('prints the operation as the others print', async () => {
    await made('cli-print', 'admin')
    expect(await run('pause', 'cli-print', '-o', 'name')).toMatchObject({ stdout: expect.stringMatching(/^operation\/[0-9a-f-]{36}\n$/) })
    expect(JSON.parse((await run('pause', 'cli-print', '-o', 'json')).stdout)).toMatchObject({ kind: 'Operation', op: 'pause' })
  })

  it('shows what a dry run would change', async () => {
    await made('cli-dry', 'admin')
    const { code, stdout } = await run('pause', 'cli-dry', '--dry-run')
    expect([code, stdout.split('\n')]).toEqual([
      0,
      ['game/cli-dry pause would be queued (dry run)', '  - paused: false', '  + paused: true', '  cli-dry: start', ''],
    ])
  })

  it('tells wrong usage from a refusal', async () => {
    await made('cli-wrong', 'internal')
    expect(await run('stop', 'cli-wrong')).toMatchObject({ code: 2, stderr: expect.stringContaining('--reason') })
    expect(await run('stop', 'cli-wrong', '--reason', 'bored')).toMatchObject({ code: 2 })
    expect(await run('start', 'cli-wrong', '--engine', 'galaxy')).toMatchObject({ code: 2 })
    expect(await run('pause', 'cli-wrong', '--wait', '--timeout', 'soon')).toMatchObject({ code: 2 })
    expect(await run('patch', 'cli-wrong', '--to', '1.0.1')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('--force-conflicts'),
    })
    expect(await run('patch', 'cli-wrong', '--to', '1.0.1', '--force-conflicts')).toMatchObject({ code: 0 })
    expect(await run('turn', 'cli-wrong')).toMatchObject({ code: 1, stderr: expect.stringContaining('not begun') })
  })
})

function run(...args: readonly string[]): Promise<CliAnswer> {
  return galaxy(args, { GALAXY_DATA_DIR: dataDir }, dataDir)
}

async function untilQueued(gameId: string): Promise<void> {
  const queued = () => api.pool.db.selectFrom('operation_log').selectAll().where('game_id', '=', gameId).execute()
  await expect.poll(queued).toHaveLength(1)
}

/** A game of this door's own, and its ETag. */
async function made(id: string, door: string): Promise<string> {
  if (door === 'internal') {
    await api.pool.db.insertInto('desired_games').values({ game_id: id, engine_version: '1.0.0' }).execute()
    return ''
  }
  return (await api.call('PUT', `/api/v1/games/${id}`, gameBody(id))).headers.get('etag') ?? ''
}

/** As the controller ends what found nothing to do. */
function endAll(gameId: string, result: object = { status: 'succeeded', error_code: 'replay_no_op' }): Promise<unknown> {
  const ended = { ...result, started_at: new Date(), finished_at: new Date() }
  return write((trx) => trx.updateTable('operation_log').set(ended).where('game_id', '=', gameId).execute())
}
