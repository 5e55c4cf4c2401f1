import type { BackoffKind } from '../../model/backoff.ts'
import type { DesiredGame } from '../../model/game.ts'
import { type ErrorCode, type OperationResult, type QueuedOperation, restartRef } from '../../model/operation.ts'
import type { Plan } from '../../model/plan.ts'
import { refOf } from '../../model/turn.ts'
import { standingBackoff } from './held-back.ts'
import { isOver } from './finished.ts'
import type { Admission, PlanInput } from './input.ts'
import { act } from './operations.ts'

/**
 * What becomes of queued operations that no plan took up, once the game is at rest: each is judged by whether what it wants is
 * so, was overtaken by a newer wish, or can't be done (spec 3, "Verbs"). A wish that is not in memory yet is waited for.
 */
export function withQueued(input: PlanInput, plan: Plan): Plan {
  const generation = input.desired?.generation ?? Number.POSITIVE_INFINITY
  const queued = input.queued.filter((each) => each.generation <= generation)
  if (queued.length === 0 || input.openOperation !== null) return plan
  const rest = restOf(input, plan)
  if (rest === null) return plan
  return planPauseAtRest(input, plan, queued) ?? dismissal(input, plan, queued, rest) ?? plan
}

/** Nothing is being done, nor will be soon; `failure` says what stands in the way of doing more. */
interface Rest {
  readonly failure: Failure | null
}

interface Failure {
  readonly code: ErrorCode
  readonly message: string
}

function restOf(input: PlanInput, plan: Plan): Rest | null {
  if ((plan.ledger ?? []).length > 0) return null
  switch (plan.kind) {
    case 'settled':
      return plan.wakeAtMs !== null && plan.wakeAtMs <= input.nowMs ? null : { failure: null }
    case 'forget':
      return { failure: null }
    case 'blocked':
      return { failure: { code: plan.code, message: plan.reason } }
    case 'wait': {
      const backoff = standingBackoff(input)
      return backoff?.notBeforeMs === null ? { failure: { code: CODES[backoff.kind], message: plan.reason } } : null
    }
    default:
      return null
  }
}

const CODES: Readonly<Record<BackoffKind, ErrorCode>> = {
  StartConfigInvalid: 'start_config_invalid',
  NameConflict: 'conflict',
  ReconcileBackOff: 'conflict',
  ImagePullBackOff: 'image_pull_failed',
  EngineUnreachable: 'engine_unreachable',
  TurnFailed: 'engine_unreachable',
  CrashLoopBackOff: 'container_start_failed',
  PatchFailed: 'container_start_failed',
  StartBackOff: 'container_start_failed',
}

/** A game that does not serve is paused in its record alone; where it serves, the plan does so by itself. */
function planPauseAtRest(input: PlanInput, plan: Plan, queued: readonly QueuedOperation[]): Plan | null {
  const { desired, record } = input
  if (plan.kind !== 'settled' && plan.kind !== 'blocked') return null
  if (desired === null || desired.deletedAt !== null || record === null || record.paused === desired.paused) return null
  const op = desired.paused ? 'pause' : 'resume'
  if (!queued.some((each) => each.op === op)) return null
  return act(input, {
    wanted: { op },
    reason: desired.paused ? 'no turns from now on, also once it serves' : 'turns go on as soon as it serves',
    actions: [],
    record: { kind: 'paused', paused: desired.paused },
    closes: true,
    conditions: plan.conditions,
  })
}

function dismissal(input: PlanInput, plan: Plan, queued: readonly QueuedOperation[], rest: Rest): Plan | null {
  for (const wish of queued) {
    const result = resultOf(wish, input, rest)
    if (result === null) continue
    return {
      gameId: input.gameId,
      kind: 'dismiss',
      operationId: wish.operationId,
      result,
      reason: result.status === 'failed' ? result.message : 'what was asked for is so already',
      conditions: plan.conditions,
      wakeAtMs: null,
    }
  }
  return null
}

/** Null: it is waited for. */
function resultOf(queued: QueuedOperation, input: PlanInput, { failure }: Rest): OperationResult | null {
  const { desired, admission, observed } = input
  if (desired === null || desired.deletedAt !== null) return failed({ code: 'not_found', message: 'the game was deleted' })
  if (isOvertaken(queued, desired, input)) return failed({ code: 'conflict', message: `overtaken by a newer wish: ${wishOf(desired)}` })
  switch (queued.op) {
    case 'pause':
    case 'resume':
      return REPLAY
    case 'start':
    case 'patch':
      if (admission.kind === 'refused') return failed(admission)
      return failure === null || isUpAnyway(input, failure) ? REPLAY : failed(failure)
    case 'force_next_turn':
      return failure === null ? turnResult(input) : failed(failure)
    case 'reconcile':
      if (failure !== null) return failed(failure)
      return observed.containers.length === 0 ? REPLAY : null
    default:
      return failure === null ? REPLAY : failed(failure)
  }
}

const REPLAY: OperationResult = { status: 'succeeded', code: 'replay_no_op' }

function failed({ code, message }: Failure): OperationResult {
  return { status: 'failed', code, message }
}

/** Whether the row asks for something else by now. */
function isOvertaken({ op, sourceRef, imageRef }: QueuedOperation, desired: DesiredGame, { admission, record }: PlanInput): boolean {
  const isStopped = desired.state === 'stopped'
  switch (op) {
    case 'start':
      return isStopped
    case 'stop':
      return !isStopped
    case 'pause':
      return !desired.paused
    case 'resume':
      return desired.paused
    case 'restart':
      return isStopped || sourceRef !== restartRef(desired.restartToken ?? '')
    case 'force_next_turn':
      return isStopped || sourceRef !== refOf({ kind: 'token', token: desired.turnToken ?? '', generation: desired.generation })
    case 'reconcile':
      return !isStopped && !isOver(record, desired)
    case 'patch':
      return imageRef !== null && admission.kind !== 'refused' && imageRef !== imageOf(admission)
    default:
      return false
  }
}

function imageOf(admission: Exclude<Admission, { kind: 'refused' }>): string {
  return admission.kind === 'accepted' ? admission.spec.imageRef : admission.imageRef
}

function wishOf({ state, stopReason, engine, engineVersion, imageRef, paused }: DesiredGame): string {
  if (state === 'stopped') return `stopped (${stopReason ?? 'no reason'})`
  return `${imageRef ?? `${engine} ${engineVersion ?? ''}`}, running${paused ? ', paused' : ''}`
}

/** Its container does what a container can; what is missing is somebody else's, such as the players. */
function isUpAnyway({ observed, admission }: PlanInput, { code }: Failure): boolean {
  return admission.kind === 'accepted' && code !== 'conflict' && observed.containers.some(({ state }) => state === 'running')
}

/** A token that was there at the first start asks for nothing. One that nobody can answer yet is waited with. */
function turnResult({ desired, status, engine, record }: PlanInput): OperationResult | null {
  if (desired?.turnToken === status.handledTurnToken) return REPLAY
  const hasEnded = record?.status === 'finished' || (engine.kind === 'state' && engine.state.finished)
  if (hasEnded) return failed({ code: 'conflict', message: `its game has ended with turn ${record?.currentTurn ?? 0}` })
  return status.acceptedSpec?.protocol === 'none' ? failed({ code: 'conflict', message: 'its engine knows no turns' }) : null
}
