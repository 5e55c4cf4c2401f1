import { describe, expect, it } from 'vitest'
import type { PlanInput } from '../../../src/controller/plan/input.ts'
import { planGame } from '../../../src/controller/plan/plan-game.ts'
import { renderPlan } from '../../../src/model/plan.ts'
import { container, detail, input, LIMITS } from '../../support/planning.ts'

/** What somebody else did to a game's container → what is planned. */
const TABLE: readonly (readonly [situation: string, input: PlanInput, plan: string])[] = [
  [
    'somebody else changed its limits',
    input({ containers: [container({ detail: detail({ limits: { ...LIMITS, cpus: 0.1 } }) })] }),
    `g: patch/resize: its limits were changed from outside
  update_limits galaxy-game-g (c1): its limits were changed from outside`,
  ],
  [
    'somebody runs a container of its labels with --rm',
    input({ containers: [container({ detail: detail({ isAutoRemove: true }), version: '1.1.0' })], record: null }),
    `g: blocked: container galaxy-game-g was run by hand with --rm under this game's labels and is left alone; stop it (docker stop galaxy-game-g) to let the controller go on`,
  ],
]

describe('the planner, where somebody meddled', () => {
  it.each(TABLE)('%s', (_situation, given, plan) => {
    expect(renderPlan(planGame(given))).toBe(plan)
  })
})
