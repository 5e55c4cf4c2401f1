import type { AcceptedSpec } from '../../model/game.ts'
import type { ObservedContainer } from '../../model/observed.ts'
import { isTurn, type Operation } from '../../model/operation.ts'
import type { Plan } from '../../model/plan.ts'
import type { OpenTurn } from '../../model/turn.ts'
import { conditionsOf } from './conditions.ts'
import type { PlanInput } from './input.ts'
import { computeTurn } from './compute-turn.ts'
import { conclude, sameAgain } from './operations.ts'
import { earliest } from './ticks.ts'

/**
 * A turn's operation that was left open, by a crash or by a call without an answer, goes before everything else: a lifecycle
 * change never interrupts a turn, up to its deadline. The engine's own word settles it; the same number may be asked for
 * again, which never computes it twice (S6). Null when none is open.
 */
export function planInterruptedTurn(input: PlanInput): Plan | null {
  const { openOperation: open, openTurn, engine, status } = input
  if (open === null || !isTurn(open.op)) return null
  const running = input.observed.containers.find(({ state }) => state === 'running')
  if (openTurn === null) return gaveUp(input, open, 'its turn is not in the ledger', running ?? null)
  const isComputed = engine.kind === 'state' && engine.state.turn >= openTurn.turn
  if (running !== undefined && isComputed) return computed(input, open, running)
  const deadlineMs = open.startedAt.getTime() + input.policy.turnMs
  // A start that lies ahead is a clock that was set back since.
  const isLate = input.nowMs >= deadlineMs || open.startedAt.getTime() > input.nowMs
  if (running === undefined) return gaveUp(input, open, `its container went down while turn ${openTurn.turn} was computed`, null)
  if (isLate) return gaveUp(input, open, late(input, openTurn), running)
  if (engine.kind === 'state' && status.acceptedSpec !== null) return askAgain(input, open, openTurn, status.acceptedSpec, running)
  const message = `turn ${openTurn.turn} was asked for; its engine is asked what became of it`
  return {
    gameId: input.gameId,
    kind: 'wait',
    reason: message,
    conditions: conditionsOf(input, { ready: { status: 'Unknown', reason: 'ComputingTurn', message }, progressing: message }),
    wakeAtMs: earliest(deadlineMs, engine.kind === 'failing' ? engine.retryAtMs : null),
  }
}

function computed(input: PlanInput, open: Operation, current: ObservedContainer): Plan {
  const conditions = conditionsOf(input, { ready: { status: 'True', reason: 'Running', message: `${current.name} serves` } })
  const plan = conclude(input, open.operationId, null, { kind: 'running', containerId: current.id }, conditions)
  return { ...plan, ledger: [{ kind: 'end', status: 'succeeded', error: null }] }
}

function askAgain(input: PlanInput, open: Operation, { turn }: OpenTurn, spec: AcceptedSpec, current: ObservedContainer): Plan {
  const reason = `turn ${turn} was asked for and is not computed`
  return computeTurn(input, spec, current, { turn, wanted: sameAgain(open), reason })
}

function late({ engine, policy }: PlanInput, { turn }: OpenTurn): string {
  const limit = `turn ${turn} was not computed within ${policy.turnMs / 1_000} s`
  if (engine.kind === 'state') return `the engine is still at turn ${engine.state.turn}: ${limit}`
  return engine.kind === 'failing' ? `${limit}: ${engine.message}` : limit
}

function gaveUp(input: PlanInput, open: Operation, message: string, current: ObservedContainer | null): Plan {
  const conditions = conditionsOf(input, { ready: { status: 'False', reason: 'GenerationFailed', message } })
  const record = current === null ? ({ kind: 'none' } as const) : ({ kind: 'generation_failed' } as const)
  return conclude(input, open.operationId, { code: 'engine_unreachable', message }, record, conditions)
}
