import { describe, expect, it } from 'vitest'
import type { PlanInput } from '../../../src/controller/plan/input.ts'
import { planGame } from '../../../src/controller/plan/plan-game.ts'
import type { QueuedOperation } from '../../../src/model/operation.ts'
import { container, desired, engineState, exited, input, NOW_MS, operation, record, spec } from '../../support/planning.ts'

const queued = (over: Partial<QueuedOperation> = {}): QueuedOperation => ({
  operationId: 'q1',
  op: 'pause',
  detail: null,
  source: 'admin',
  sourceRef: 'request 1',
  generation: 2,
  imageRef: null,
  ...over,
})

const REFUSED: PlanInput['admission'] = {
  kind: 'refused',
  reason: 'InvalidSpec',
  code: 'start_config_invalid',
  message: 'no such version',
  inForce: null,
}
const STOPPED = { state: 'stopped', stopReason: 'cancelled', generation: 2 } as const
const AT_REST = { containers: [], record: record({ status: 'stopped' }) } as const

describe('a queued operation', () => {
  it('is taken up by the plan that does what it wants, under its id, source and reference', () => {
    const plan = planGame(input({ desired: desired({ paused: true, generation: 2 }), queued: [queued()] }))
    expect(plan).toMatchObject({
      kind: 'act',
      operation: { op: 'pause', queuedId: 'q1', source: 'admin', sourceRef: 'request 1' },
    })
  })

  it('is taken up by its own token only', () => {
    const restart = queued({ op: 'restart', sourceRef: 'restart_token:old' })
    const newer = queued({ op: 'restart', operationId: 'q2', sourceRef: 'restart_token:new' })
    const row = desired({ restartToken: 'new', generation: 2 })
    expect(planGame(input({ desired: row, queued: [restart] }))).toMatchObject({ operation: { queuedId: null } })
    expect(planGame(input({ desired: row, queued: [restart, newer] }))).toMatchObject({ operation: { queuedId: 'q2' } })
  })

  it('is not taken up before the wish it belongs to has been read', () => {
    const plan = planGame(input({ desired: desired({ paused: true, generation: 2 }), queued: [queued({ generation: 3 })] }))
    expect(plan).toMatchObject({ kind: 'act', operation: { queuedId: null } })
  })

  it('waits until the wish it belongs to has been read', () => {
    expect(planGame(input({ desired: desired({ generation: 1 }), queued: [queued()] })).kind).toBe('settled')
  })

  it('waits while another operation is open', () => {
    const plan = planGame(input({ desired: desired({ generation: 2 }), queued: [queued({ op: 'resume' })], openOperation: operation() }))
    expect(plan.kind).toBe('conclude')
  })

  it.each<[string, Partial<QueuedOperation>, Parameters<typeof input>[0]]>([
    ['start', { op: 'start' }, {}],
    ['resume', { op: 'resume' }, {}],
    ['stop', { op: 'stop' }, { desired: desired(STOPPED), ...AT_REST }],
    ['patch', { op: 'patch', imageRef: 'galaxy-engine:1.0.0' }, {}],
    [
      'start of a game that waits for its players',
      { op: 'start' },
      { engine: { kind: 'uninitialised' }, record: record({ currentTurn: null }) },
    ],
    [
      'pause of a game that never started',
      { op: 'pause' },
      { desired: desired({ paused: true, generation: 2 }), admission: REFUSED, containers: [], record: null },
    ],
  ])('ends as a replay when what it wants is so already: %s', (_what, over, state) => {
    const plan = planGame(input({ desired: desired({ generation: 2 }), ...state, queued: [queued(over)] }))
    expect(plan).toMatchObject({ kind: 'dismiss', operationId: 'q1', result: { status: 'succeeded', code: 'replay_no_op' } })
  })

  it.each<[string, Partial<QueuedOperation>, Parameters<typeof input>[0]]>([
    ['pause, by a resume', { op: 'pause' }, {}],
    ['start, by a stop', { op: 'start' }, { desired: desired(STOPPED), ...AT_REST }],
    ['stop, by a start', { op: 'stop' }, {}],
    [
      'restart, by a stop',
      { op: 'restart', sourceRef: 'restart_token:t' },
      { desired: desired({ ...STOPPED, restartToken: 't' }), ...AT_REST },
    ],
    ['restart, by another', { op: 'restart', sourceRef: 'restart_token:t' }, {}],
    ['patch, by another', { op: 'patch', imageRef: 'galaxy-engine:0.9.0' }, {}],
    ['turn, by another', { op: 'force_next_turn', sourceRef: 'turn_token:t' }, {}],
  ])('fails as overtaken by a newer wish: %s', (_what, over, state) => {
    const plan = planGame(input({ desired: desired({ generation: 3 }), ...state, queued: [queued(over)] }))
    expect(plan).toMatchObject({ kind: 'dismiss', operationId: 'q1', result: { status: 'failed', code: 'conflict' } })
  })

  it('that changes nothing is not overtaken by one about something else', () => {
    const both = [queued({ op: 'start' }), queued({ operationId: 'q2', op: 'resume', generation: 3 })]
    const plan = planGame(input({ desired: desired({ generation: 3 }), queued: both }))
    expect(plan).toMatchObject({ kind: 'dismiss', operationId: 'q1', result: { status: 'succeeded' } })
  })

  it('fails with what keeps its game from running', () => {
    const state = { desired: desired({ generation: 2 }), admission: REFUSED, containers: [], record: null }
    const plan = planGame(input({ ...state, queued: [queued({ op: 'start' })] }))
    expect(plan).toMatchObject({ kind: 'dismiss', result: { status: 'failed', code: 'start_config_invalid', message: 'no such version' } })
  })

  it('fails when its version was refused and the game runs on as it was', () => {
    const inForce = { ...REFUSED, inForce: spec() }
    const patch = queued({ op: 'patch', imageRef: 'galaxy-engine:2.0.0' })
    const plan = planGame(input({ desired: desired({ generation: 2 }), admission: inForce, queued: [patch] }))
    expect(plan).toMatchObject({ kind: 'dismiss', result: { status: 'failed', code: 'start_config_invalid' } })
  })

  it('fails while nothing is tried again before somebody changes something', () => {
    const backoff = {
      kind: 'StartConfigInvalid',
      failures: 1,
      notBeforeMs: null,
      delayMs: 1_000,
      message: 'the state root cannot be written',
      operationId: 'op-1',
      countedAtMs: NOW_MS - 1_000,
      wish: 'wish',
    } as const
    const status = { ...input().status, backoff }
    const state = { desired: desired({ generation: 2 }), containers: [], record: record({ status: 'starting', containerId: null }), status }
    const plan = planGame(input({ ...state, queued: [queued({ op: 'start' })] }))
    expect(plan).toMatchObject({ kind: 'dismiss', result: { status: 'failed', code: 'start_config_invalid' } })
    const soon = { ...state, status: { ...status, backoff: { ...backoff, kind: 'StartBackOff', notBeforeMs: NOW_MS + 500 } } } as const
    expect(planGame(input({ ...soon, queued: [queued({ op: 'start' })] })).kind).toBe('wait')
  })

  it('to pause is done in the record of a game that does not serve', () => {
    const row = desired({ ...STOPPED, paused: true })
    const plan = planGame(input({ desired: row, ...AT_REST, queued: [queued()] }))
    expect(plan).toMatchObject({
      kind: 'act',
      operation: { op: 'pause', queuedId: 'q1' },
      actions: [],
      record: { kind: 'paused', paused: true },
    })
  })

  it('for a turn waits with an engine that cannot be asked, and fails once there is none to compute', () => {
    const turn = queued({ op: 'force_next_turn', sourceRef: 'turn_token:t' })
    const row = desired({ turnToken: 't', generation: 2 })
    const failing = { kind: 'failing', message: 'no answer', retryAtMs: NOW_MS + 100, delayMs: 100 } as const
    expect(planGame(input({ desired: row, engine: failing, queued: [turn] })).kind).toBe('settled')
    const finished = { kind: 'state', state: engineState({ finished: true }) } as const
    const plan = planGame(input({ desired: row, engine: finished, queued: [turn] }))
    expect(plan).toMatchObject({ kind: 'dismiss', result: { status: 'failed', code: 'conflict' } })
  })

  it('of a deleted game fails once the game is gone, not before', () => {
    const gone = { desired: desired({ deletedAt: new Date(NOW_MS), generation: 3 }), containers: [], record: null }
    expect(planGame(input({ ...gone, queued: [queued()] }))).toMatchObject({ kind: 'dismiss', result: { code: 'not_found' } })
    expect(planGame(input({ ...gone, containers: [container()], queued: [queued()] })).kind).toBe('act')
  })
})

describe('a pull that comes first', () => {
  const needed: PlanInput['admission'] = { kind: 'needs_image', imageRef: 'galaxy-engine:1.0.0', mayPull: true }

  it('is a step of the restart that asked for it', () => {
    const plan = planGame(input({ desired: desired({ restartToken: 't', generation: 2 }), admission: needed }))
    expect(plan).toMatchObject({
      kind: 'act',
      operation: { op: 'restart', sourceRef: 'restart_token:t' },
      actions: [{ kind: 'pull_image' }],
    })
  })

  it('is a step of the start of a stopped game', () => {
    const plan = planGame(input({ admission: needed, containers: [exited()], record: record({ status: 'stopped' }) }))
    expect(plan).toMatchObject({ kind: 'act', operation: { op: 'start' }, actions: [{ kind: 'pull_image' }] })
  })
})
