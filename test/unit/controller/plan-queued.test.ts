import { describe, expect, it } from 'vitest'
import { planGame } from '../../../src/controller/plan/plan-game.ts'
import type { QueuedOperation } from '../../../src/model/operation.ts'
import { desired, input, operation } from '../../support/planning.ts'

const queued = (over: Partial<QueuedOperation> = {}): QueuedOperation => ({
  operationId: 'q1',
  op: 'pause',
  source: 'admin',
  sourceRef: 'operation:request 1',
  generation: 2,
  ...over,
})

describe('a queued operation', () => {
  it('is taken up by the plan that does what it wants, under its id, source and reference', () => {
    const plan = planGame(input({ desired: desired({ paused: true, generation: 2 }), queued: [queued()] }))
    expect(plan).toMatchObject({
      kind: 'act',
      operation: { op: 'pause', queuedId: 'q1', source: 'admin', sourceRef: 'operation:request 1' },
    })
  })

  it('ends as a replay when what it wants is so already', () => {
    const plan = planGame(input({ desired: desired({ generation: 2 }), queued: [queued({ op: 'resume' })] }))
    expect(plan).toMatchObject({ kind: 'dismiss', operationId: 'q1', result: { status: 'succeeded', code: 'replay_no_op' } })
  })

  it('is overtaken by a newer one', () => {
    const both = [queued(), queued({ operationId: 'q2', op: 'resume', generation: 3 })]
    const plan = planGame(input({ desired: desired({ generation: 3 }), queued: both }))
    expect(plan).toMatchObject({ kind: 'dismiss', operationId: 'q1', result: { status: 'failed', code: 'conflict' } })
  })

  it('waits until the wish it belongs to has been read', () => {
    expect(planGame(input({ desired: desired({ generation: 1 }), queued: [queued()] })).kind).toBe('settled')
  })

  it('waits while another operation is open', () => {
    const plan = planGame(input({ desired: desired({ generation: 2 }), queued: [queued({ op: 'resume' })], openOperation: operation() }))
    expect(plan.kind).toBe('conclude')
  })

  it('fails with what keeps its game from running', () => {
    const refused = {
      kind: 'refused',
      reason: 'InvalidSpec',
      code: 'start_config_invalid',
      message: 'no such version',
      inForce: null,
    } as const
    const plan = planGame(
      input({ desired: desired({ generation: 2 }), admission: refused, containers: [], record: null, queued: [queued({ op: 'start' })] }),
    )
    expect(plan).toMatchObject({ kind: 'dismiss', result: { status: 'failed', code: 'start_config_invalid', message: 'no such version' } })
  })
})
