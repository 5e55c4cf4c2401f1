import { describe, expect, it } from 'vitest'
import type { TermFigures } from '../../../src/metrics/figures.ts'
import { createMetrics, type Metrics } from '../../../src/metrics/metrics.ts'
import type { ConditionType } from '../../../src/model/condition.ts'
import { type Exposition, parseExposition } from '../../support/prometheus-text.ts'

/** Metrics after what `tell` has them told, on a standby unless figures are given. */
async function after(tell: (observers: Metrics['observers']) => void, figures: Partial<TermFigures> | null = null): Promise<Exposition> {
  const metrics = createMetrics('default', () => (figures === null ? null : { ...IDLE, ...figures }))
  tell(metrics.observers)
  return parseExposition((await metrics.scrape()).text)
}

const IDLE: TermFigures = {
  queue: { waiting: { live: 0, resync: 0 }, runningMs: [] },
  world: { isKnown: true, containerCount: 3 },
  games: () => [],
  outbox: () => Promise.resolve(null),
}
const nothing = (): void => {}

function condition(type: ConditionType, status: 'True' | 'False' | 'Unknown') {
  return { type, status, reason: 'Because', message: '', lastTransitionTime: '', observedGeneration: 1 }
}

describe('the loop', () => {
  it('counts passes by how they ended, and a failed or repeated one as a retry', async () => {
    const told = await after(({ loop }) => {
      for (const result of ['success', 'success', 'requeue', 'requeue_after', 'error'] as const) loop.passEnded(result, 250)
    })
    expect(told.value('reconcile_total', { result: 'success' })).toBe(2)
    expect(told.value('reconcile_total', { result: 'requeue_after' })).toBe(1)
    expect(told.value('reconcile_errors_total')).toBe(1)
    expect(told.value('workqueue_retries_total')).toBe(2)
    expect(told.sum('reconcile_time_seconds_count')).toBe(5)
    expect(told.sum('workqueue_work_duration_seconds_sum')).toBeCloseTo(1.25)
  })

  it('row 49: counts a pass that threw what nobody foresaw', async () => {
    expect((await after(({ loop }) => loop.passBroke())).value('reconcile_panics_total')).toBe(1)
  })

  it('tells of the queue by lane', async () => {
    const told = await after(
      ({ loop }) => {
        loop.keyAdded('live')
        loop.passBegun('resync', 20)
      },
      { queue: { waiting: { live: 2, resync: 5 }, runningMs: [1_000, 4_000] } },
    )
    expect(told.value('workqueue_depth', { lane: 'live' })).toBe(2)
    expect(told.value('workqueue_depth', { lane: 'resync' })).toBe(5)
    expect(told.value('workqueue_adds_total', { lane: 'live' })).toBe(1)
    expect(told.value('workqueue_queue_duration_seconds_sum', { lane: 'resync' })).toBeCloseTo(0.02)
    expect(told.value('workqueue_longest_running_processor_seconds')).toBe(4)
    expect(told.value('workqueue_unfinished_work_seconds')).toBe(5)
  })
})

describe('operations, turns and pulls', () => {
  it('are counted by the words of the operation log', async () => {
    const told = await after(({ loop }) => {
      const start = { gameId: 'orion', op: 'start', detail: null } as const
      loop.operationEnded({ ...start, result: { status: 'succeeded', code: null }, tookMs: 300 })
      loop.operationEnded({ ...start, result: { status: 'failed', code: 'image_pull_failed', message: 'no' }, tookMs: 10 })
      loop.operationEnded({ ...start, op: 'stop', result: { status: 'succeeded', code: 'replay_no_op' }, tookMs: null })
    })
    expect(told.value('galaxy_operations_total', { op: 'start', outcome: 'succeeded', code: '' })).toBe(1)
    expect(told.value('galaxy_operations_total', { op: 'start', outcome: 'failed', code: 'image_pull_failed' })).toBe(1)
    expect(told.value('galaxy_operations_total', { op: 'stop', code: 'replay_no_op' })).toBe(1)
    expect(told.value('galaxy_operation_duration_seconds_count', { op: 'start' })).toBe(2)
    expect(told.value('galaxy_operation_duration_seconds_count', { op: 'stop' })).toBeUndefined()
  })

  it('take pulls and turns from the actions, with the outcome of each', async () => {
    const told = await after(({ loop }) => {
      loop.actionEnded({ kind: 'pull_image', outcome: 'succeeded', tookMs: 2_000 })
      loop.actionEnded({ kind: 'pull_image', outcome: null, tookMs: null })
      loop.actionEnded({ kind: 'compute_turn', outcome: 'failed', tookMs: 500 })
      loop.actionEnded({ kind: 'create_container', outcome: 'succeeded', tookMs: 5 })
    })
    expect(told.value('galaxy_image_pulls_total', { outcome: 'succeeded' })).toBe(1)
    expect(told.value('galaxy_image_pulls_total', { outcome: 'unknown' })).toBe(1)
    expect(told.value('galaxy_image_pull_duration_seconds_sum')).toBe(2)
    expect(told.value('galaxy_turn_duration_seconds_sum', { outcome: 'failed' })).toBe(0.5)
  })

  it('tell how late a tick was, and never of a token, which has no time', async () => {
    const told = await after(({ loop }) => {
      loop.turnsTold([{ kind: 'begin', call: { kind: 'tick', atMs: 1_000 }, turn: 4 }], 1_200)
      loop.turnsTold([{ kind: 'begin', call: { kind: 'token', token: 't', generation: 2 }, turn: 5 }], 9_000)
      loop.turnsTold([{ kind: 'end', status: 'succeeded', error: null }], 2_000)
      loop.turnsTold([{ kind: 'skip', atMs: 1, reason: 'paused' }, { kind: 'retry' }], 2_000)
    })
    expect(told.value('galaxy_tick_lateness_seconds_count')).toBe(1)
    expect(told.value('galaxy_tick_lateness_seconds_sum')).toBeCloseTo(0.2)
    expect(told.value('galaxy_turns_total', { outcome: 'succeeded' })).toBe(1)
    expect(told.value('galaxy_ticks_skipped_total', { reason: 'paused' })).toBe(1)
  })
})

describe('games', () => {
  it('are counted by status and by condition', async () => {
    const games = () => [
      { status: 'running' as const, conditions: [condition('Ready', 'True'), condition('Outdated', 'True')] },
      { status: 'running' as const, conditions: [condition('Ready', 'True')] },
      { status: null, conditions: [condition('Ready', 'False'), condition('Accepted', 'False')] },
    ]
    const told = await after(nothing, { games })
    expect(told.value('galaxy_games', { status: 'running' })).toBe(2)
    expect(told.value('galaxy_games', { status: 'stopped' })).toBe(0)
    expect(told.value('galaxy_game_conditions', { type: 'Ready', status: 'True' })).toBe(2)
    expect(told.value('galaxy_game_conditions', { type: 'Ready', status: 'Unknown' })).toBe(0)
    expect(told.value('galaxy_game_conditions', { type: 'Outdated', status: 'True' })).toBe(1)
    expect(told.value('galaxy_game_conditions', { type: 'Blocked', status: 'True' })).toBeUndefined()
  })

  it('bring no more series, however many they are', async () => {
    const many = (count: number) => ({
      games: () => Array.from({ length: count }, () => ({ status: 'running' as const, conditions: [condition('Ready', 'True')] })),
    })
    const ended = (count: number) =>
      after(({ loop }) => {
        for (let index = 0; index < count; index += 1)
          loop.operationEnded({
            gameId: `game-${index}`,
            op: 'start',
            detail: null,
            result: { status: 'succeeded', code: null },
            tookMs: 1,
          })
      }, many(count))
    expect((await ended(1_000)).samples.length).toBe((await ended(1)).samples.length)
  })
})

describe('Docker, lease, engines and outbox', () => {
  it('tell of calls by kind and outcome', async () => {
    const told = await after(({ docker, engines }) => {
      docker.onCall('container_start', 250, 'ok')
      docker.onCall('container_start', 30_000, 'unanswered')
      engines.onCall('turn', 'refused', 10)
      engines.onProbe(true, 2)
      engines.onProbe(false, 1_000)
      docker.eventStreamLost('silent')
    })
    expect(told.value('galaxy_docker_calls_total', { call: 'container_start', outcome: 'unanswered' })).toBe(1)
    expect(told.value('galaxy_docker_call_duration_seconds_count', { call: 'container_start' })).toBe(2)
    expect(told.value('galaxy_engine_calls_total', { call: 'turn', outcome: 'refused' })).toBe(1)
    expect(told.value('galaxy_probes_total', { outcome: 'failed' })).toBe(1)
    expect(told.value('galaxy_probe_duration_seconds_count')).toBe(1)
    expect(told.value('galaxy_docker_event_stream_losses_total', { reason: 'silent' })).toBe(1)
  })

  it('tell who leads, in which epoch, and what became of renewals', async () => {
    const lead = ({ leadership }: Metrics['observers']): void => {
      leadership.leaseTaken(7)
      leadership.leaseRenewed()
      leadership.renewalFailed()
    }
    const held = await after(lead)
    expect(held.value('leader_election_master_status', { name: 'default' })).toBe(1)
    expect(held.value('galaxy_lease_epoch')).toBe(7)
    expect(held.value('galaxy_lease_renewals_total', { outcome: 'failed' })).toBe(1)
    const lost = await after((observers) => {
      lead(observers)
      observers.leadership.leaseLost()
    })
    expect(lost.value('leader_election_master_status')).toBe(0)
    expect(lost.value('galaxy_lease_losses_total')).toBe(1)
  })

  it('tell how the outbox stands, where there is a webhook and the database answers', async () => {
    const outbox = () => Promise.resolve({ waiting: 4, oldestSeconds: 90, dead: 1 })
    const deliver = ({ onDelivery }: Metrics['observers']): void =>
      onDelivery({ gameId: 'orion', eventId: 'e', type: 't', attempt: 1, outcome: { kind: 'dead', error: 'no' }, durationMs: 40 })
    const told = await after(deliver, { outbox })
    expect(told.value('galaxy_outbox_waiting')).toBe(4)
    expect(told.value('galaxy_outbox_oldest_waiting_seconds')).toBe(90)
    expect(told.value('galaxy_outbox_dead')).toBe(1)
    expect(told.value('galaxy_outbox_deliveries_total', { outcome: 'dead' })).toBe(1)
    expect((await after(nothing, {})).value('galaxy_outbox_waiting')).toBeUndefined()
  })
})

describe('a standby', () => {
  it('says that it does not lead, and nothing of what it does not know', async () => {
    const told = await after(nothing)
    expect(told.value('leader_election_master_status')).toBe(0)
    for (const name of ['workqueue_depth', 'galaxy_games', 'galaxy_docker_reachable', 'galaxy_docker_containers', 'galaxy_outbox_waiting'])
      expect(told.samples.filter((each) => each.name === name)).toEqual([])
    expect(told.value('process_cpu_seconds_total')).toBeGreaterThanOrEqual(0)
    expect(told.value('nodejs_eventloop_lag_p99_seconds')).toBeGreaterThanOrEqual(0)
  })

  it('shares nothing with another one in the same process', async () => {
    const { observers } = createMetrics('one', () => null)
    observers.loop.passBroke()
    expect((await after(nothing)).value('reconcile_panics_total')).toBe(0)
  })
})

it('Docker’s list is told by its time, so that its age can be seen while the controller hangs', async () => {
  const list = ({ docker }: Metrics['observers']): void => docker.onCall('container_list', 4, 'ok')
  const beforeS = Date.now() / 1000
  const told = await after(list, {})
  expect(told.value('galaxy_docker_last_list_timestamp_seconds')).toBeGreaterThanOrEqual(beforeS)
  expect(told.value('galaxy_docker_containers')).toBe(3)
  expect(told.value('galaxy_docker_reachable')).toBe(1)
  for (const none of [await after(list), await after(({ docker }) => docker.onCall('container_list', 4, 'unanswered'), {})])
    expect(none.value('galaxy_docker_last_list_timestamp_seconds')).toBeUndefined()
})
