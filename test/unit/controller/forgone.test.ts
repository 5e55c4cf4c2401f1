import { describe, expect, it } from 'vitest'
import { stateAfter } from '../../../src/controller/outcome.ts'
import type { PlanInput } from '../../../src/controller/plan/input.ts'
import { planGame } from '../../../src/controller/plan/plan-game.ts'
import { NEW_STATUS } from '../../../src/model/status.ts'
import { desired, exited, input, NOW_MS, operation, record } from '../../support/planning.ts'
import { fakeClock } from './fake-clock.ts'
import { told } from './told-plan.ts'

const DEPS = { clock: fakeClock(NOW_MS), random: () => 0.5, newId: () => 'u2' }
const waiting = { restartToken: 'again', turnToken: 'now', generation: 4 }
const stopped = { state: 'stopped', stopReason: 'cancelled' } as const
const atRest = { containers: [exited()], record: record({ status: 'stopped' }) }

/** The stored state after the first write of the plan. */
function written(from: PlanInput) {
  const plan = planGame(from)
  const isBeginning = plan.kind === 'act'
  return stateAfter({ plan, record: { kind: 'none' }, isBeginning }, isBeginning ? operation({ op: 'stop' }) : null, from, DEPS)
}

describe('tokens that wait when their game is stopped', () => {
  it('are done with as soon as the stop begins, the turn’s with a row in the ledger', () => {
    const from = input({ desired: desired({ ...waiting, ...stopped }) })
    expect(told(planGame(from))).toContain('ledger skip token now not_running')
    const { memory, write } = written(from)
    expect(memory.status).toMatchObject({ handledRestartToken: 'again', handledTurnToken: 'now' })
    expect(write.turns?.writes).toEqual([{ kind: 'skip_token', id: 'u2', token: 'now', generation: 4, reason: 'not_running' }])
  })

  it('ask for nothing at the next start', () => {
    const { status } = written(input({ desired: desired({ ...waiting, ...stopped }) })).memory
    expect(told(planGame(input({ ...atRest, status, desired: desired(waiting) })))).toMatch(/^g: start: desired running again\n/)
    expect(told(planGame(input({ status, desired: desired(waiting) })))).toBe('g: settled: galaxy-game-g runs and matches')
  })

  it('are done with once, also where they were written to a stopped game', () => {
    const from = input({ ...atRest, desired: desired({ ...waiting, ...stopped }) })
    const { memory } = written(from)
    expect(memory.status).toMatchObject({ handledRestartToken: 'again', handledTurnToken: 'now' })
    expect(written({ ...from, ...memory }).isUnchanged).toBe(true)
  })

  it('are done with where there is no record to keep a ledger for', () => {
    const from = input({ containers: [], record: null, desired: desired({ ...waiting, ...stopped }) })
    expect(written({ ...from, status: { ...NEW_STATUS, acceptedGeneration: 1 } }).memory.status).toMatchObject({
      handledRestartToken: 'again',
      handledTurnToken: 'now',
    })
  })

  it('still wait while a turn is waited for, and the stop with them', () => {
    const engine = { kind: 'failing', message: 'no answer', retryAtMs: NOW_MS + 100, delayMs: 100 } as const
    const open = {
      openTurn: { id: 't', call: { kind: 'tick', atMs: NOW_MS - 50 }, turn: 1 },
      openOperation: operation({ op: 'turn' }),
    } as const
    const plan = planGame(input({ ...open, engine, desired: desired({ ...waiting, ...stopped }) }))
    expect(plan).toMatchObject({ kind: 'wait', wakeAtMs: NOW_MS + 100 })
    expect(plan.ledger ?? []).toEqual([])
  })

  it('still wait while nobody can see whether it is stopped', () => {
    const observed = { isKnown: false, containers: [], foreignDeployments: [], outage: null }
    const { status } = written(input({ observed, desired: desired({ ...waiting, ...stopped }) })).memory
    expect(status).toMatchObject({ handledRestartToken: null, handledTurnToken: null })
  })

  it('are in the ledger beside the ticks that were due before the stop', () => {
    const ticks = { due: [-30_000, -10_000, -1_000].map((ms) => NOW_MS + ms), nextMs: null }
    const row = desired({ ...waiting, ...stopped, updatedAt: new Date(NOW_MS - 5_000) })
    const plan = planGame(input({ ticks, activeSinceMs: NOW_MS - 20_000, desired: row }))
    expect(
      told(plan)
        .split('\n')
        .filter((line) => line.includes('ledger')),
    ).toEqual(['  ledger skip -30 missed_while_down', '  ledger skip -10 not_running', '  ledger skip token now not_running'])
  })

  it('that come with the wish to run are done', () => {
    const given = { ...atRest, desired: desired(waiting), status: { ...input().status, handledTurnToken: null } }
    expect(told(planGame(input(given)))).toMatch(/^g: restart: a new restart token asks for a fresh container\n/)
  })
})
