import { describe, expect, it } from 'vitest'
import type { PlanInput } from '../../../src/controller/plan/input.ts'
import { planGame } from '../../../src/controller/plan/plan-game.ts'
import type { QueuedOperation } from '../../../src/model/operation.ts'
import { container, desired, exited, input, NOW_MS, operation, record } from '../../support/planning.ts'
import { told, wakesIn } from './told-plan.ts'

const asked: QueuedOperation = {
  operationId: 'q1',
  op: 'reconcile',
  detail: 'cleanup',
  source: 'lobby',
  sourceRef: 'request 1',
  generation: 2,
  imageRef: null,
}
const stopped = desired({ state: 'stopped', stopReason: 'cancelled', generation: 2 })
const atRest = { desired: stopped, record: record({ status: 'stopped', lastOpAt: new Date(NOW_MS) }) }
const finished = record({ status: 'finished', finishedGeneration: 2, finishedAt: new Date(NOW_MS), lastOpAt: new Date(NOW_MS) })
const over = { desired: desired({ generation: 2 }), record: finished }
const given = (state: Parameters<typeof input>[0]) => input({ queued: [asked], ...state })

describe('a cleanup that was asked for', () => {
  it.each<readonly [situation: string, given: PlanInput, plan: string]>([
    [
      'of a stopped game, before its time',
      given({ ...atRest, containers: [exited()] }),
      `g: reconcile/cleanup: stopped, and its cleanup was asked for
  remove_container galaxy-game-g (c1): stopped, and its cleanup was asked for
  record stopped`,
    ],
    [
      'of a finished game, before its time',
      given({ ...over, containers: [container()] }),
      `g: reconcile/cleanup: finished, and its cleanup was asked for
  stop_container galaxy-game-g (c1): finished, and its cleanup was asked for
  remove_container galaxy-game-g (c1): finished, and its cleanup was asked for`,
    ],
    [
      'of a game that is still being stopped: first the stop',
      given({ desired: stopped }),
      'g: stop: desired stopped (cancelled)\n  stop_container galaxy-game-g (c1): desired stopped (cancelled)\n  record stopped',
    ],
    [
      'of a game whose stop is not recorded yet: the record first',
      given({ desired: stopped, containers: [exited()] }),
      'g: settled: desired stopped (cancelled)\n  record stopped',
    ],
    [
      'of a stopped game that was never started by us',
      given({ desired: stopped, record: null, containers: [exited()] }),
      `g: reconcile/cleanup: stopped, and its cleanup was asked for
  remove_container galaxy-game-g (c1): stopped, and its cleanup was asked for
  record stopped`,
    ],
    [
      'begun, and the controller went down before the removal',
      input({ ...atRest, containers: [exited()], openOperation: operation({ op: 'reconcile', detail: 'cleanup' }) }),
      `g: continue: stopped for longer than the cleanup time
  remove_container galaxy-game-g (c1): stopped for longer than the cleanup time
  record stopped`,
    ],
    [
      'begun, and the controller went down after the removal',
      input({ ...atRest, containers: [], openOperation: operation({ op: 'reconcile', detail: 'cleanup' }) }),
      'g: conclude: the containers show that it is done\n  succeeded\n  record stopped',
    ],
  ])('%s', (_situation, state, plan) => {
    expect(told(planGame(state))).toBe(plan)
  })

  it('is the queued operation, of whoever asked', () => {
    expect(planGame(given({ ...atRest, containers: [exited()] }))).toMatchObject({
      operation: { queuedId: 'q1', source: 'lobby', sourceRef: 'request 1' },
    })
  })

  it('is not what happens when the time has passed before the wish is in memory', () => {
    const long = record({ status: 'stopped' })
    const early = { ...stopped, generation: 1 }
    expect(planGame(given({ desired: early, record: long, containers: [exited()] }))).toMatchObject({
      operation: { queuedId: null, source: 'reconciler' },
    })
  })

  it.each([
    ['stopped', atRest],
    ['finished', over],
  ])('of a %s game without a container is a replay', (_state, rest) => {
    expect(planGame(given({ ...rest, containers: [] }))).toMatchObject({
      kind: 'dismiss',
      operationId: 'q1',
      result: { status: 'succeeded', code: 'replay_no_op' },
    })
  })

  it('fails when the game is to run by now', () => {
    const plan = planGame(given({ desired: desired({ generation: 3 }) }))
    expect(plan).toMatchObject({ kind: 'dismiss', result: { status: 'failed', code: 'conflict' } })
  })

  it('fails when it had begun and the game is to run by now', () => {
    const openOperation = operation({ op: 'reconcile', detail: 'cleanup', source: 'lobby' })
    const plan = planGame(input({ desired: desired({ generation: 3 }), record: atRest.record, containers: [exited()], openOperation }))
    expect(plan).toMatchObject({ kind: 'conclude', failure: { code: 'conflict' } })
  })

  it('fails while somebody holds its container paused', () => {
    const plan = planGame(given({ ...over, containers: [container({ state: 'paused' })] }))
    expect(plan).toMatchObject({ kind: 'dismiss', result: { status: 'failed', code: 'conflict' } })
  })
})

describe('a stop that was merely noticed', () => {
  it('is recorded, and its cleanup waited for from then on', () => {
    expect(wakesIn(planGame(input({ desired: stopped, containers: [exited()] })))).toBe(0)
    expect(wakesIn(planGame(input({ ...atRest, containers: [exited()] })))).toBe(3_600)
  })
})
