import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type DatabasePool, openPool } from '../../src/database/pool.ts'
import type { Verb } from '../../src/desired/verb.ts'
import { requestVerb } from '../../src/desired/verbs.ts'
import { createDeployment, type Deployment, type RunningController } from '../support/deployment.ts'
import { type PlayedGames, playedGames } from '../support/played-games.ts'
import { registerReferenceEngine } from '../support/reference-engine.ts'
import { until } from '../support/until.ts'

const START: Verb = { op: 'start', engine: null, version: null, imageRef: null }
const STOP: Verb = { op: 'stop', reason: 'cancelled' }
const CLEANUP: Verb = { op: 'cleanup' }

describe('a game that is stopped', () => {
  let deployment: Deployment
  let games: PlayedGames
  let door: DatabasePool
  let controller: RunningController

  beforeAll(async () => {
    deployment = await createDeployment()
    games = playedGames(deployment)
    door = openPool({ url: deployment.databaseUrl, applicationName: 'door', max: 2 })
    await registerReferenceEngine(deployment, { GALAXY_ENGINE_TURN_LIMIT: '1' })
    controller = await deployment.start()
  }, 120_000)
  afterAll(async () => {
    await door.close()
    await deployment.dispose()
  })

  it('has its container cleaned up when that is asked for, and its state kept', async () => {
    await games.want('kept', { engine: 'reference' })
    await deployment.untilStatus('kept', 'running')
    expect(await ask('kept', CLEANUP)).toMatchObject({ kind: 'refused', code: 'conflict' })
    const stop = await queued('kept', STOP)
    const cleanup = await queued('kept', CLEANUP)
    expect(await ended(stop)).toBe('stop succeeded lobby')
    expect(await ended(cleanup)).toBe('reconcile/cleanup succeeded lobby')
    expect(await containersOf('kept')).toEqual([])
    expect(await ended(await queued('kept', CLEANUP))).toBe('reconcile/cleanup succeeded replay_no_op lobby')
    expect(await ended(await queued('kept', START))).toBe('start succeeded lobby')
    await deployment.untilStatus('kept', 'running')
    expect(await deployment.query("SELECT status, current_turn FROM runtime_records WHERE game_id = 'kept'")).toEqual([
      { status: 'running', current_turn: 0 },
    ])
  })

  it('or finished, which stays so', async () => {
    await games.want('over', { engine: 'reference' })
    await deployment.untilStatus('over', 'running')
    await ended(await queued('over', { op: 'force_next_turn' }))
    await deployment.untilStatus('over', 'finished')
    expect(await containersOf('over')).toHaveLength(1)
    expect(await ended(await queued('over', CLEANUP))).toBe('reconcile/cleanup succeeded lobby')
    expect(await containersOf('over')).toEqual([])
    await deployment.untilStatus('over', 'finished')
  })

  it('is asked for no restart and no turn at its next start that were asked for before', async () => {
    await games.want('torn', { engine: 'reference' })
    await deployment.untilStatus('torn', 'running')
    await controller.stop()
    const before = [await queued('torn', { op: 'restart' }), await queued('torn', { op: 'force_next_turn' }), await queued('torn', STOP)]
    controller = await deployment.start()
    expect(await Promise.all(before.map(ended))).toEqual([
      'restart failed conflict lobby',
      'force_next_turn failed conflict lobby',
      'stop succeeded lobby',
    ])
    const [stopped] = await containersOf('torn')
    expect(await ended(await queued('torn', START))).toBe('start succeeded lobby')
    await deployment.untilStatus('torn', 'running')
    expect(await containersOf('torn')).toEqual([stopped])
    expect(await deployment.query("SELECT turn, status, skip_reason FROM turns WHERE game_id = 'torn'")).toEqual([
      { turn: null, status: 'skipped', skip_reason: 'not_running' },
    ])
  })

  function ask(gameId: string, verb: Verb) {
    const { allowedRegistries, template } = deployment.config.images
    return requestVerb(door.db, {
      gameId,
      verb,
      door: 'lobby',
      askedBy: 'request 7',
      policy: { imageTemplate: template, allowedRegistries },
      ifMatch: null,
      force: false,
      dryRun: false,
    })
  }

  async function queued(gameId: string, verb: Verb): Promise<string> {
    const answer = await ask(gameId, verb)
    if (answer.kind !== 'queued') throw new Error(`not queued: ${JSON.stringify(answer)}`)
    return answer.operationId
  }

  /** `op/detail status code source`. */
  async function ended(operationId: string): Promise<string> {
    const read = async () => {
      const [row] = await deployment.query<{ line: string; status: string }>(
        `SELECT concat_ws(' ', op || coalesce('/' || op_detail, ''), status, error_code, source) AS line, status
           FROM operation_log WHERE operation_id = $1`,
        [operationId],
      )
      return row
    }
    const row = await until(read, (seen) => seen?.status === 'succeeded' || seen?.status === 'failed', `operation ${operationId} ends`)
    return row?.line ?? ''
  }

  async function containersOf(gameId: string): Promise<readonly string[]> {
    const all = await deployment.containers()
    return all.flatMap(({ Id, Labels }) => (Labels['com.galaxy.game_id'] === gameId ? [Id] : []))
  }
})
