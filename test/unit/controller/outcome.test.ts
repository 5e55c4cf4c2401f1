import { describe, expect, it } from 'vitest'
import { stateAfter } from '../../../src/controller/outcome.ts'
import { planGame } from '../../../src/controller/plan/plan-game.ts'
import type { PlanInput } from '../../../src/controller/plan/input.ts'
import { fakeClock } from './fake-clock.ts'
import type { Operation, OperationResult } from '../../../src/model/operation.ts'
import { container, desired, detail, exited, input, NOW_MS, operation, record, spec } from '../../support/planning.ts'

const OPEN_TURN = { id: '1', call: { kind: 'tick', atMs: NOW_MS }, turn: 1 } as const
const DEPS = { clock: fakeClock(NOW_MS), random: () => 0.5, newId: () => 'u2' }

function after(from: PlanInput) {
  const plan = planGame(from)
  return stateAfter({ plan, record: plan.kind === 'settled' ? plan.record : { kind: 'none' } }, null, from, DEPS)
}

describe('the record of a game that waits', () => {
  const networkGone = { network: 'missing', containers: [] } as const

  it('does not say running when nothing runs and nothing may be made yet', () => {
    expect(after(input(networkGone)).write.record).toMatchObject({ status: 'starting', health: 'unknown' })
  })

  it('is written once', () => {
    const from = input(networkGone)
    const { status, record: written } = after(from).memory
    expect(after({ ...from, status, record: written }).isUnchanged).toBe(true)
  })

  it('keeps saying running of a container that was paused by hand', () => {
    expect(after(input({ containers: [container({ state: 'paused' })] })).write.record).toBeUndefined()
  })

  it('is left alone while nobody can see whether it runs', () => {
    const unknown = { isKnown: false, containers: [], foreignDeployments: [], outage: null }
    expect(after(input({ observed: unknown })).write.record).toBeUndefined()
  })
})

describe('what an earlier term said of a game whose engine has not answered this one yet (S8)', () => {
  const ready = { type: 'Ready', status: 'True', reason: 'Running', message: '', lastTransitionTime: '', observedGeneration: 1 } as const
  const pending = { kind: 'pending', sinceMs: NOW_MS } as const
  const status = { ...input().status, conditions: [ready] }
  const saidReady = ({ memory }: ReturnType<typeof after>) => memory.status.conditions.find(({ type }) => type === 'Ready')?.status

  it('is not that its engine is well', () => {
    const from = input({ status, health: pending })
    const asked = after(from)
    expect(saidReady(asked)).toBe('Unknown')
    expect(asked.write.record).toMatchObject({ status: 'running', health: 'unknown' })
    const { status: written, record: known } = asked.memory
    expect(after({ ...from, status: written, record: known }).isUnchanged).toBe(true)
    expect(after(input({ status: written, record: known })).write.record).toMatchObject({ status: 'running', health: 'ok' })
  })

  it.each([
    ['a turn', { openOperation: operation({ op: 'turn' }), openTurn: OPEN_TURN, engine: { kind: 'unasked' } }, 'Unknown'],
    ['a resize', { openOperation: operation({ op: 'patch', detail: 'resize' }), health: pending }, 'False'],
  ] as const)('is not that it is ready, also while %s is open', (_, over, expected) => {
    const from = input({ ...over, status })
    const asked = after(from)
    expect(saidReady(asked)).toBe(expected)
    expect(after({ ...from, ...asked.memory }).isUnchanged).toBe(true)
  })

  it('stays where it was that it is not ready: an open operation tells what is awaited', () => {
    const waiting = { ...ready, status: 'False', reason: 'Starting' } as const
    const from = input({
      status: { ...status, conditions: [waiting] },
      openOperation: operation(),
      health: pending,
      record: record({ status: 'starting', health: 'unknown' }),
    })
    expect(after(from).isUnchanged).toBe(true)
  })
})

describe('what is accepted', () => {
  const newer = input({
    desired: desired({ engineVersion: '1.0.1', generation: 2 }),
    admission: { kind: 'accepted', spec: spec('1.0.1'), outdated: null, remarks: [] },
  })

  it('comes into force at once', () => {
    expect(after(newer).memory.status).toMatchObject({ acceptedGeneration: 2, acceptedSpec: { engineVersion: '1.0.1' } })
  })

  it('does not while nobody sees the containers, one of which may have written a state that it cannot read (S3)', () => {
    const unseen = { ...newer, observed: { isKnown: false, containers: [], foreignDeployments: [], outage: null } }
    expect(after(unseen).memory.status).toMatchObject({ acceptedGeneration: 1, acceptedSpec: { engineVersion: '1.0.0' } })
  })
})

describe('a restart token', () => {
  const from = input({ desired: desired({ restartToken: 'again' }) })
  const plan = planGame(input())
  const running = { kind: 'running', containerId: 'c1' } as const
  const handled = (op: Operation['op'], hasStarted: boolean, isEnding: OperationResult) =>
    stateAfter({ plan, record: running, isEnding }, operation({ op, hasStarted }), from, DEPS).memory.status.handledRestartToken
  const failed = { status: 'failed', code: 'engine_unreachable', message: '' } as const
  const succeeded = { status: 'succeeded', code: null } as const

  it('is handled by the operation that started a container, also when its engine never served', () => {
    expect(handled('restart', true, succeeded)).toBe('again')
    expect(handled('restart', true, failed)).toBe('again')
    expect(handled('restart', false, failed)).toBeNull()
  })

  it('is handled where somebody else started the container that was made for it', () => {
    const made = container({ state: 'exited', operationId: 'op-1', detail: detail() })
    const change = { plan, record: { kind: 'none' }, isEnding: failed } as const
    const { memory } = stateAfter(
      change,
      operation({ op: 'restart', operationId: 'op-1' }),
      { ...from, observed: { ...from.observed, containers: [made] } },
      DEPS,
    )
    expect(memory.status.handledRestartToken).toBe('again')
  })

  it('that was written while a patch was under way is not handled by it', () => {
    const later = input({ desired: desired({ restartToken: 'again', generation: 2 }) })
    const ended = stateAfter(
      { plan, record: running, isEnding: succeeded },
      operation({ op: 'patch', hasStarted: true, generation: 1 }),
      later,
      DEPS,
    )
    expect(ended.memory.status.handledRestartToken).toBeNull()
  })

  it('is handled by its own operation, also when the row was written again meanwhile', () => {
    const later = input({ desired: desired({ restartToken: 'again', generation: 3 }) })
    const own = operation({ op: 'restart', sourceRef: 'restart_token:again', hasStarted: true, generation: 2 })
    expect(stateAfter({ plan, record: running, isEnding: succeeded }, own, later, DEPS).memory.status.handledRestartToken).toBe('again')
  })

  it('asks for nothing before the game has a container', () => {
    const first = input({ desired: desired({ restartToken: 'again' }), containers: [], record: null })
    const begun = planGame(first)
    if (begun.kind !== 'act') throw new Error(`${begun.kind}: the game is not started`)
    const { memory } = stateAfter(
      { plan: begun, record: begun.record, isBeginning: true },
      operation({ op: 'start', actionCount: 0 }),
      first,
      DEPS,
    )
    expect(memory.status.handledRestartToken).toBe('again')
  })

  it('is not handled by a turn that ends meanwhile', () => {
    expect(handled('turn', false, succeeded)).toBeNull()
  })
})

describe('what the lobby is told of an operation that failed', () => {
  const stop = desired({ state: 'stopped', stopReason: 'cancelled', generation: 2 })
  const told = (from: PlanInput) => {
    const plan = planGame(from)
    if (plan.kind !== 'conclude' || plan.failure === null) throw new Error(`${plan.kind}: nothing has failed`)
    const isEnding = { status: 'failed', ...plan.failure } as const
    return stateAfter({ plan, record: plan.record, failure: plan.failure, isEnding }, from.openOperation, from, DEPS).write.notification
  }

  it('is nothing when a newer wish overtook it', () => {
    const down = { containers: [], record: record({ status: 'starting', containerId: null }) }
    expect(told(input({ desired: stop, openOperation: operation({ op: 'start' }), ...down }))).toBeUndefined()
    expect(told(input({ desired: stop, openOperation: operation({ op: 'start' }) }))).toBeUndefined()
    expect(told(input({ openOperation: operation({ op: 'stop' }) }))).toBeUndefined()
  })

  it('is a container that ended right after its start', () => {
    const ended = [exited({ startedAtMs: NOW_MS - 50, finishedAtMs: NOW_MS - 10 })]
    const from = input({ containers: ended, openOperation: operation({ hasStarted: true }), record: record({ status: 'starting' }) })
    expect(told(from)).toMatchObject({ type: 'runtime.container_start_failed', errorCode: 'container_start_failed' })
  })
})

describe('the end of a container', () => {
  const backoff = {
    kind: 'CrashLoopBackOff',
    failures: 1,
    notBeforeMs: 0,
    delayMs: 60_000,
    message: '',
    operationId: 'o',
    countedAtMs: NOW_MS,
    wish: 'wish',
  } as const
  const crashed = { containers: [exited({ startedAtMs: NOW_MS - 500, exitCode: 3 })] }
  const toldBy = (from: PlanInput) => {
    const plan = planGame(from)
    const isBeginning = plan.kind === 'act'
    const operationOf = plan.kind === 'act' && plan.operation.kind === 'open' ? operation({ ...plan.operation, actionCount: 0 }) : null
    const { write, memory } = stateAfter({ plan, record: { kind: 'none' }, isBeginning }, operationOf, from, DEPS)
    const events = write.healthEvents ?? []
    return { told: events.map(({ type, detail }) => [type, detail]), at: events.map(({ observedAt }) => observedAt), memory }
  }

  it('is told when it is seen, also where its restart has to wait, and no second time by the restart', () => {
    const from = input({ ...crashed, status: { ...input().status, backoff } })
    const first = toldBy(from)
    expect(first.told).toEqual([['container_exited', { exitCode: 3 }]])
    expect(toldBy({ ...from, ...first.memory }).told).toEqual([])
    expect(toldBy({ ...from, ...first.memory, nowMs: NOW_MS + 61_000 }).told).toEqual([])
  })

  it('is told by the restart where that comes at once', () => {
    expect(toldBy(input(crashed)).told).toEqual([['container_exited', { exitCode: 3 }]])
  })

  it('is told before the restart that answers to it', () => {
    expect(toldBy(input(crashed)).at).toEqual([operation().startedAt])
  })
})

describe('what has written the state', () => {
  it('is remembered by image where the version is unknown', () => {
    const unversioned = container({ version: 'x', labels: { ...container().labels, engineVersion: null, engineImageRef: 'app:latest' } })
    const accepted = spec('1.0.0', { engineVersion: null, imageRef: 'app:latest', imageId: unversioned.imageId })
    const from = input({
      containers: [unversioned],
      desired: desired({ engineVersion: null, imageRef: 'app:latest' }),
      admission: { kind: 'accepted', spec: accepted, outdated: null, remarks: [] },
      record: record({ status: 'starting' }),
    })
    const plan = planGame(from)
    const { status } = stateAfter({ plan, record: { kind: 'running', containerId: unversioned.id } }, null, from, DEPS).memory
    expect(status).toMatchObject({ stateEngine: 'galaxy', stateVersion: null, stateImageRef: 'app:latest' })
  })

  const unlabelled = container({ hash: null, operationId: null, labels: { ...container().labels, engineVersion: null, specHash: null } })
  const wrote = { stateEngine: 'galaxy', stateVersion: '1.0.0', stateImageRef: 'galaxy-engine:1.0.0' }

  it.each([
    ['refused', { kind: 'refused', reason: 'InvalidSpec', code: 'start_config_invalid', message: '', inForce: spec() }],
    ['waiting for its image', { kind: 'needs_image', imageRef: 'galaxy-engine:1.0.1', mayPull: true }],
  ] as const)('keeps the version of an adopted container that names none, while its row is %s', (_, admission) => {
    const from = input({ containers: [unlabelled], admission, status: { ...input().status, ...wrote } })
    const running = { kind: 'running', containerId: unlabelled.id } as const
    expect(stateAfter({ plan: planGame(from), record: running }, null, from, DEPS).memory.status).toMatchObject(wrote)
  })

  it('is of no known version where another image runs that names none, while its row is refused', () => {
    const another = { ...unlabelled, labels: { ...unlabelled.labels, engineImageRef: 'app:latest' } }
    const refused = { kind: 'refused', reason: 'InvalidSpec', code: 'start_config_invalid', message: '', inForce: spec() } as const
    const from = input({ containers: [another], admission: refused, status: { ...input().status, ...wrote } })
    const running = { kind: 'running', containerId: another.id } as const
    const { status } = stateAfter({ plan: planGame(from), record: running }, null, from, DEPS).memory
    expect(status).toMatchObject({ stateVersion: null, stateImageRef: 'app:latest' })
  })
})
