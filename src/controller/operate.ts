import { RuntimeFailure } from '../model/errors.ts'
import type { Operation } from '../model/operation.ts'
import type { Plan } from '../model/plan.ts'
import type { ActionOutcome as LoggedOutcome } from '../record/statement.ts'
import { backoffAfter } from './backoff-of.ts'
import type { LoopDeps } from './deps.ts'
import { type Ending, type Execution, execute } from './execute.ts'
import type { Change } from './change.ts'
import { standingBackoff } from './plan/held-back.ts'
import type { PlanInput } from './plan/input.ts'
import type { Engine } from './ports.ts'
import type { Requeue } from './requeue.ts'
import { beginOperation, closeOperationOf, saveOutcomes } from './write-ahead.ts'
import { namedActions } from './named-actions.ts'
import { tellActions } from './tell.ts'

type Acting = Extract<Plan, { kind: 'act' }>

/** Carries out a plan that acts: intents first, then the actions, then what came of them (S4). */
export async function operate(plan: Acting, input: PlanInput, deps: LoopDeps): Promise<Requeue> {
  const { operation, firstSeq } = await beginOperation(plan, input, deps)
  const actions = namedActions(plan, operation, input)
  const execution = await execute(actions, operation.operationId, {
    runtime: deps.runtime,
    engine: withinItsTime(deps, operation, input),
    witness: deps.world,
    clock: deps.clock,
    assertMayAct: deps.assertMayAct,
    onProgress: (progress) => deps.games.update(input.gameId, { progress }),
    signal: deps.signal,
  })
  tellActions(actions, execution, deps)
  const outcomes = execution.outcomes.map((outcome, index) => ({ ...outcome, seq: firstSeq + index }))
  const hasStarted = actions.some(
    (action, index) => action.kind === 'start_container' && execution.outcomes[index]?.outcome === 'succeeded',
  )
  return settle(
    plan,
    hasStarted ? { ...operation, hasStarted } : operation,
    execution,
    outcomes.flatMap(knownOutcome),
    asRemembered(input, deps),
    deps,
  )
}

/** A turn that is asked for again, after a crash or a lost answer, has what is left of its operation's time: others wait for its end. */
function withinItsTime({ engine, clock }: LoopDeps, { startedAt }: Operation, { nowMs, policy }: PlanInput): Engine {
  const leftMs = Math.min(Math.max(startedAt.getTime() + policy.turnMs - nowMs, 1), policy.turnMs)
  const turn: Engine['turn'] = async (target, number, key, signal) => {
    const end = new AbortController()
    const cancel = clock.after(leftMs, () => end.abort())
    try {
      return await engine.turn(target, number, key, AbortSignal.any([signal, end.signal]))
    } catch (error) {
      if (!end.signal.aborted || signal.aborted) throw error
      throw new RuntimeFailure('transient', 'service_unavailable', `turn ${number} got no answer in the ${leftMs} ms that were left for it`)
    } finally {
      cancel()
    }
  }
  return { ...engine, turn }
}

/** What was planned from, with what has been written since. */
function asRemembered(input: PlanInput, { games }: LoopDeps): PlanInput {
  const { status, record, openOperation, openTurn, computedTurn, mapping, maxima } = games.of(input.gameId)
  return { ...input, status, record, openOperation, openTurn, computedTurn, mapping, maxima }
}

function knownOutcome({
  seq,
  outcome,
  error,
  durationMs,
  result,
}: Execution['outcomes'][number] & { seq: number }): readonly LoggedOutcome[] {
  return outcome === null ? [] : [{ seq, outcome, error, durationMs, result }]
}

/** Writes how the actions went: the operation ends, or stays open until a later pass has seen its goal. */
async function settle(
  plan: Acting,
  operation: Operation,
  execution: Execution,
  outcomes: readonly LoggedOutcome[],
  input: PlanInput,
  deps: LoopDeps,
): Promise<Requeue> {
  const { ending } = execution
  const change: Change = { plan, record: plan.record, container: execution.container, engine: execution.state }
  switch (ending.kind) {
    case 'done':
      if (plan.closes) {
        await closeOperationOf(operation, { status: 'succeeded', code: null }, outcomes, change, input, deps)
      } else {
        const pulled = plan.actions.find((action) => action.kind === 'pull_image')
        await saveOutcomes(operation, outcomes, change, input, deps)
        deps.games.update(input.gameId, {
          looks: 0,
          unanswered: 0,
          progress: null,
          ...(pulled !== undefined && { pulled: pulled.imageRef }),
        })
      }
      return { kind: 'now' }
    case 'resize_refused':
      await saveOutcomes(operation, outcomes, { ...change, record: { kind: 'none' } }, input, deps)
      deps.games.update(input.gameId, { resizeRefused: ending.containerId })
      return { kind: 'now' }
    case 'look_again':
      return lookAgain(operation, ending, outcomes, change, input, deps)
    case 'failed':
      return fail(operation, ending.failure, outcomes, change, input, deps)
  }
}

const MAX_LOOKS = 5

async function lookAgain(
  operation: Operation,
  ending: Extract<Ending, { kind: 'look_again' }>,
  outcomes: readonly LoggedOutcome[],
  change: Change,
  input: PlanInput,
  deps: LoopDeps,
): Promise<Requeue> {
  const looks = deps.games.of(input.gameId).looks + 1
  if (looks > MAX_LOOKS) {
    const failure = new RuntimeFailure('transient', 'container_start_failed', `${ending.why}, ${looks} times in a row`)
    return fail(operation, failure, outcomes, change, input, deps)
  }
  await saveOutcomes(operation, outcomes, { ...change, record: { kind: 'none' } }, input, deps)
  deps.games.update(input.gameId, { looks })
  return { kind: 'now' }
}

const FIRST_UNANSWERED_MS = 500
const MAX_UNANSWERED_MS = 30_000

async function fail(
  operation: Operation,
  failure: RuntimeFailure,
  outcomes: readonly LoggedOutcome[],
  change: Change,
  input: PlanInput,
  deps: LoopDeps,
): Promise<Requeue> {
  const { gameId } = input
  if (failure.code === 'service_unavailable') {
    // Nobody knows whether the call took effect: the operation stays open, and goes on from what the world shows then.
    const unanswered = deps.games.of(gameId).unanswered + 1
    await saveOutcomes(operation, outcomes, { ...change, record: { kind: 'none' }, unanswered: failure.message }, input, deps)
    deps.games.update(gameId, { unanswered, isUnsure: true, engine: null })
    deps.log.warn({ gameId, operationId: operation.operationId, error: failure.message }, 'call unanswered')
    return { kind: 'at', atMs: deps.clock.nowMs() + Math.min(FIRST_UNANSWERED_MS * 2 ** unanswered, MAX_UNANSWERED_MS) }
  }
  // A tombstone is the last wish there can be: what is in its way is tried again, until it is gone.
  const kind = operation.detail === 'delete' ? 'transient' : failure.kind
  const { code, message } = failure
  const backoff = backoffAfter(standingBackoff(input), { kind, code, message }, operation.op, {
    operationId: operation.operationId,
    wish: input.wish,
    nowMs: deps.clock.nowMs(),
    random: deps.random(),
  })
  await closeOperationOf(
    operation,
    { status: 'failed', code: failure.code, message: failure.message },
    outcomes,
    { ...change, record: { kind: 'none' }, failure, backoff },
    input,
    deps,
  )
  return { kind: 'now' }
}
