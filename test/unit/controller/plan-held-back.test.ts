import { describe, expect, it } from 'vitest'
import { planGame } from '../../../src/controller/plan/plan-game.ts'
import { container, desired, exited, input, NOW_MS, operation, record } from '../../support/planning.ts'

const held = {
  ...input().status,
  backoff: {
    kind: 'StartBackOff',
    failures: 2,
    notBeforeMs: NOW_MS + 2_000,
    delayMs: 2_000,
    message: 'docker refused',
    operationId: 'op-0',
    countedAtMs: NOW_MS,
    wish: 'wish',
  },
} as const

describe('what has failed lately is not tried again at once', () => {
  it.each([
    ['a stop', desired({ state: 'stopped', stopReason: 'finished' })],
    ['a delete', desired({ deletedAt: new Date(NOW_MS) })],
  ])('%s', (_, row) => {
    expect(planGame(input({ desired: row, status: held }))).toMatchObject({ kind: 'wait', wakeAtMs: NOW_MS + 2_000 })
    expect(planGame(input({ desired: row, status: held, wish: 'another' })).kind).toBe('act')
  })
})

describe('a container that was created and never started', () => {
  it.each([
    ['by an operation that counted as the second attempt when it began, is started', 'op-0', ['start_container']],
    ['after two attempts that failed, is replaced', 'op-1', ['remove_container', 'create_container', 'start_container']],
  ])('%s', (_, operationId, actions) => {
    const status = { ...held, backoff: { ...held.backoff, notBeforeMs: 0 } }
    const created = container({ state: 'created', createdAtMs: NOW_MS })
    const open = operation({ operationId })
    const plan = planGame(input({ containers: [created], record: record({ status: 'starting' }), openOperation: open, status }))
    expect(plan).toMatchObject({ kind: 'act', actions: actions.map((kind) => ({ kind })) })
  })
})

describe('row 1: a stopped container that a crash kept from being started again', () => {
  it.each(['start', 'patch', 'restart'] as const)('is started by the open %s, and has not crashed', (op) => {
    const stopped = exited({ startedAtMs: NOW_MS - 60_000, finishedAtMs: NOW_MS - 30_000 })
    const open = operation({ op, sourceRef: 'restart_token:one', startedAt: new Date(NOW_MS - 1_000) })
    expect(planGame(input({ containers: [stopped], record: record({ status: 'starting' }), openOperation: open }))).toMatchObject({
      kind: 'act',
      operation: { kind: 'continue', operationId: open.operationId },
      actions: [{ kind: 'start_container' }],
    })
  })
})
