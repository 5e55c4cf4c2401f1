import { describe, expect, it } from 'vitest'
import { stateAfter } from '../../../src/controller/outcome.ts'
import { planGame } from '../../../src/controller/plan/plan-game.ts'
import type { PlanInput } from '../../../src/controller/plan/input.ts'
import { fakeClock } from './fake-clock.ts'
import type { Operation, OperationResult } from '../../../src/model/operation.ts'
import { container, desired, input, NOW_MS, operation, record, spec } from '../../support/planning.ts'

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

  it('is not handled by a turn that ends meanwhile', () => {
    expect(handled('turn', false, succeeded)).toBeNull()
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
})
