import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { LIFE, stateOf, type Step } from '../support/crash/life.ts'
import { type CrashPoint, describePoint, holdAt, markNow, pointsSince, type Proxies, writeOf } from '../support/crash/points.ts'
import { createDeployment, type Deployment } from '../support/deployment.ts'
import { type DockerHistory, recordHistory } from '../support/docker-history.ts'
import { isWrite } from '../support/fault-proxy/docker-call.ts'
import { startDockerFaultProxy } from '../support/fault-proxy/docker-proxy.ts'
import { startPostgresFaultProxy } from '../support/fault-proxy/postgres-proxy.ts'
import { registerReferenceEngine } from '../support/reference-engine.ts'
import { until } from '../support/until.ts'

const ROUNDS = 4
/** Killed by one kill, each at an effect of its own. */
const GAMES_AT_ONCE = 4
const LEAST_KILLS = 30
const REACH_MS = 20_000

interface Lesson {
  readonly step: Step
  readonly points: readonly CrashPoint[]
  readonly outcome: string
}

/** Real kills of real processes, not at random times: proxies in front of Docker and Postgres hold a chosen effect, and the kill comes then. */
describe('row 1: kill -9 of the controller at a chosen effect', () => {
  let deployment: Deployment
  let proxies: Proxies
  let history: DockerHistory
  let controller: ChildProcess
  const lessons: Lesson[] = []
  const covered = new Set<string>()
  let kills = 0
  let crashes = 0

  beforeAll(async () => {
    deployment = await createDeployment({ 'timings.lease': '1500ms', 'timings.leaseRenew': '250ms' })
    // Slow enough to be killed in the middle of it.
    await registerReferenceEngine(deployment, { GALAXY_ENGINE_FAULT_SLOW_TURN_MS: '300' })
    const { config, databaseUrl } = deployment
    proxies = {
      docker: await startDockerFaultProxy(path.join(inject('runFolder'), `${config.instance}.sock`), inject('dockerAddress')),
      postgres: await startPostgresFaultProxy(databaseUrl),
    }
    history = await recordHistory(deployment.docker, config.instance)
    controller = spawn()
    for (const step of LIFE) lessons.push(await learn(step))
  })
  afterAll(async () => {
    const moments = LIFE.map(({ name }) => `${name} ${[...covered].filter((each) => each.startsWith(`${name}: `)).length}`)
    process.stdout.write(`kill -9: ${kills} kills, ${crashes} games hit, ${covered.size} moments (${moments.join(', ')})\n`)
    await history.stop()
    await deployment.dispose()
    await proxies.docker.close()
    await proxies.postgres.close()
  })

  it.each(Array.from({ length: ROUNDS }, (_, round) => round))(
    'row 1: lives in which every step is cut through once, round %i',
    async (round) => {
      const games = Array.from({ length: GAMES_AT_ONCE }, (_, index) => `round-${round}-${index}`)
      for (const { step, points, outcome } of lessons) {
        const chosen = games.map((_, index) => points[(round * GAMES_AT_ONCE + index) % points.length])
        await killAt(step, new Map(games.flatMap((gameId, index) => (chosen[index] === undefined ? [] : [[gameId, chosen[index]]]))))
        for (const gameId of games) await becomes(gameId, outcome, step)
      }
      expect(history.mostAtOnce()).toBe(1)
      expect(proxies.docker.record.mostAtOnce()).toBe(1)
    },
    240_000,
  )

  it.each(['before', 'after'] as const)(
    'row 1: killed %s its network is made, which nobody has, the first game starts all the same',
    async (edge) => {
      const [start, ...others] = lessons
      if (start === undefined) throw new Error('nothing was learned')
      await deployment.docker.getNetwork(deployment.config.docker.network).remove()
      await until(
        () => proxies.docker.record.calls.findLast(({ kind }) => kind === 'network_list'),
        (seen) => seen?.answer != null,
        'the controller has seen it',
      )
      const gameId = `network-${edge}`
      await killAt(start.step, new Map([[gameId, { kind: 'docker', call: 'network_create', nth: 1, edge }]]))
      await becomes(gameId, start.outcome, start.step)
      const last = others.at(-1)
      await last?.step.ask(gameId, deployment)
      await until(
        async () => (await deployment.containers()).length + (await deployment.query('SELECT FROM desired_games')).length,
        (left) => left === 0,
        'it is gone',
      )
    },
  )

  async function learn(step: Step): Promise<Lesson> {
    const mark = markNow(proxies)
    await step.ask('learn', deployment)
    await until(
      () => pointsSince(mark, 'learn', proxies),
      (points) => points.length > 0,
      `${step.name} is begun`,
    )
    const outcome = await comesToRest('learn')
    const points = pointsSince(mark, 'learn', proxies).filter((point) => !isOfNetwork(point))
    return { step, points: step.name === 'turn' ? [...points, { kind: 'computing' }] : points, outcome }
  }

  /** Asks all games for the step, waits until each stands at its point, and kills the process they all depend on. */
  async function killAt(step: Step, chosen: ReadonlyMap<string, CrashPoint>): Promise<void> {
    const holds = [...chosen].map(([gameId, point]) => holdAt(point, gameId, proxies))
    for (const gameId of chosen.keys()) await step.ask(gameId, deployment)
    await within(Promise.all(holds.map(({ reached }) => reached)), `${step.name}: ${[...chosen.values()].map(describePoint).join(', ')}`)
    const ended = once(controller, 'exit')
    controller.kill('SIGKILL')
    await ended
    for (const { lift } of holds) lift()
    kills += 1
    crashes += chosen.size
    for (const point of chosen.values()) covered.add(`${step.name}: ${describePoint(point)}`)
    controller = spawn()
  }

  async function within(reached: Promise<unknown>, what: string): Promise<void> {
    const { promise: late, reject } = Promise.withResolvers<never>()
    const timer = setTimeout(() => reject(new Error(`not reached: ${what}`)), REACH_MS)
    await Promise.race([reached, late]).finally(() => clearTimeout(timer))
  }

  async function becomes(gameId: string, outcome: string, step: Step): Promise<void> {
    const read = () => stateOf(gameId, deployment, history)
    try {
      await until(read, (state) => state === outcome, `${step.name} of ${gameId} ends as without a kill`, 30_000)
    } catch {
      expect(JSON.parse(await read())).toEqual(JSON.parse(outcome))
    }
  }

  /** The same several times in a row, with nothing open. */
  async function comesToRest(gameId: string): Promise<string> {
    let before = ''
    let equal = 0
    return until(
      async () => {
        const state = await stateOf(gameId, deployment, history)
        equal = state === before && !state.includes(' running ') ? equal + 1 : 0
        before = state
        return state
      },
      () => equal >= 40,
      `${gameId} comes to rest`,
      60_000,
    )
  }

  function spawn(): ChildProcess {
    const { config, databaseUrl } = deployment
    return deployment.spawn({
      docker: proxies.docker.address,
      config: { ...config, databaseUrl: proxies.postgres.urlOf(databaseUrl) },
    })
  }

  it(`row 1: at least ${LEAST_KILLS} processes were killed, at every effect that a life has, and the last one rests`, async () => {
    expect(kills).toBeGreaterThanOrEqual(LEAST_KILLS)
    const known = lessons.flatMap(({ step, points }) => points.map((point) => `${step.name}: ${describePoint(point)}`))
    expect(known.filter((point) => !covered.has(point))).toEqual([])
    const before = effectsSoFar()
    await new Promise((resolve) => setTimeout(resolve, 2 * deployment.config.timings.resyncMs))
    expect(effectsSoFar()).toEqual(before)
    expect(await deployment.query("SELECT FROM operation_log WHERE status = 'running'")).toEqual([])
    expect(await deployment.query('SELECT FROM operation_actions WHERE outcome IS NULL')).toEqual([])
  })

  function effectsSoFar(): { readonly calls: number; readonly commits: number } {
    return {
      calls: proxies.docker.record.calls.filter(({ kind }) => isWrite(kind)).length,
      commits: proxies.postgres.statements.filter(({ sql }) => writeOf(sql) !== null).length,
    }
  }
})

function isOfNetwork(point: CrashPoint): boolean {
  return point.kind === 'docker' && point.call.startsWith('network_')
}
