import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type DatabasePool, openPool } from '../../src/database/pool.ts'
import type { Verb, VerbRequest } from '../../src/desired/verb.ts'
import { requestVerb } from '../../src/desired/verbs.ts'
import { STOP_REASONS } from '../../src/model/game.ts'
import { createDeployment, type Deployment, idleImage, type RunningController } from '../support/deployment.ts'
import { PLAYERS, registerReferenceEngine } from '../support/reference-engine.ts'
import { settled } from '../support/settled.ts'
import { until } from '../support/until.ts'

const START: Verb = { op: 'start', engine: null, version: null, imageRef: null }

interface Logged {
  readonly op: string
  readonly status: string
  readonly code: string | null
  readonly source: string
  readonly ref: string | null
}

describe('a verb', () => {
  let deployment: Deployment
  let controller: RunningController
  /** As a door's process has it. */
  let door: DatabasePool

  beforeAll(async () => {
    deployment = await createDeployment()
    door = openPool({ url: deployment.databaseUrl, applicationName: 'door', max: 4 })
    await registerReferenceEngine(deployment)
    controller = await deployment.start()
  }, 120_000)
  afterAll(async () => {
    await door.close()
    await deployment.dispose()
  })

  it('is one operation, of whoever asked for it', async () => {
    await done('andromeda', { ...START, version: '1.0.0' }, { door: 'lobby' })
    await done('andromeda', { op: 'pause' })
    await done('andromeda', { op: 'resume' })
    await done('andromeda', { op: 'patch', version: '1.0.1', allowIncompatible: false }, { door: 'lobby' })
    const restart = await done('andromeda', { op: 'restart' })
    await done('andromeda', { op: 'stop', reason: 'admin_request' })
    await done('andromeda', START)
    expect(await log('andromeda')).toEqual([
      { op: 'start', status: 'succeeded', code: null, source: 'lobby', ref: 'request 7' },
      { op: 'pause', status: 'succeeded', code: null, source: 'admin', ref: 'request 7' },
      { op: 'resume', status: 'succeeded', code: null, source: 'admin', ref: 'request 7' },
      { op: 'patch', status: 'succeeded', code: null, source: 'lobby', ref: 'request 7' },
      { op: 'restart', status: 'succeeded', code: null, source: 'admin', ref: `restart_token:${restart}` },
      { op: 'stop', status: 'succeeded', code: null, source: 'admin', ref: 'request 7' },
      { op: 'start', status: 'succeeded', code: null, source: 'admin', ref: 'request 7' },
    ])
    expect(await images('andromeda')).toEqual([['running', idleImage('1.0.1')]])
  })

  it('for a turn now is one operation and one turn, and refused where there is none to compute', async () => {
    await deployment.query(
      "INSERT INTO desired_games (game_id, engine, engine_version, players) VALUES ('turned', 'reference', '1.0.0', $1)",
      [JSON.stringify(PLAYERS)],
    )
    await deployment.untilStatus('turned', 'running')
    const operationId = await done('turned', { op: 'force_next_turn' })
    expect((await log('turned')).slice(1)).toEqual([
      { op: 'force_next_turn', status: 'succeeded', code: null, source: 'admin', ref: `turn_token:${operationId}` },
    ])
    expect(await deployment.query("SELECT turn, status, turn_token FROM turns WHERE game_id = 'turned'")).toEqual([
      { turn: 1, status: 'succeeded', turn_token: operationId },
    ])
    await running('turnless')
    expect(await ask('turnless', { op: 'force_next_turn' })).toMatchObject({ kind: 'refused', code: 'conflict' })
  })

  it('that finds nothing to do ends as a replay, and nothing is done', async () => {
    await running('steady')
    const [before] = await deployment.containers().then((all) => all.filter(({ Labels }) => Labels['com.galaxy.game_id'] === 'steady'))
    await replayed('steady', { ...START, version: '1.0.0' })
    await replayed('steady', { ...START, imageRef: idleImage('1.0.0') })
    await replayed('steady', { op: 'resume' })
    await done('steady', { op: 'pause' })
    await replayed('steady', { op: 'pause' })
    await replayed('steady', { op: 'patch', version: '1.0.0', allowIncompatible: false }, { door: 'lobby' })
    const [after] = await deployment.containers().then((all) => all.filter(({ Labels }) => Labels['com.galaxy.game_id'] === 'steady'))
    expect(after?.Id).toBe(before?.Id)
    await done('steady', { op: 'stop', reason: 'cancelled' })
    await replayed('steady', { op: 'stop', reason: 'cancelled' })
  })

  it('overtaken by the opposite one fails or was done, and neither is lost', async () => {
    await running('torn')
    for (let round = 0; round < 5; round += 1) {
      const ids = [await queued('torn', { op: 'pause' }), await queued('torn', { op: 'resume' })]
      const [pause, resume] = await Promise.all(ids.map(ended))
      expect(['succeeded null', 'failed conflict']).toContain(`${pause?.status} ${pause?.code}`)
      expect(resume).toMatchObject({ status: 'succeeded', code: pause?.status === 'succeeded' ? null : 'replay_no_op' })
    }
    const { paused } = (await deployment.query<{ paused: boolean }>("SELECT paused FROM runtime_records WHERE game_id = 'torn'"))[0] ?? {}
    expect(paused).toBe(false)
  })

  it('of many at once: each ends, and the last wish holds', async () => {
    await running('crowd')
    const verbs: readonly Verb[] = Array.from({ length: 30 }, (_, index) => ({ op: index % 2 === 0 ? 'pause' : 'resume' }))
    const ids: string[] = []
    for (const verb of verbs) ids.push(await queued('crowd', verb))
    const stop = await queued('crowd', { op: 'stop', reason: 'finished' })
    const answers = await Promise.all([...ids, stop].map(ended))
    expect(answers.filter(({ status, code }) => status === 'failed' && code !== 'conflict')).toEqual([])
    expect(answers.at(-1)).toMatchObject({ op: 'stop', status: 'succeeded', code: null })
  })

  it.each(STOP_REASONS)('to stop for %s stops, and the record’s operation says so', async (reason) => {
    const id = `stop-${reason.replace('_', '-')}`
    await running(id)
    const operationId = await done(id, { op: 'stop', reason })
    await deployment.untilStatus(id, 'stopped')
    const [operation] = await deployment.query<{ cause: string }>('SELECT cause FROM operation_log WHERE operation_id = $1', [operationId])
    expect(operation?.cause).toContain(reason)
  })

  it('that comes while a patch is under way waits for it, and is done then', async () => {
    await running('busy')
    const patch = await queued('busy', { op: 'patch', version: '1.0.1', allowIncompatible: false }, { door: 'lobby' })
    await until(
      () => status(patch),
      (found) => found === 'running',
      'the patch is under way',
    )
    const pause = await queued('busy', { op: 'pause' })
    expect(await ended(patch)).toMatchObject({ status: 'succeeded', code: null })
    expect(await ended(pause)).toMatchObject({ status: 'succeeded', code: null })
    expect((await log('busy')).map(({ op }) => op)).toEqual(['start', 'patch', 'pause'])
  })

  it('that cannot be done fails with what is in the way', async () => {
    await deployment.query("INSERT INTO engine_versions (version, image_ref, protocol) VALUES ('1.0.5', 'galaxy-test-idle:absent', 'none')")
    const id = await queued('imageless', { ...START, version: '1.0.5' })
    expect(await ended(id)).toMatchObject({ status: 'failed', code: 'image_pull_failed' })
  })

  it('queued while no controller is active is done once by the next', async () => {
    await running('handed-on')
    await running('stayed')
    const before = await images('stayed')
    await controller.stop()
    const restart = await queued('handed-on', { op: 'restart' })
    const start = await queued('later', { ...START, version: '1.0.0' })
    const replay = await queued('stayed', START)
    // A write without a queued operation comes on top, so that the row does not name it any more.
    await deployment.query('UPDATE desired_games SET labels = \'{"tier": "free"}\' WHERE game_id = \'handed-on\'')
    controller = await deployment.start()
    expect(await ended(restart)).toMatchObject({ op: 'restart', status: 'succeeded', code: null })
    expect(await ended(start)).toMatchObject({ op: 'start', status: 'succeeded', code: null })
    expect(await ended(replay)).toMatchObject({ op: 'start', status: 'succeeded', code: 'replay_no_op' })
    expect((await log('handed-on')).map(({ op }) => op)).toEqual(['start', 'restart'])
    expect(await images('stayed')).toEqual(before)
    await controller.stop()
    controller = await deployment.start()
    await settled(controller)
    expect((await log('handed-on')).map(({ op }) => op)).toEqual(['start', 'restart'])
  })

  it('that the row does not ask for any more, or that cannot be done any more, fails when it is looked at', async () => {
    for (const id of ['gone', 'changed', 'twice', 'refused']) await running(id)
    await controller.stop()
    const pause = await queued('gone', { op: 'pause' })
    await deployment.query("DELETE FROM desired_games WHERE game_id = 'gone'")
    const restart = await queued('changed', { op: 'restart' })
    const stop = await queued('changed', { op: 'stop', reason: 'timeout' })
    const first = await queued('twice', { op: 'restart' })
    const second = await queued('twice', { op: 'restart' })
    const patch = await queued('refused', { op: 'patch', version: '1.1.0', allowIncompatible: true }, { door: 'lobby' })
    await deployment.query("UPDATE engine_versions SET enabled = false WHERE version = '1.1.0'")
    controller = await deployment.start()
    expect(await ended(pause)).toMatchObject({ status: 'failed', code: 'not_found' })
    expect(await ended(restart)).toMatchObject({ status: 'failed', code: 'conflict' })
    expect(await ended(stop)).toMatchObject({ status: 'succeeded', code: null })
    expect(await ended(first)).toMatchObject({ status: 'failed', code: 'conflict' })
    expect(await ended(second)).toMatchObject({ status: 'succeeded', code: null })
    expect(await ended(patch)).toMatchObject({ status: 'failed', code: 'start_config_invalid' })
    expect(await images('refused')).toEqual([['running', idleImage('1.0.0')]])
    expect((await log('twice')).map(({ op }) => op)).toEqual(['start', 'restart', 'restart'])
  })

  it('row 1: that a killed controller had begun is gone on with, once', async () => {
    await running('killed')
    await controller.stop()
    const child = deployment.spawn()
    const restart = await queued('killed', { op: 'restart' })
    await until(
      () => status(restart),
      (found) => found === 'running',
      'the restart is under way',
    )
    child.kill('SIGKILL')
    controller = await deployment.start()
    expect(await ended(restart)).toMatchObject({ status: 'succeeded', code: null })
    await settled(controller)
    expect((await log('killed')).map(({ op }) => op)).toEqual(['start', 'restart'])
    expect(await images('killed')).toEqual([['running', idleImage('1.0.0')]])
  })

  /** By the lobby's own SQL. */
  async function running(gameId: string): Promise<void> {
    await deployment.query("INSERT INTO desired_games (game_id, engine_version) VALUES ($1, '1.0.0')", [gameId])
    await deployment.untilStatus(gameId, 'running')
  }

  function ask(gameId: string, verb: Verb, over: Partial<VerbRequest> = {}) {
    const { allowedRegistries, template } = deployment.config.images
    return requestVerb(door.db, {
      gameId,
      verb,
      door: 'admin',
      askedBy: 'request 7',
      policy: { imageTemplate: template, allowedRegistries },
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

  async function done(gameId: string, verb: Verb, over: Partial<VerbRequest> = {}): Promise<string> {
    const operationId = await queued(gameId, verb, over)
    expect(await ended(operationId)).toMatchObject({ op: verb.op, status: 'succeeded', code: null })
    return operationId
  }

  async function replayed(gameId: string, verb: Verb, over: Partial<VerbRequest> = {}): Promise<void> {
    const operationId = await queued(gameId, verb, over)
    expect(await ended(operationId)).toMatchObject({ op: verb.op, status: 'succeeded', code: 'replay_no_op' })
  }

  async function ended(operationId: string): Promise<Logged> {
    const [operation] = await until(
      () => deployment.query<Logged>(`${LOGGED} WHERE operation_id = $1`, [operationId]),
      ([found]) => found?.status === 'succeeded' || found?.status === 'failed',
      `operation ${operationId} ends`,
    )
    if (operation === undefined) throw new Error(`there is no operation ${operationId}`)
    return operation
  }

  async function status(operationId: string): Promise<string | undefined> {
    const [found] = await deployment.query<Logged>(`${LOGGED} WHERE operation_id = $1`, [operationId])
    return found?.status
  }

  /** Oldest first. */
  function log(gameId: string): Promise<readonly Logged[]> {
    return deployment.query<Logged>(`${LOGGED} WHERE game_id = $1 ORDER BY operation_id`, [gameId])
  }

  async function images(gameId: string): Promise<readonly (readonly string[])[]> {
    const all = await deployment.containers()
    return all.filter(({ Labels }) => Labels['com.galaxy.game_id'] === gameId).map(({ State, Image }) => [State, Image])
  }
})

const LOGGED = `SELECT op || coalesce('/' || op_detail, '') AS op, status, error_code AS code, source, source_ref AS ref FROM operation_log`
