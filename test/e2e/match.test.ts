import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { LobbyClient } from '../../src/lobby/client.ts'
import { isSignedWith, type ReceiverUnderTest, startReceiver } from '../integration/outbox-receiver.ts'
import { createDeployment, type Deployment } from '../support/deployment.ts'
import { askEngine, PLAYERS, registerReferenceEngine } from '../support/reference-engine.ts'
import { until } from '../support/until.ts'
import { startWholeController, type WholeController } from '../support/whole-controller.ts'

const LAST_TURN = 12
const SECRET = 'a secret of the lobby'

describe('a whole match', () => {
  let deployment: Deployment
  let receiver: ReceiverUnderTest
  let lobby: LobbyClient
  let controller: WholeController

  beforeEach(async () => {
    receiver = await startReceiver()
    deployment = await createDeployment({
      'timings.cleanupTtl': '2s',
      'webhook.url': receiver.url,
      'webhook.secrets': SECRET,
    })
    await registerReferenceEngine(deployment, { GALAXY_ENGINE_TURN_LIMIT: String(LAST_TURN) })
    lobby = new LobbyClient({ connectionString: deployment.config.databaseUrl ?? '' })
    controller = await startWholeController(deployment)
  }, 120_000)
  afterEach(async () => {
    await controller.kill()
    await lobby.close()
    await receiver.goDown()
    await deployment.dispose()
  })

  it('is played from the lobby’s first word to the last container', async () => {
    await publish()
    await turnReached(1)
    await sendOrders()

    await turnReached(3)
    await deployment.query("UPDATE desired_games SET turn_token = 'now' WHERE game_id = 'match'")
    // A patch that is asked for before the turn has begun goes first.
    await until(
      () => deployment.query("SELECT FROM turns WHERE turn_token = 'now'"),
      (turns) => turns.length === 1,
      'the forced turn has begun',
    )
    await patchBetweenTurns('1.0.1')

    await lobby.publishPatchJob('match', { engine: 'reference', version: '1.1.0' })
    await until(accepted, (condition) => condition?.reason === 'PatchIncompatible', 'the next minor is refused')
    expect((await askEngine(deployment, 'match')).turn).toBeGreaterThan(2)
    await lobby.publishPatchJob('match', { engine: 'reference', version: '1.1.0', allowIncompatible: true })
    await runs('1.1.0')

    await isOver()
    expect(await operations()).toEqual([
      'start succeeded lobby 1',
      `turn succeeded scheduler ${LAST_TURN - 1}`,
      'force_next_turn succeeded lobby 1',
      'patch succeeded lobby 2',
      'reconcile/cleanup succeeded reconciler 1',
    ])
    await oneStory()
  }, 90_000)

  it('is the same match when the controller is killed five times in the middle of it', async () => {
    await publish()
    for (const turn of [0, 2, 3]) {
      await turnReached(turn)
      await killSoon()
    }
    await lobby.publishPatchJob('match', { engine: 'reference', version: '1.0.1' })
    await killSoon()
    await runs('1.0.1')
    await deployment.query("UPDATE desired_games SET turn_token = 'now' WHERE game_id = 'match'")
    await killSoon()
    await lobby.publishPatchJob('match', { engine: 'reference', version: '1.1.0', allowIncompatible: true })
    await runs('1.1.0')
    await isOver()
    await oneStory()
  }, 120_000)

  async function publish(): Promise<void> {
    const options = { players: PLAYERS, turnSchedule: '* * * * * *' }
    expect(await lobby.publishStartJob('match', { engine: 'reference', version: '1.0.0' }, options)).toMatchObject({ outcome: 'created' })
  }

  async function turnReached(turn: number): Promise<void> {
    await until(
      async () => (await lobby.getRuntime('match'))?.record?.currentTurn ?? -1,
      (now) => now >= turn,
      `turn ${turn} is reached`,
      40_000,
    )
  }

  /** Anywhere within the second of a tick. */
  async function killSoon(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 1_000))
    await controller.kill()
    controller = await startWholeController(deployment)
  }

  async function sendOrders(): Promise<void> {
    const [player] = PLAYERS
    const userId = player?.userId ?? ''
    const report = await controller.call('GET', '/user/games/match/reports/0', { userId })
    expect(report).toMatchObject({ status: 200, body: { turn: 0, raceName: player?.raceName } })
    const planets = report.body['planets'] as { id: number }[] // the engine's OpenAPI says so
    const chart = report.body['chart'] as { id: number; owner: string | null }[]
    const to = chart.find(({ owner }) => owner !== null && owner !== player?.raceName)?.id
    const orders = [{ type: 'attack', from: planets[0]?.id, to, ships: 1 }]
    expect(await controller.call('POST', '/user/games/match/orders', { userId, body: { orders } })).toMatchObject({
      status: 200,
      body: { accepted: 1 },
    })
    const stranger = '00000000-0000-4000-8000-00000000dead'
    expect((await controller.call('POST', '/user/games/match/orders', { userId: stranger, body: { orders } })).status).toBe(403)
  }

  async function patchBetweenTurns(version: string): Promise<void> {
    const before = (await askEngine(deployment, 'match')).turn
    await lobby.publishPatchJob('match', { engine: 'reference', version })
    await runs(version)
    expect((await askEngine(deployment, 'match')).turn).toBeGreaterThanOrEqual(before)
  }

  async function runs(version: string): Promise<void> {
    await until(
      () =>
        deployment.query<{ v: string }>(
          "SELECT current_engine_version AS v FROM runtime_records WHERE game_id = 'match' AND status = 'running'",
        ),
      ([row]) => row?.v === version,
      `version ${version} runs`,
      30_000,
    )
  }

  async function accepted(): Promise<{ readonly reason: string } | undefined> {
    return (await lobby.getRuntime('match'))?.conditions.find(({ type }) => type === 'Accepted')
  }

  async function isOver(): Promise<void> {
    await deployment.untilStatus('match', 'finished', 60_000)
    await until(
      () => deployment.containers(),
      (containers) => containers.length === 0,
      'its container is cleaned up',
      30_000,
    )
    await until(
      () => deployment.query('SELECT FROM outbox WHERE delivered_at IS NULL'),
      (waiting) => waiting.length === 0,
      'everything is told',
      30_000,
    )
    await until(
      () => deployment.query("SELECT FROM operation_log WHERE status IN ('queued', 'running')"),
      (open) => open.length === 0,
      'the cleanup is in the log',
    )
    expect(await deployment.query("SELECT state FROM desired_games WHERE game_id = 'match'")).toEqual([{ state: 'running' }])
  }

  async function operations(): Promise<readonly string[]> {
    const rows = await deployment.query<{ line: string }>(
      `SELECT op || coalesce('/' || op_detail, '') || ' ' || status || ' ' || source || ' ' || count(*) AS line
         FROM operation_log WHERE game_id = 'match' GROUP BY op, op_detail, status, source ORDER BY min(operation_id::text)`,
    )
    return rows.map(({ line }) => line)
  }

  /** Operation log, ledger, snapshots, outbox and the lobby's own ears: each tells turns 0 to the last, once and in order. */
  async function oneStory(): Promise<void> {
    const turns = Array.from({ length: LAST_TURN + 1 }, (_, turn) => turn)
    const ledger = await deployment.query<{ turn: number }>("SELECT turn FROM turns WHERE status = 'succeeded' ORDER BY turn")
    expect(ledger.map(({ turn }) => turn)).toEqual(turns.slice(1))
    expect(await deployment.query("SELECT FROM turns WHERE status = 'in_progress'")).toEqual([])
    expect(await deployment.query("SELECT FROM operation_log WHERE status IN ('queued', 'running')")).toEqual([])
    expect(await deployment.query('SELECT FROM operation_actions WHERE outcome IS NULL')).toEqual([])

    const snapshots = await deployment.query<{ turn: number }>('SELECT turn FROM health_snapshots ORDER BY id')
    expect(snapshots.map(({ turn }) => turn)).toEqual(turns)
    const heard: number[] = []
    for await (const snapshot of lobby.watchSnapshots({ gameIds: ['match'] })) {
      heard.push(snapshot.turn)
      if (snapshot.turn === LAST_TURN) break
    }
    expect(heard).toEqual(turns)

    const told = receiver.received.filter(({ type }) => type === 'runtime.snapshot')
    expect(told.every((one) => isSignedWith(SECRET, one))).toBe(true)
    const firstTold = [...new Map(told.map((one) => [one.eventId, one])).values()]
    expect(firstTold.map(({ body }) => (body['data'] as { current_turn: number }).current_turn)).toEqual(turns)
    expect(await deployment.query("SELECT status, current_turn FROM runtime_records WHERE game_id = 'match'")).toEqual([
      { status: 'finished', current_turn: LAST_TURN },
    ])
  }
})
