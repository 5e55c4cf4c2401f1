import pg from 'pg'
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest'
import { isWrite } from '../support/fault-proxy/docker-call.ts'
import type { StatementFault } from '../support/fault-proxy/postgres-proxy.ts'
import { createRig, type Rig } from '../support/fault-proxy/rig.ts'
import { until } from '../support/until.ts'

/** The writes of a start, by what only they contain. */
const OPENS = 'INSERT INTO operation_log'
const GOES_ON = 'AS running'
const CLOSES = 'AS known'

/** What was begun may still come to its end. */
const LONGEST_CALL_MS = 1_000

/** Rows of the specification's table of faults, made by a proxy in front of the real server; each ends in rest. */
describe('a database whose connections go wrong', () => {
  let rig: Rig
  const over: (() => void)[] = []

  beforeAll(async () => {
    rig = await createRig()
    await rig.running('bystander')
  })
  afterEach(() => {
    for (const end of over.splice(0)) end()
  })
  afterAll(() => rig.dispose())

  const broken: readonly (readonly [string, StatementFault])[] = [
    ['before it arrives', { kind: 'cut_before' }],
    ['in the middle of it', { kind: 'cut_within', bytes: 200 }],
  ]
  it.each([OPENS, GOES_ON, CLOSES].flatMap((containing) => broken.map(([when, fault]) => ({ containing, when, fault }))))(
    'row 37: a connection killed at "$containing", $when: repeated, and done once',
    async ({ containing, fault }) => {
      const gameId = `row-37-${containing.toLowerCase().replaceAll(/[^a-z]+/g, '-')}-${fault.kind.replace('_', '-')}`
      const { hit } = rig.postgres.inject({ containing, fault })
      await rig.ask(gameId)
      await hit
      await startedOnce(gameId)
    },
  )

  it.each([OPENS, GOES_ON, CLOSES])('row 38: "%s" committed, its answer lost: read back by operation id', async (containing) => {
    const gameId = `row-38-${containing.toLowerCase().replaceAll(/[^a-z]+/g, '-')}`
    const { hit } = rig.postgres.inject({ containing, fault: { kind: 'lose_answer' } })
    await rig.ask(gameId)
    await hit
    await startedOnce(gameId)
  })

  it('row 38: the removal of a row committed, its answer lost: removed once', async () => {
    await rig.running('row-38-forgotten')
    const { hit } = rig.postgres.inject({ containing: 'DELETE FROM desired_games', fault: { kind: 'lose_answer' } })
    await rig.remove('row-38-forgotten')
    await hit
    await rig.comesToRest()
    expect(await rig.operations('row-38-forgotten')).toEqual(['start succeeded', 'stop/delete succeeded'])
  })

  it('row 38: the lease renewed, its answer lost: the term goes on', async () => {
    const epoch = await epochNow()
    const { hit } = rig.postgres.inject({ containing: 'update "controller_leases"', fault: { kind: 'lose_answer' } })
    await hit
    await rig.running('row-38-renewed')
    await rig.comesToRest()
    expect(await epochNow()).toBe(epoch)
  })

  it('row 38: the lease taken, its answer lost: it runs out, and the next epoch acts', async () => {
    const epoch = await epochNow()
    const { hit } = rig.postgres.inject({ containing: 'galaxy_acquire_lease', fault: { kind: 'lose_answer' } })
    const accept = rig.postgres.disturb({ kind: 'refuse' })
    over.push(accept)
    rig.postgres.cut()
    await until(
      () => rig.controller.state.active,
      (active) => active === null,
      'the term is over',
    )
    accept()
    await hit
    await rig.running('row-38-taken')
    await rig.comesToRest()
    expect(await epochNow()).toBe(epoch + 2)
  })

  it('rows 37 and 38: answers lost and connections killed all through starts and patches of several games', async () => {
    const games = Array.from({ length: 5 }, (_, index) => `rows-37-38-${index}`)
    const faults = [...broken.map(([, fault]) => fault), { kind: 'lose_answer' } as const]
    const injections = Array.from({ length: 12 }, (_, index) =>
      rig.postgres.inject({ containing: 'operation_', nth: 2 * index + 2, fault: faults[index % faults.length] ?? { kind: 'cut_before' } }),
    )
    await rig.running(...games)
    for (const game of games) await rig.patch(game, '1.0.1')
    for (const game of games) await rig.runs(game, '1.0.1')
    for (const { lift } of injections) lift()
    await rig.comesToRest()
    expect(injections.reduce((sum, { hits }) => sum + hits, 0)).toBeGreaterThan(6)
    for (const game of games) {
      expect(rig.docker.record.effects(game)).toEqual(STARTED_AND_PATCHED)
      expect(await rig.operations(game)).toEqual(['start succeeded', 'patch succeeded'])
    }
  })

  it('row 39: gone for longer than the lease: nothing is done to Docker meanwhile, and then it is', async () => {
    await rig.running('row-39-gone')
    const accept = rig.postgres.disturb({ kind: 'refuse' })
    over.push(accept)
    rig.postgres.cut()
    await killed('row-39-gone')
    expect(await writesWithin(rig.deployment.config.timings.leaseMs + 2_000)).toEqual([])
    accept()
    await startedAgain('row-39-gone')
    await rig.comesToRest()
  })

  it('row 39: failed over to a read-only node: nothing is done to Docker meanwhile, and then it is', async () => {
    await rig.running('row-39-read-only')
    over.push(() => void setReadOnly('off'))
    await setReadOnly('on')
    rig.postgres.cut()
    await killed('row-39-read-only')
    expect(await writesWithin(rig.deployment.config.timings.leaseMs + 2_000)).toEqual([])
    await setReadOnly('off')
    rig.postgres.cut()
    await startedAgain('row-39-read-only')
    await rig.comesToRest()
  })

  it('row 39: answers nothing for longer than the lease, in the middle of starts: what comes late is refused', async () => {
    const games = Array.from({ length: 5 }, (_, index) => `row-39-stalled-${index}`)
    for (const game of games) await rig.ask(game)
    await until(
      () => games.flatMap((game) => rig.docker.record.effects(game)),
      (effects) => effects.length > 0,
      'the first container is created',
    )
    const epoch = await epochNow()
    const warnings: string[] = []
    const onWarning = ({ message }: Error) => warnings.push(message)
    process.on('warning', onWarning)
    const flow = rig.postgres.disturb({ kind: 'stall' })
    over.push(flow, () => process.off('warning', onWarning))
    await new Promise((resolve) => setTimeout(resolve, rig.deployment.config.timings.leaseMs + LONGEST_CALL_MS))
    expect(await writesWithin(1_500)).toEqual([])
    flow()
    for (const game of games) await rig.runs(game)
    await rig.comesToRest()
    expect(await epochNow()).toBeGreaterThan(epoch)
    for (const game of games) expect(rig.docker.record.effects(game)).toEqual(['container_create', 'container_start'])
    // Checks of a connection that answers nothing must not pile up on it; pg warns of that.
    expect(warnings).toEqual([])
  })

  it('row 40: NOTIFY lost: the poll finds what was asked for, within its interval', async () => {
    over.push(rig.postgres.disturb({ kind: 'lose_notifications' }))
    const within = async (change: () => Promise<unknown>, kind: string): Promise<void> => {
      const askedAtMs = performance.now()
      await change()
      await until(
        () => rig.docker.record.effects('row-40').at(-1),
        (last) => last === kind,
        `${kind} is done`,
        10_000,
      )
      // The poll's half second, and the calls themselves.
      expect(performance.now() - askedAtMs).toBeLessThan(3_000)
    }
    await within(() => rig.ask('row-40'), 'container_start')
    await rig.runs('row-40')
    await within(() => rig.stop('row-40'), 'container_stop')
    await rig.deployment.untilStatus('row-40', 'stopped')
    await within(() => rig.remove('row-40'), 'container_remove')
    await rig.comesToRest()
    expect(rig.postgres.lostNotifications).toBeGreaterThanOrEqual(3)
  })

  it('row 40: the listening connection breaks again and again: nothing is missed', async () => {
    for (let round = 0; round < 5; round += 1) {
      rig.postgres.cut('galaxy-listen')
      await rig.ask(`row-40-listen-${round}`)
    }
    for (let round = 0; round < 5; round += 1) await rig.runs(`row-40-listen-${round}`)
    await rig.comesToRest()
  })

  async function startedOnce(gameId: string): Promise<void> {
    await rig.runs(gameId)
    await rig.comesToRest()
    expect(rig.docker.record.effects(gameId)).toEqual(['container_create', 'container_start'])
    expect(await rig.operations(gameId)).toEqual(['start succeeded'])
  }

  async function killed(gameId: string): Promise<void> {
    await rig.deployment.docker.getContainer(await rig.containerId(gameId)).kill()
  }

  async function startedAgain(gameId: string): Promise<void> {
    await until(
      () => rig.operations(gameId),
      (operations) => operations.join() === 'start succeeded,restart/crash_restart succeeded',
      `game ${gameId} is started again`,
    )
    await rig.runs(gameId)
    expect(rig.docker.record.effects(gameId)).toEqual(['container_create', 'container_start', 'container_start'])
  }

  /** Calls that change something, from now on. */
  async function writesWithin(durationMs: number): Promise<readonly string[]> {
    const before = rig.docker.record.calls.length
    await new Promise((resolve) => setTimeout(resolve, durationMs))
    return rig.docker.record.calls
      .slice(before)
      .map(({ kind }) => kind)
      .filter(isWrite)
  }

  async function epochNow(): Promise<number> {
    const [row] = await rig.deployment.query<{ epoch: string }>('SELECT epoch FROM controller_leases')
    return Number(row?.epoch)
  }

  /** For connections made from now on. */
  async function setReadOnly(value: 'on' | 'off'): Promise<void> {
    const client = new pg.Client({ connectionString: inject('postgresUrl') })
    await client.connect()
    await client.query(
      `ALTER DATABASE ${new URL(rig.deployment.databaseUrl).pathname.slice(1)} SET default_transaction_read_only = ${value}`,
    )
    await client.end()
  }
})

const STARTED_AND_PATCHED = [
  'container_create',
  'container_start',
  'container_create',
  'container_stop',
  'container_remove',
  'container_rename',
  'container_start',
]
