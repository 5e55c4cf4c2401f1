import path from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import type { ApiAddress } from '../../src/api/address-file.ts'
import { runController } from '../../src/app.ts'
import type { Config } from '../../src/config.ts'
import { createLog } from '../../src/log.ts'
import { createDeployment, type Deployment } from '../support/deployment.ts'
import { galaxy } from '../support/galaxy.ts'
import { PLAYERS, registerReferenceEngine } from '../support/reference-engine.ts'
import { until } from '../support/until.ts'

const [TERRAN_USER = '', ZERG_USER = ''] = PLAYERS.map(({ userId }) => userId)

describe('the game proxy', () => {
  let deployment: Deployment
  let active: Controller
  const controllers: Controller[] = []

  beforeAll(async () => {
    deployment = await createDeployment()
    await registerReferenceEngine(deployment)
    active = await start(deployment.config)
    await deployment.query(
      "INSERT INTO desired_games (game_id, engine, engine_version, players) VALUES ('played', 'reference', '1.0.0', $1)",
      [JSON.stringify(PLAYERS)],
    )
    await deployment.untilStatus('played', 'running', 60_000)
  }, 120_000)
  afterAll(async () => {
    await Promise.all(controllers.map((controller) => controller.stop()))
    await deployment.dispose()
  })

  it('carries a player’s commands, orders and reports through a turn', async () => {
    const { body: before } = await report(TERRAN_USER, 0)
    expect(before).toMatchObject({ turn: 0, raceName: 'Terran' })
    const planet = homeOf(before)
    const named = await call('commands', TERRAN_USER, { commands: [{ type: 'renamePlanet', planet, name: 'Earth' }], actor: 'somebody' })
    expect(named).toEqual({ status: 200, answeredBy: 'engine', body: { turn: 0, applied: 1 } })
    expect(await call('orders', TERRAN_USER, { orders: [] })).toMatchObject({ status: 200, body: { turn: 1, accepted: 0 } })
    expect(await report(TERRAN_USER, 1)).toMatchObject({ status: 404, answeredBy: 'engine', body: { error: { code: 'not_found' } } })
    await deployment.query("UPDATE desired_games SET turn_token = 'now' WHERE game_id = 'played'")
    const { body: after } = await until(
      () => report(TERRAN_USER, 1),
      ({ status }) => status === 200,
      'the turn’s report is there',
    )
    expect(after).toMatchObject({ turn: 1, raceName: 'Terran', planets: [{ id: planet, name: 'Earth' }] })
    expect(await report(ZERG_USER, 1)).toMatchObject({ status: 200, body: { turn: 1, raceName: 'Zerg' } })
  })

  it('lets nobody else in', async () => {
    const stranger = '00000000-0000-4000-8000-00000000000f'
    expect(await report(stranger, 0)).toMatchObject({ status: 403, answeredBy: null, body: { code: 'forbidden' } })
    expect(await call('orders', stranger, { orders: [] })).toMatchObject({ status: 403, body: { code: 'forbidden' } })
    expect(await call('orders', TERRAN_USER, { orders: [] }, { game: 'unknown' })).toMatchObject({
      status: 404,
      body: { code: 'not_found' },
    })
  })

  it('says that a stopped game does not run, and finds its engine again afterwards', async () => {
    await deployment.query("UPDATE desired_games SET state = 'stopped', stop_reason = 'admin_request' WHERE game_id = 'played'")
    await deployment.untilStatus('played', 'stopped')
    expect(await report(TERRAN_USER, 0)).toMatchObject({
      status: 503,
      body: { code: 'service_unavailable', detail: expect.stringContaining('its status is stopped') },
    })
    await deployment.query("UPDATE desired_games SET state = 'running', stop_reason = NULL WHERE game_id = 'played'")
    await deployment.untilStatus('played', 'running')
    expect(await report(TERRAN_USER, 0)).toMatchObject({ status: 200, body: { turn: 0 } })
  })

  it('of a standby says that another one does it', async () => {
    const standby = await start({ ...deployment.config, dataDir: path.join(deployment.config.dataDir, 'standby') })
    expect(await call('orders', TERRAN_USER, { orders: [] }, { at: standby.api })).toMatchObject({
      status: 503,
      body: { code: 'service_unavailable', detail: expect.stringContaining('standby') },
    })
  })

  it('leaves what has been recorded to be read', async () => {
    const run = async (...args: string[]) =>
      (await galaxy(args, { GALAXY_DATA_DIR: deployment.config.dataDir }, deployment.config.dataDir)).stdout
    expect(await run('get', 'turns', 'played')).toMatch(/\nplayed +1 +a turn token +succeeded +1 /)
    expect(await run('get', 'snapshots', 'played')).toMatch(/\n\d+ +1 +running +ok +3 .*\n\d+ +0 /)
    expect(await run('events', 'played')).toMatch(/ container_started +[0-9a-f]{12} /)
    expect(await run('describe', 'game', 'played')).toMatch(/Turn: +1\n +Players: +3 known to the engine\n +Engine health: +ok\n/)
  })

  interface Controller {
    readonly api: ApiAddress
    stop(): Promise<void>
  }

  /** The controller with its API, in this process. */
  async function start(config: Config): Promise<Controller> {
    const abort = new AbortController()
    const ready = Promise.withResolvers<ApiAddress>()
    const log = createLog('silent')
    const ended = runController(config, {
      signal: abort.signal,
      log,
      docker: inject('dockerAddress'),
      useEvents: inject('useEvents'),
      onReady: ready.resolve,
    })
    ended.catch(ready.reject)
    const stop = async (): Promise<void> => {
      abort.abort()
      await ended
    }
    const controller = { api: await ready.promise, stop }
    controllers.push(controller)
    return controller
  }

  function report(userId: string, turn: number) {
    return call(`reports/${turn}`, userId)
  }

  async function call(what: string, userId: string, body?: unknown, { game = 'played', at = active.api } = {}) {
    const response = await fetch(`${at.url}/api/v1/user/games/${game}/${what}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { authorization: `Bearer ${at.token}`, 'galaxy-user-id': userId, 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const answer: unknown = await response.json()
    return { status: response.status, answeredBy: response.headers.get('galaxy-answered-by'), body: answer }
  }
})

function homeOf(report: unknown): number {
  const [home] = (report as { planets: { id: number }[] }).planets // the engine's tests hold it to this
  if (home === undefined) throw new Error('a player without a planet')
  return home.id
}
