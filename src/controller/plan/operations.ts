import type { Action, ContainerTarget, EngineTarget } from '../../model/action.ts'
import type { ConditionFact } from '../../model/condition.ts'
import type { AcceptedSpec, DesiredGame } from '../../model/game.ts'
import type { ObservedContainer } from '../../model/observed.ts'
import type { ErrorCode, Operation, OperationDetail, OperationKind, OperationSource, QueuedOperation } from '../../model/operation.ts'
import type { Plan, PlannedOperation, RecordChange } from '../../model/plan.ts'
import type { PlanInput } from './input.ts'

export interface Wanted {
  readonly op: OperationKind
  readonly detail?: OperationDetail
  /** Absent: the writer of the desired row. */
  readonly source?: OperationSource
  readonly sourceRef?: string
}

interface Act {
  readonly wanted: Wanted
  readonly reason: string
  readonly actions: readonly Action[]
  readonly later?: readonly Action[]
  readonly record: RecordChange
  /** False: the operation stays open until a later pass has seen its goal. */
  readonly closes: boolean
  readonly conditions: readonly ConditionFact[]
  readonly conditionsAfter?: readonly ConditionFact[]
}

/**
 * A plan that acts: under the open operation when that is the same change (after a crash, or in its next step), else in a
 * new one. An open operation of another kind has been overtaken and is closed first.
 */
export function act(input: PlanInput, { wanted, reason, actions, later = [], record, closes, conditions, conditionsAfter }: Act): Plan {
  const open = input.openOperation
  const base = { gameId: input.gameId, reason, conditions, wakeAtMs: null }
  const steps = { actions, later, record, closes, ...(conditionsAfter !== undefined && { conditionsAfter }) }
  if (open === null) return { ...base, kind: 'act', operation: opened(input, wanted), ...steps }
  if (isSameOperation(open, wanted)) {
    return { ...base, kind: 'act', operation: { kind: 'continue', operationId: open.operationId }, ...steps }
  }
  // An operation of ours on the way to an end state is no longer planned because that state is reached; a wish was overtaken.
  const failure = isOwn(open) ? null : ({ code: 'conflict', message: `overtaken: ${reason}` } as const)
  return conclude(input, open.operationId, failure, { kind: 'none' }, conditions)
}

/** Begun by the controller itself, on the way to an end state that nobody asked for. */
export function isOwn({ op, source }: Operation): boolean {
  return op === 'reconcile' && source === 'reconciler'
}

/** The open operation's own change, to go on with it in its next step. */
export function sameAgain(open: Operation): Wanted {
  return {
    op: open.op,
    ...(open.detail !== null && { detail: open.detail }),
    ...(open.sourceRef !== null && { sourceRef: open.sourceRef }),
  }
}

export function conclude(
  input: PlanInput,
  operationId: string,
  failure: { code: ErrorCode; message: string } | null,
  record: RecordChange,
  conditions: readonly ConditionFact[],
): Extract<Plan, { kind: 'conclude' }> {
  const reason = failure === null ? 'the containers show that it is done' : failure.message
  return { gameId: input.gameId, reason, conditions, wakeAtMs: null, kind: 'conclude', operationId, failure, record }
}

function isSameOperation(open: NonNullable<PlanInput['openOperation']>, wanted: Wanted): boolean {
  return (
    open.op === wanted.op &&
    open.detail === (wanted.detail ?? null) &&
    (wanted.op !== 'restart' || wanted.detail !== undefined || open.sourceRef === wanted.sourceRef)
  )
}

function opened(input: PlanInput, wanted: Wanted): PlannedOperation {
  const queued = input.queued.findLast((each) => asksFor(each, wanted, input.desired))
  return {
    kind: 'open',
    op: wanted.op,
    detail: wanted.detail ?? null,
    source: wanted.source ?? queued?.source ?? writerOf(input.desired),
    // What the controller does by itself nobody wrote.
    queuedId: queued?.operationId ?? null,
    sourceRef: wanted.sourceRef ?? queued?.sourceRef ?? (wanted.source === undefined ? (input.desired?.writtenRef ?? null) : null),
  }
}

/** Another token is another wish, and one that memory does not show yet is not what is planned. */
function asksFor({ op, detail, sourceRef, generation }: QueuedOperation, wanted: Wanted, desired: DesiredGame | null): boolean {
  if (op !== wanted.op || detail !== (wanted.detail ?? null) || generation > (desired?.generation ?? 0)) return false
  return wanted.sourceRef === undefined || wanted.sourceRef === sourceRef
}

/** The operation source of whoever wrote the desired row. */
function writerOf(desired: DesiredGame | null): OperationSource {
  if (desired === null || desired.writtenBy === 'reconciler') return 'reconciler'
  return desired.writtenBy === 'lobby' ? 'lobby' : 'admin'
}

export function engineIn({ gameId }: PlanInput, { network, port }: AcceptedSpec, { id, name }: ObservedContainer): EngineTarget {
  return { gameId, containerId: id, containerName: name, network, port }
}

export function existing(container: ObservedContainer): ContainerTarget {
  return { kind: 'existing', id: container.id, name: container.name }
}

export function stopAction(input: PlanInput, container: ObservedContainer, reason: string): Action {
  return { kind: 'stop_container', target: existing(container), graceMs: input.policy.graceMs, reason }
}

export function removeAction(container: ObservedContainer, reason: string): Action {
  return { kind: 'remove_container', target: existing(container), force: isHalfGone(container), reason }
}

/** Dead, or in a removal that may never end by itself: neither runs again, and only force takes it away. */
export function isHalfGone({ state }: ObservedContainer): boolean {
  return state === 'dead' || state === 'removing'
}

/** Stop if it runs, then remove. */
export function stopAndRemove(input: PlanInput, container: ObservedContainer, reason: string): readonly Action[] {
  const stop = isStoppable(container) ? [stopAction(input, container, reason)] : []
  return [...stop, removeAction(container, reason)]
}

function isStoppable(container: ObservedContainer): boolean {
  return container.state === 'running' || container.state === 'restarting'
}
