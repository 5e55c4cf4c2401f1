import { describe, expect, it } from 'vitest'
import { planGame } from '../../../src/controller/plan/plan-game.ts'
import { desired, input, NOW_MS } from '../../support/planning.ts'

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
