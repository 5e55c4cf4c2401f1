import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { type DatabasePool, openPool } from '../../src/database/pool.ts'
import type { Verb, VerbRequest } from '../../src/desired/verb.ts'
import { requestVerb } from '../../src/desired/verbs.ts'
import { STOP_REASONS } from '../../src/model/game.ts'
import { openSetting, POLICY, type Setting } from './manifest-builders.ts'

let setting: Setting
/** As a door's process has it: it holds no lease. */
let door: DatabasePool
beforeAll(async () => {
  setting = await openSetting(inject('postgresUrl'))
  door = openPool({ url: setting.database.url, applicationName: 'door', max: 6 })
  const versions = [{ version: '1.0.0' }, { version: '1.0.1' }, { version: '1.1.0' }, { version: '1.0.9', enabled: false }]
  await door.db
    .insertInto('engine_versions')
    .values([...versions, { engine: 'plain', version: '1.0.0', image_ref: 'plain:1', protocol: 'none' }])
    .execute()
})
afterAll(async () => {
  await door.close()
  await setting.end()
})

const START: Verb = { op: 'start', engine: null, version: null, imageRef: null }

describe('a verb', () => {
  it('writes the row and queues its operation, and each names the other', async () => {
    await insert('both')
    const operationId = await queued('both', { op: 'stop', reason: 'cancelled' })
    expect(await row('both')).toMatchObject({
      state: 'stopped',
      stop_reason: 'cancelled',
      generation: 2,
      written_by: 'api',
      written_ref: `operation:${operationId} request 7`,
      managed_by: 'lobby',
    })
    expect(await operations('both')).toMatchObject([
      {
        operation_id: operationId,
        op: 'stop',
        source: 'admin',
        source_ref: 'request 7',
        status: 'queued',
        generation: 2,
        cause: 'asked to stop: cancelled (request 7)',
        queued_at: expect.any(Date),
        started_at: null,
      },
    ])
  })

  it('by the lobby’s door is the lobby’s', async () => {
    await insert('lobbys')
    await queued('lobbys', { op: 'stop', reason: 'timeout' }, { door: 'lobby' })
    expect(await row('lobbys')).toMatchObject({ written_by: 'lobby' })
    expect(await operations('lobbys')).toMatchObject([{ source: 'lobby' }])
  })

  it.each(STOP_REASONS)('to stop keeps its reason: %s', async (reason) => {
    const id = `stop-${reason.replace('_', '-')}`
    await insert(id)
    await queued(id, { op: 'stop', reason })
    expect(await row(id)).toMatchObject({ state: 'stopped', stop_reason: reason })
  })

  it('that needs a token makes it of its operation, and is known by it', async () => {
    await insert('token')
    await begun('token')
    const restart = await queued('token', { op: 'restart' })
    const turn = await queued('token', { op: 'force_next_turn' })
    expect(await row('token')).toMatchObject({ restart_token: restart, turn_token: turn })
    expect(await operations('token')).toMatchObject([
      { op: 'restart', source_ref: `restart_token:${restart}`, generation: 2 },
      { op: 'force_next_turn', source_ref: `turn_token:${turn}`, generation: 3 },
    ])
  })

  it('that changes nothing is queued too, beside a new version of the row', async () => {
    await insert('same')
    const before = await row('same')
    await queued('same', { op: 'resume' })
    const after = await row('same')
    expect(after.generation).toBe(before.generation)
    expect(after.resource_version).toBeGreaterThan(before.resource_version)
    expect(await operations('same')).toMatchObject([{ op: 'resume', generation: 1 }])
  })

  it('leaves nothing behind when its operation cannot be queued', async () => {
    await insert('whole')
    await sql`ALTER TABLE operation_log ADD CONSTRAINT none_of_whole CHECK (game_id <> 'whole')`.execute(setting.term.db)
    expect(await ask('whole', { op: 'pause' })).toMatchObject({ kind: 'refused', code: 'invalid_request' })
    expect(await row('whole')).toMatchObject({ paused: false, generation: 1 })
    expect(await operations('whole')).toEqual([])
  })

  it('of two at once comes after the other, in the order of their ids', async () => {
    await insert('raced')
    const verbs: readonly Verb[] = [{ op: 'pause' }, { op: 'resume' }, { op: 'restart' }, { op: 'stop', reason: 'cancelled' }]
    await Promise.all(verbs.map((verb) => ask('raced', verb)))
    const log = await operations('raced')
    expect(log.map(({ generation }) => generation)).toEqual(
      log.map(({ generation }) => generation).toSorted((a, b) => Number(a) - Number(b)),
    )
    expect((await row('raced')).written_ref).toContain(log.at(-1)?.operation_id)
  })

  it('on a game that is being deleted is a conflict', async () => {
    await insert('going')
    await door.db.deleteFrom('desired_games').where('game_id', '=', 'going').execute()
    for (const verb of [START, { op: 'restart' }, { op: 'stop', reason: 'cancelled' }] as const)
      expect(await ask('going', verb)).toMatchObject({ code: 'conflict', message: expect.stringContaining('is being deleted') })
    expect(await operations('going')).toEqual([])
  })

  it('on a game that is not there finds none', async () => {
    expect(await ask('nobody', { op: 'restart' })).toMatchObject({ kind: 'refused', code: 'not_found' })
    expect(await ask('nobody', START)).toMatchObject({ kind: 'refused', code: 'not_found' })
  })

  it('with another resource version than the row’s is refused', async () => {
    await insert('seen')
    const { resource_version } = await row('seen')
    expect(await ask('seen', { op: 'pause' }, { ifMatch: '1' })).toEqual({
      kind: 'precondition_failed',
      expected: '1',
      found: String(resource_version),
    })
    expect(await ask('seen', { op: 'pause' }, { ifMatch: String(resource_version) })).toMatchObject({ kind: 'queued' })
    expect(await ask('unseen', { ...START, version: '1.0.0' }, { ifMatch: '1' })).toMatchObject({ found: null })
  })

  it('as a dry run tells what it would change and writes nothing', async () => {
    await insert('dry')
    const before = await row('dry')
    expect(await ask('dry', { op: 'stop', reason: 'finished' }, { dryRun: true })).toMatchObject({
      kind: 'dry_run',
      changes: [
        { path: 'state', before: 'running', after: 'stopped' },
        { path: 'stopReason', before: null, after: 'finished' },
      ],
      game: { gameId: 'dry', state: 'stopped', generation: 2 },
    })
    expect(await ask('dry-new', { ...START, version: '1.0.0' }, { dryRun: true })).toMatchObject({
      kind: 'dry_run',
      game: { gameId: 'dry-new', engineVersion: '1.0.0', managedBy: 'api' },
    })
    expect(await row('dry')).toEqual(before)
    expect(await operations('dry')).toEqual([])
    expect(await operations('dry-new')).toEqual([])
  })
})

describe('start', () => {
  it('makes a new game, owned by who asks', async () => {
    await queued('new', { ...START, version: '1.0.0' }, { door: 'lobby' })
    expect(await row('new')).toMatchObject({
      engine: 'galaxy',
      engine_version: '1.0.0',
      state: 'running',
      managed_by: 'lobby',
      generation: 1,
    })
    await queued('new-too', { ...START, imageRef: 'plain:2' })
    expect(await row('new-too')).toMatchObject({ engine_version: null, image_ref: 'plain:2', managed_by: 'api' })
  })

  it('of one new game asked for by many makes it once', async () => {
    const answers = await Promise.all(Array.from({ length: 5 }, () => ask('rushed', { ...START, version: '1.0.0' })))
    expect(answers.map(({ kind }) => kind)).toEqual(Array.from({ length: 5 }, () => 'queued'))
    expect(await operations('rushed')).toHaveLength(5)
    expect(await row('rushed')).toMatchObject({ generation: 1 })
  })

  it.each([
    ['its version', { version: '1.0.0' }],
    ['the image that its version stands for', { imageRef: 'galaxy-engine:1.0.0' }],
    ['nothing', {}],
  ])('of a running game with %s is queued, for the loop to find nothing to do', async (what, asked) => {
    const id = `again-${what.replaceAll(' ', '-')}`
    await insert(id)
    await queued(id, { ...START, ...asked })
    expect(await row(id)).toMatchObject({ engine_version: '1.0.0', image_ref: null, generation: 1 })
  })

  it.each([{ version: '1.0.1' }, { imageRef: 'galaxy-engine:1.0.1' }, { engine: 'plain', version: '1.0.0' }])(
    'of a running game with %o is a conflict that names patch',
    async (asked) => {
      const id = `other-${JSON.stringify(asked).replaceAll(/[^a-z0-9]/g, '')}`
      await insert(id)
      expect(await ask(id, { ...START, ...asked })).toMatchObject({ code: 'conflict', message: expect.stringContaining('patch') })
      expect(await operations(id)).toEqual([])
    },
  )

  it('of a stopped game is anybody’s, and with another image its owner’s', async () => {
    await insert('stopped')
    await queued('stopped', { op: 'stop', reason: 'cancelled' })
    expect(await ask('stopped', { ...START, version: '1.0.1' })).toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('managed by lobby'),
    })
    await queued('stopped', { ...START, version: '1.0.0' })
    expect(await row('stopped')).toMatchObject({ state: 'running', stop_reason: null, managed_by: 'lobby' })
    await queued('stopped', { op: 'stop', reason: 'cancelled' })
    await queued('stopped', { ...START, version: '1.0.1' }, { door: 'lobby' })
    expect(await row('stopped')).toMatchObject({ state: 'running', engine_version: '1.0.1' })
  })

  it.each([
    ['unknown', '9.9.9', 'not registered'],
    ['disabled', '1.0.9', 'disabled'],
    ['malformed', 'one', 'semantic version'],
  ])('with an %s version is refused at once', async (what, version, words) => {
    expect(await ask(`bad-${what}`, { ...START, version })).toMatchObject({
      code: 'start_config_invalid',
      message: expect.stringContaining(words),
    })
    expect(await operations(`bad-${what}`)).toEqual([])
  })
})

describe('patch', () => {
  it('by the owner writes the version, and clears an image that would win over it', async () => {
    await insert('patched', { image_ref: 'galaxy-engine:odd' })
    await queued('patched', patch('1.0.1'), { door: 'lobby' })
    expect(await row('patched')).toMatchObject({ engine_version: '1.0.1', image_ref: null, allow_incompatible_to: null })
    expect(await operations('patched')).toMatchObject([{ op: 'patch', image_ref: 'galaxy-engine:1.0.1' }])
  })

  it('of another owner’s game is a conflict that names the owner, until forced', async () => {
    await insert('owned')
    expect(await ask('owned', patch('1.0.1'))).toMatchObject({ code: 'conflict', message: expect.stringContaining('managed by lobby') })
    expect(await operations('owned')).toEqual([])
    await queued('owned', patch('1.0.1'), { force: true })
    expect(await row('owned')).toMatchObject({ engine_version: '1.0.1', managed_by: 'api' })
  })

  it('of an adopted game takes it over', async () => {
    await insert('adopted')
    await door.db.updateTable('desired_games').set({ managed_by: 'reconciler' }).where('game_id', '=', 'adopted').execute()
    await queued('adopted', patch('1.0.1'))
    expect(await row('adopted')).toMatchObject({ engine_version: '1.0.1', managed_by: 'api' })
  })

  it('to a version that cannot read the state is refused at once, unless allowed in so many words', async () => {
    await insert('written')
    await setting.term.db
      .insertInto('game_status')
      .values({ game_id: 'written', state_engine: 'galaxy', state_version: '1.0.0', state_image_ref: 'galaxy-engine:1.0.0' })
      .execute()
    expect(await ask('written', patch('1.1.0'), { door: 'lobby' })).toMatchObject({ code: 'patch_semver_incompatible' })
    expect(await operations('written')).toEqual([])
    await queued('written', { op: 'patch', version: '1.1.0', allowIncompatible: true }, { door: 'lobby' })
    expect(await row('written')).toMatchObject({ engine_version: '1.1.0', allow_incompatible_to: '1.1.0' })
  })

  it('to a disabled or unknown version is refused at once', async () => {
    await insert('patch-bad')
    expect(await ask('patch-bad', patch('1.0.9'), { door: 'lobby' })).toMatchObject({ code: 'start_config_invalid' })
    expect(await ask('patch-bad', patch('7.0.0'), { door: 'lobby' })).toMatchObject({ code: 'start_config_invalid' })
  })
})

describe('cleanup', () => {
  it('of a stopped or finished game leaves its row as it is, in the same generation', async () => {
    await insert('swept')
    await queued('swept', { op: 'stop', reason: 'timeout' })
    const before = await row('swept')
    const operationId = await queued('swept', { op: 'cleanup' }, { door: 'lobby' })
    expect(await row('swept')).toMatchObject({
      state: 'stopped',
      stop_reason: 'timeout',
      generation: before.generation,
      written_ref: `operation:${operationId} request 7`,
    })
    expect((await operations('swept')).at(-1)).toMatchObject({
      op: 'reconcile',
      op_detail: 'cleanup',
      source: 'lobby',
      source_ref: 'request 7',
      cause: 'asked to clean up (request 7)',
      status: 'queued',
    })
    await insert('played')
    await begun('played', 'finished')
    expect(await ask('played', { op: 'cleanup' }, { dryRun: true })).toMatchObject({
      kind: 'dry_run',
      changes: [],
      game: { generation: 1 },
      operation: { op: 'reconcile', detail: 'cleanup', generation: 1 },
    })
    await queued('played', { op: 'cleanup' })
  })
})

describe('what a game cannot be asked for', () => {
  it('a restart and a turn while it is stopped: a token would lie in wait for its next start', async () => {
    await insert('resting')
    await begun('resting')
    await queued('resting', { op: 'stop', reason: 'cancelled' })
    for (const verb of [{ op: 'restart' }, { op: 'force_next_turn' }] as const)
      expect(await ask('resting', verb)).toMatchObject({ code: 'conflict', message: expect.stringContaining('start it instead') })
    expect(await row('resting')).toMatchObject({ restart_token: null, turn_token: null })
  })

  it('a turn before it has begun, and of an engine that knows none', async () => {
    await insert('early')
    expect(await ask('early', { op: 'force_next_turn' })).toMatchObject({ code: 'conflict', message: expect.stringContaining('not begun') })
    await insert('turnless', { engine: 'plain' })
    expect(await ask('turnless', { op: 'force_next_turn' })).toMatchObject({ message: expect.stringContaining('no turns') })
  })

  it('a cleanup while it is to run', async () => {
    await insert('needed')
    await begun('needed')
    expect(await ask('needed', { op: 'cleanup' })).toMatchObject({ code: 'conflict', message: expect.stringContaining('stop it first') })
    expect(await ask('nobody', { op: 'cleanup' })).toMatchObject({ code: 'not_found' })
    await insert('ended-anew')
    await begun('ended-anew', 'finished')
    await door.db.updateTable('desired_games').set({ cpus: 1 }).where('game_id', '=', 'ended-anew').execute()
    expect(await ask('ended-anew', { op: 'cleanup' })).toMatchObject({ code: 'conflict' })
  })

  it('a pause and a turn once it has ended: it would be started again by them', async () => {
    await insert('ended')
    await begun('ended', 'finished')
    for (const verb of [{ op: 'pause' }, { op: 'resume' }, { op: 'force_next_turn' }] as const)
      expect(await ask('ended', verb)).toMatchObject({ code: 'conflict', message: 'game ended has ended with turn 3' })
  })
})

function patch(version: string): Verb {
  return { op: 'patch', version, allowIncompatible: false }
}

function ask(gameId: string, verb: Verb, over: Partial<VerbRequest> = {}) {
  return requestVerb(door.db, {
    gameId,
    verb,
    door: 'admin',
    askedBy: 'request 7',
    policy: POLICY,
    ifMatch: null,
    force: false,
    dryRun: false,
    ...over,
  })
}

async function queued(gameId: string, verb: Verb, over: Partial<VerbRequest> = {}): Promise<string> {
  const answer = await ask(gameId, verb, over)
  if (answer.kind !== 'queued') throw new Error(`not queued: ${JSON.stringify(answer)}`)
  return answer.operationId
}

/** By the lobby's own SQL. */
async function insert(gameId: string, over: { readonly image_ref?: string; readonly engine?: string } = {}): Promise<void> {
  await door.db
    .insertInto('desired_games')
    .values({ game_id: gameId, engine_version: '1.0.0', ...over })
    .execute()
}

/** As the controller records a game that is at turn 3. */
async function begun(gameId: string, status = 'running'): Promise<void> {
  const now = new Date()
  await setting.term.db
    .insertInto('runtime_records')
    .values({
      uid: crypto.randomUUID(),
      game_id: gameId,
      status,
      finished_generation: status === 'finished' ? 1 : null,
      current_container_id: 'c1',
      current_image_ref: 'galaxy-engine:1.0.0',
      engine_endpoint: `http://galaxy-game-${gameId}:8080`,
      state_path: `/state/${gameId}`,
      docker_network: 'galaxy',
      current_turn: 3,
      started_at: now,
      last_op_at: now,
      created_at: now,
      ...(status === 'finished' && { finished_at: now }),
    })
    .execute()
}

function row(gameId: string) {
  return door.db.selectFrom('desired_games').selectAll().where('game_id', '=', gameId).executeTakeFirstOrThrow()
}

/** Oldest first. */
function operations(gameId: string) {
  return door.db.selectFrom('operation_log').selectAll().where('game_id', '=', gameId).orderBy('operation_id').execute()
}
