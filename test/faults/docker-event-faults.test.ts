import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { idleImage } from '../support/deployment.ts'
import { isWrite } from '../support/fault-proxy/docker-call.ts'
import { refusal } from '../support/fault-proxy/docker-fault.ts'
import type { StreamFault } from '../support/fault-proxy/event-tap.ts'
import { createRig, type Rig } from '../support/fault-proxy/rig.ts'
import { until } from '../support/until.ts'

/** More than Docker keeps. */
const MISSED_EVENTS = 300

/** Rows of the specification's table of faults about events, made by a proxy in front of the real daemon; each ends in rest. */
describe('events of Docker that go wrong', () => {
  let rig: Rig

  beforeAll(async () => {
    rig = await createRig()
    await rig.running('bystander')
  })
  afterEach(() => rig.docker.liftAll())
  afterAll(() => rig.dispose())

  it('row 18: the stream ends: reconnected with overlap, then listed; what happened in between is seen', async () => {
    const games = Array.from({ length: 4 }, (_, index) => `row-18-${index}`)
    await rig.running(...games)
    const callsBefore = rig.docker.record.calls.length
    for (const game of games) {
      rig.docker.events.cut()
      await killed(rig, game)
      await startedAgain(rig, game)
      await until(
        () => rig.docker.events.openCount,
        (open) => open === 2,
        'the streams are open again',
      )
    }
    const kinds = rig.docker.record.calls.slice(callsBefore).map(({ kind }) => kind)
    expect(kinds.filter((kind) => kind === 'events').length).toBe(2 * games.length)
    expect(kinds.slice(kinds.lastIndexOf('events'))).toContain('container_list')
    expect(timesOf('container', 'die')).toBeGreaterThanOrEqual(games.length)
    await rig.comesToRest()
  })

  it('row 18: the stream ends, and opening it anew hangs: it has a deadline, and is tried again', async () => {
    await rig.running('row-18-hanging')
    const { hit } = rig.docker.inject({ on: 'events', fault: { kind: 'hang', effect: 'before' } })
    rig.docker.events.cut()
    await hit
    await killed(rig, 'row-18-hanging')
    await startedAgain(rig, 'row-18-hanging')
    await rig.comesToRest()
  })

  it('row 19: the stream is silently dead: the watchdog finds out, and heals', async () => {
    await rig.running('row-19')
    const speak = rig.docker.events.disturb({ kind: 'silence' })
    await killed(rig, 'row-19')
    const killedAtMs = performance.now()
    await startedAgain(rig, 'row-19')
    // The watchdog's second, a list, and a start.
    expect(performance.now() - killedAtMs).toBeLessThan(5_000)
    speak()
    await rig.comesToRest()
  })

  it('row 20: more events are missed than Docker keeps: the list is the truth', async () => {
    await rig.running('row-20-killed', 'row-20-removed')
    const told = rig.docker.events.told.length
    const { lift } = rig.docker.inject({ on: 'events', times: 1_000, fault: refusal(500, 'not now') })
    rig.docker.events.cut()
    const ids = [await rig.containerId('row-20-killed'), await rig.containerId('row-20-removed')]
    await killed(rig, 'row-20-killed')
    await rig.deployment.docker.getContainer(await rig.containerId('row-20-removed')).remove({ force: true })
    await makeEvents(MISSED_EVENTS)
    lift()
    await startedAgain(rig, 'row-20-killed')
    await rig.runs('row-20-removed')
    expect(
      rig.docker.events.told.slice(told).filter(({ id, action }) => ids.includes(id) && (action === 'die' || action === 'destroy')),
    ).toEqual([])
    await rig.comesToRest()
  })

  it('row 21: most events are dropped: what is dropped is found by the list', async () => {
    const games = Array.from({ length: 4 }, (_, index) => `row-21-${index}`)
    const undisturbed = rig.docker.events.disturb({ kind: 'thin_out', keepOneOf: 5 })
    await rig.running(...games)
    await Promise.all(games.map((game) => killed(rig, game)))
    for (const game of games) await startedAgain(rig, game)
    undisturbed()
    for (const game of games) expect(rig.docker.record.effects(game)).toEqual(['container_create', 'container_start', 'container_start'])
    await rig.comesToRest()
  })

  it('row 21: a flood of events costs no more than a look: the handler only enqueues a key', async () => {
    await rig.running('row-21-flood')
    const undisturbed = rig.docker.events.disturb({ kind: 'repeat', times: 500 })
    const before = rig.docker.record.calls.length
    await killed(rig, 'row-21-flood')
    await startedAgain(rig, 'row-21-flood')
    undisturbed()
    await rig.comesToRest()
    const inspects = rig.docker.record.calls
      .slice(before)
      .filter(({ kind, gameId }) => kind === 'container_inspect' && gameId === 'row-21-flood')
    expect(inspects.length).toBeLessThanOrEqual(6)
    expect(rig.docker.record.effects('row-21-flood')).toEqual(['container_create', 'container_start', 'container_start'])
  })

  it.each([
    ['doubled', { kind: 'repeat', times: 2 }],
    ['out of order', { kind: 'reverse', windowMs: 300 }],
  ] as const)('row 22: events %s: nothing happens', async (how, fault: StreamFault) => {
    const game = `row-22-${how.replaceAll(' ', '-')}`
    const undisturbed = rig.docker.events.disturb(fault)
    await rig.running(game)
    await rig.patch(game, '1.0.1')
    await rig.runs(game, '1.0.1')
    await rig.stop(game)
    await rig.deployment.untilStatus(game, 'stopped')
    await rig.comesToRest()
    undisturbed()
    expect(rig.docker.record.effects(game)).toEqual([
      'container_create',
      'container_start',
      'container_create',
      'container_stop',
      'container_remove',
      'container_rename',
      'container_start',
      'container_stop',
    ])
    expect(await rig.operations(game)).toEqual(['start succeeded', 'patch succeeded', 'stop succeeded'])
  })

  it('row 22: everything that ever happened is told again: nothing is done and nothing is written', async () => {
    await rig.running('row-22-again')
    await rig.comesToRest()
    const [calls, rows] = [rig.docker.record.calls.length, await rig.statements.written()]
    rig.docker.events.replay()
    await rig.comesToRest()
    expect(rig.docker.record.calls.slice(calls).filter(({ kind }) => isWrite(kind))).toEqual([])
    expect(await rig.statements.written()).toEqual(rows)
  })

  function timesOf(type: string, action: string): number {
    return rig.docker.events.told.filter((event) => event.type === type && event.action === action).length
  }

  /** Of a container that is nobody's game. */
  async function makeEvents(count: number): Promise<void> {
    const name = `${rig.deployment.config.instance}-noise`
    const noise = await rig.deployment.docker.createContainer({ name, Image: idleImage('1.0.0') })
    for (let made = 0; made < count; made += 1) await noise.rename({ name: `${name}-${made % 2}` })
    await noise.remove()
  }
})

describe('events of Docker that go wrong, at the usual pace', () => {
  it('row 19: the stream is silently dead: healed within 30 s', async () => {
    const pace = { 'timings.eventWatchdog': '20s', 'timings.resync': '1m', 'timings.lease': '5s', 'timings.leaseRenew': '1500ms' }
    const rig = await createRig(pace)
    try {
      await rig.running('row-19')
      const speak = rig.docker.events.disturb({ kind: 'silence' })
      await killed(rig, 'row-19')
      await startedAgain(rig, 'row-19', 30_000)
      speak()
      await rig.comesToRest()
    } finally {
      await rig.dispose()
    }
  })
})

async function killed(rig: Rig, game: string): Promise<void> {
  await rig.deployment.docker.getContainer(await rig.containerId(game)).kill()
}

async function startedAgain(rig: Rig, game: string, timeoutMs?: number): Promise<void> {
  await until(
    () => rig.operations(game),
    (operations) => operations.at(-1) === 'restart/crash_restart succeeded',
    `game ${game} is started again`,
    timeoutMs,
  )
  await rig.runs(game)
}
