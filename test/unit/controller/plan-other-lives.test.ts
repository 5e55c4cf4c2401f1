import { describe, expect, it } from 'vitest'
import { planGame } from '../../../src/controller/plan/plan-game.ts'
import { successorName } from '../../../src/model/labels.ts'
import { container, desired, detail, input, NOW_MS, operation, record } from '../../support/planning.ts'

const refusals = {
  kind: 'StartBackOff',
  failures: 2,
  notBeforeMs: 0,
  delayMs: 2_000,
  message: 'docker refused',
  operationId: 'op-0',
  countedAtMs: NOW_MS,
  wish: 'wish',
} as const

describe('what happened in another life of a container', () => {
  it.each([
    ['before it ran: it is started again, and its log survives', NOW_MS + 60_000, ['start_container']],
    ['after it ended: another one takes its place', NOW_MS - 60_000, ['remove_container', 'create_container', 'start_container']],
  ])('two refusals %s', (_, finishedAtMs, actions) => {
    const ended = container({ state: 'exited', detail: detail({ startedAtMs: finishedAtMs - 1_000, finishedAtMs, exitCode: 0 }) })
    const plan = planGame(input({ containers: [ended], nowMs: NOW_MS + 120_000, status: { ...input().status, backoff: refusals } }))
    expect(plan).toMatchObject({ kind: 'act', actions: actions.map((kind) => ({ kind })) })
  })

  it('a successor that somebody started goes on under the restart that made it', () => {
    const started = container({ name: successorName(container().name, 'op-1'), operationId: 'op-1' })
    const open = operation({ op: 'restart', operationId: 'op-1', sourceRef: 'restart:again' })
    const plan = planGame(
      input({
        containers: [started],
        desired: desired({ restartToken: 'again' }),
        record: record({ status: 'starting' }),
        openOperation: open,
      }),
    )
    expect(plan).toMatchObject({ kind: 'act', operation: { kind: 'continue' }, actions: [{ kind: 'rename_container' }] })
  })
})
