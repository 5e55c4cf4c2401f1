import type { PassResult } from '../../../src/controller/observer.ts'
import { createMetrics } from '../../../src/metrics/metrics.ts'
import type { ConditionType } from '../../../src/model/condition.ts'
import { type Exposition, parseExposition } from '../../support/prometheus-text.ts'

const RESULTS: readonly PassResult[] = ['success', 'requeue', 'requeue_after', 'error']
const CONDITIONS: readonly ConditionType[] = [
  'Ready',
  'Accepted',
  'Initialized',
  'Progressing',
  'Outdated',
  'CrashLoopBackOff',
  'ImagePullBackOff',
  'EngineUnreachable',
  'StartConfigInvalid',
  'PatchFailed',
  'NameConflict',
  'StartBackOff',
  'TurnFailed',
  'Blocked',
]

/** What the registry exposes once everything that can be told has been: every family, and every label that is used. */
export async function everythingTold(): Promise<Exposition> {
  const { observers, scrape } = createMetrics('default', () => ({
    queue: { waiting: { live: 1, resync: 1 }, runningMs: [1] },
    world: { isKnown: true, containerCount: 1 },
    games: () => CONDITIONS.flatMap((type) => (['True', 'False', 'Unknown'] as const).map((status) => gameWith(type, status))),
    outbox: () => Promise.resolve({ waiting: 1, oldestSeconds: 1, dead: 1 }),
  }))
  const { loop, docker, engines, leadership, onDelivery } = observers
  for (const lane of ['live', 'resync'] as const) {
    loop.keyAdded(lane)
    loop.passBegun(lane, 1)
  }
  for (const result of RESULTS) loop.passEnded(result, 1)
  loop.passBroke()
  const operation = { gameId: 'orion', op: 'start', detail: null, tookMs: 1 } as const
  loop.operationEnded({ ...operation, result: { status: 'succeeded', code: null } })
  loop.operationEnded({ ...operation, result: { status: 'failed', code: 'image_pull_failed', message: '' } })
  for (const kind of ['pull_image', 'compute_turn'] as const)
    for (const outcome of ['succeeded', 'failed', null] as const) loop.actionEnded({ kind, outcome, tookMs: 1 })
  loop.turnsTold([{ kind: 'begin', call: { kind: 'tick', atMs: 1 }, turn: 1 }], 2)
  for (const status of ['succeeded', 'failed', 'superseded'] as const) loop.turnsTold([{ kind: 'end', status, error: null }], 2)
  for (const reason of ['paused', 'not_running', 'in_progress', 'missed_while_down', 'skip_next_tick'] as const)
    loop.turnsTold([{ kind: 'skip', atMs: 1, reason }], 2)
  for (const outcome of ['ok', 'refused', 'unanswered', 'given_up'] as const) docker.onCall('container_start', 1, outcome)
  docker.onCall('container_list', 1, 'ok')
  for (const reason of ['ended', 'silent'] as const) docker.eventStreamLost(reason)
  for (const outcome of ['ok', 'unanswered', 'refused', 'invalid'] as const) engines.onCall('turn', outcome, 1)
  engines.onProbe(true, 1)
  engines.onProbe(false, 1)
  leadership.leaseTaken(1)
  leadership.leaseRenewed()
  leadership.renewalFailed()
  const attempt = { gameId: 'orion', eventId: 'e', type: 't', attempt: 1, durationMs: 1 }
  for (const outcome of [{ kind: 'delivered' }, { kind: 'retry', error: '', delayMs: 1 }, { kind: 'dead', error: '' }] as const)
    onDelivery({ ...attempt, outcome })
  return parseExposition((await scrape()).text)
}

function gameWith(type: ConditionType, status: 'True' | 'False' | 'Unknown') {
  return {
    status: 'running' as const,
    conditions: [{ type, status, reason: '', message: '', lastTransitionTime: '', observedGeneration: 1 }],
  }
}
