import { classifyDatabaseError } from '../database/errors.ts'
import type { Differences } from '../model/difference.ts'
import { messageOf, RuntimeFailure } from '../model/errors.ts'
import { type Plan, renderPlan } from '../model/plan.ts'
import { carryOut } from './carry-out.ts'
import type { LoopDeps } from './deps.ts'
import { lookAt } from './look.ts'
import { differencesOf } from './plan/differences.ts'
import type { PlanInput } from './plan/input.ts'
import { planGame } from './plan/plan-game.ts'
import type { Requeue } from './requeue.ts'
import { watchHealth } from './watch-health.ts'

/** One pass over one game: look, plan, carry out, record. Repeatable at any point; the world decides what comes next. */
export async function reconcileGame(gameId: string, deps: LoopDeps): Promise<Requeue> {
  const input = await lookAt(gameId, deps)
  const plan = planGame(input)
  if (plan.kind === 'act') deps.log.debug({ gameId, plan: renderPlan(plan) }, 'plan')
  // What a container answered before it is started again says nothing about the engine that starts now (S8).
  if (plan.kind === 'act' && plan.actions.some((action) => action.kind === 'start_container')) deps.health.watch(gameId, null)
  const requeue = await deps.traces.carryOut(plan, () => carryOut(plan, input, deps))
  watchHealth(gameId, deps)
  return requeue
}

/** The plan alone, for `galaxy diff` and dry runs: nothing is written and no call changes anything. */
export async function previewGame(
  gameId: string,
  deps: LoopDeps,
  change: (input: PlanInput) => PlanInput = (input) => input,
): Promise<Plan> {
  return planGame(change(await lookAt(gameId, deps, 'nothing of the engine')))
}

/** What of a game is otherwise than asked for, and what would be done about it; nothing is written and no call changes anything. */
export async function compareGame(gameId: string, deps: LoopDeps): Promise<Differences & { readonly plan: Plan }> {
  const input = await lookAt(gameId, deps, 'nothing of the engine')
  return { ...differencesOf(input), plan: planGame(input) }
}

const LOST_ANSWER_RETRY_MS = 1_000
const BUG_RETRY_MS = 30_000

/** What a pass that threw asks of the queue; a failure nobody foresaw backs off alone (fault 49). */
export function requeueAfterError(gameId: string, error: unknown, { log, clock, games, observer }: LoopDeps): Requeue {
  const { operationId } = games.of(gameId).openOperation ?? {}
  games.update(gameId, { isUnsure: true })
  const isForeseen =
    error instanceof RuntimeFailure ||
    classifyDatabaseError(error).kind === 'transient' ||
    classifyDatabaseError(error).kind === 'stale_lease'
  if (error instanceof RuntimeFailure && error.kind === 'conflict') return { kind: 'now' }
  if (isForeseen) {
    log.warn({ gameId, operationId, error: messageOf(error) }, 'pass failed')
    return { kind: 'at', atMs: clock.nowMs() + LOST_ANSWER_RETRY_MS }
  }
  observer?.passBroke()
  log.error({ gameId, operationId, err: error }, 'pass threw')
  return { kind: 'at', atMs: clock.nowMs() + BUG_RETRY_MS }
}
