import type { Backoff } from '../model/backoff.ts'
import { type ConditionFact, mergeConditions } from '../model/condition.ts'
import type { ObservedContainer } from '../model/observed.ts'
import { type Operation, restartRef } from '../model/operation.ts'
import type { GameStatus } from '../model/status.ts'
import { backoffAfter, backoffAfterCrash } from './backoff-of.ts'
import type { Change } from './change.ts'
import type { LoopDeps } from './deps.ts'
import { ledgerOf } from './ledger-of.ts'
import { fellWithRuntime, ranWell, standingBackoff } from './plan/held-back.ts'
import type { PlanInput } from './plan/input.ts'

/** The controller's side of a game after a step: what it accepted, its conditions, its backoff, and what wrote its state. */
export function statusAfter(
  change: Change,
  operation: Operation | null,
  container: ObservedContainer | null,
  input: PlanInput,
  now: Date,
  deps: Pick<LoopDeps, 'random'>,
): GameStatus {
  const { status, desired, admission, observed } = input
  const generation = desired?.generation ?? status.observedGeneration
  // Without a view of its containers nobody knows what has written the state: what is accepted then comes into force once there is one (S3).
  const isAccepted = admission.kind === 'accepted' && desired?.deletedAt === null && observed.isKnown
  return {
    ...status,
    ...(isAccepted && { acceptedSpec: admission.spec, acceptedGeneration: generation }),
    observedGeneration: generation,
    conditions: mergeConditions(status.conditions, conditionsOf(change), generation, now.toISOString()),
    backoff: backoffOf(change, operation, input, now, deps),
    ...(desired !== null && hasRestarted(change, operation, input) && { handledRestartToken: desired.restartToken }),
    ...handledTurn(change, input),
    ...forgone(input),
    ...writtenBy(change, container, input),
    observedFrom: container?.detail == null ? 'list' : 'inspect',
  }
}

/**
 * A restart token is handled once a container was started for it, be it by somebody else, whatever its engine then says of itself: never twice.
 * One that is written while an operation is under way is not what that operation was for. Before the game's first container it asks for nothing.
 */
function hasRestarted(change: Change, operation: Operation | null, input: PlanInput): boolean {
  if (input.record === null || change.record.kind === 'adopted') return true
  return operation !== null && isForToken(operation, input) && hasRun(change, operation, input)
}

/** It answers this token, or was begun for the row as it is now. */
function isForToken({ sourceRef, generation }: Operation, { desired }: PlanInput): boolean {
  return desired !== null && (generation === desired.generation || sourceRef === restartRef(desired.restartToken ?? ''))
}

/** A turn that ends says nothing of it. */
function hasRun({ record, isEnding }: Change, { op, operationId, hasStarted }: Operation, { observed }: PlanInput): boolean {
  if (isEnding === undefined || !REPLACING.has(op)) return false
  const isMade = observed.containers.some(({ labels, detail }) => labels.operationId === operationId && detail?.startedAtMs != null)
  return hasStarted || isMade || (isEnding.status === 'succeeded' && record.kind === 'running')
}

const REPLACING: ReadonlySet<Operation['op']> = new Set(['start', 'patch', 'restart'])

function conditionsOf({ plan, isEnding, unanswered }: Change): readonly ConditionFact[] {
  if (unanswered !== undefined) return plan.conditions.map((fact) => waitingOn(fact, unanswered))
  return plan.kind === 'act' && isEnding?.status === 'succeeded' ? (plan.conditionsAfter ?? plan.conditions) : plan.conditions
}

/** What keeps an operation open, a full disk for one, is told where its game's status is looked for and not in the log alone. */
function waitingOn(fact: ConditionFact, message: string): ConditionFact {
  if (fact.type === 'Progressing') return { ...fact, reason: 'Retrying', message }
  return fact.type === 'Ready' && fact.status !== 'True' ? { ...fact, message } : fact
}

/** A turn token is handled once its turn is in the ledger; one that was there at the game's first start asks for nothing. */
function handledTurn(change: Change, { record, desired, status }: PlanInput): Partial<GameStatus> {
  const entries = ledgerOf(change)
  const skipped = entries.find((entry) => entry.kind === 'skip_token')
  if (skipped !== undefined) return { handledTurnToken: skipped.token }
  const begun = entries.find((entry) => entry.kind === 'begin')
  if (begun?.call.kind === 'token') return { handledTurnToken: begun.call.token }
  const isFirst = record === null && status.acceptedGeneration === null && desired !== null
  return isFirst && status.handledTurnToken !== desired.turnToken ? { handledTurnToken: desired.turnToken } : {}
}

/** What waits for a game that is stopped asks for nothing any more: its next start is fresh anyway. A turn token has its row in the ledger first. */
function forgone({ desired, record, observed }: PlanInput): Partial<GameStatus> {
  if (desired?.state !== 'stopped' || desired.deletedAt !== null || !observed.isKnown) return {}
  return { handledRestartToken: desired.restartToken, ...(record === null && { handledTurnToken: desired.turnToken }) }
}

/** Which version has written the state: the one whose container was started, by us or, for an adopted one, by somebody. */
function writtenBy(change: Change, container: ObservedContainer | null, { desired, status, admission }: PlanInput): Partial<GameStatus> {
  const hasPurged =
    change.isEnding?.status === 'succeeded' &&
    change.plan.kind === 'act' &&
    change.plan.actions.some((action) => action.kind === 'purge_state')
  if (hasPurged) return { stateEngine: null, stateVersion: null, stateImageRef: null, stateIncarnation: status.stateIncarnation + 1 }
  if (change.isBeginning === true || container?.state !== 'running') return {}
  const { engine, engineVersion, engineImageRef } = container.labels
  const imageRef = engineImageRef ?? container.imageRef
  // A container that names no version is taken for what its row asked for; a row that is refused by now does not make that unknown.
  const unnamed = imageRef === status.stateImageRef ? status.stateVersion : null
  return {
    stateEngine: engine ?? desired?.engine ?? status.stateEngine,
    stateVersion: engineVersion ?? (admission.kind === 'accepted' ? admission.spec.engineVersion : unnamed),
    stateImageRef: imageRef,
  }
}

function backoffOf(
  change: Change,
  operation: Operation | null,
  input: PlanInput,
  now: Date,
  { random }: Pick<LoopDeps, 'random'>,
): Backoff | null {
  if (change.backoff !== undefined) return change.backoff
  const standing = standingBackoff(input)
  if (change.isBeginning === true && operation !== null) return backoffOnAttempt(standing, operation, input, now, random)
  if (operation !== null && isGivenUp(change, input)) return backoffOnGivingUp(change, operation, input, now, random)
  const isOver = change.isEnding?.status === 'succeeded' && standing?.kind !== 'CrashLoopBackOff' && standing?.kind !== 'StartBackOff'
  return isOver ? null : standing
}

/** A turn or an init without an answer in its time is asked for again as one that was refused is: after a delay. */
function isGivenUp({ plan, failure }: Change, { engine, record }: PlanInput): boolean {
  if (plan.kind !== 'conclude' || failure == null) return false
  if (plan.record.kind === 'generation_failed') return true
  return plan.record.kind === 'unreachable' && engine.kind === 'uninitialised' && record?.currentTurn == null
}

function backoffOnGivingUp(
  { failure }: Change,
  { op, operationId }: Operation,
  input: PlanInput,
  now: Date,
  random: () => number,
): Backoff | null {
  const standing = standingBackoff(input)
  if (failure == null) return standing
  return backoffAfter(standing, { kind: 'transient', ...failure }, op, {
    operationId,
    wish: input.wish,
    nowMs: now.getTime(),
    random: random(),
  })
}

/** Healing counts as an attempt when it begins: a game that goes down again soon waits longer each time. */
function backoffOnAttempt(
  standing: Backoff | null,
  operation: Operation,
  input: PlanInput,
  now: Date,
  random: () => number,
): Backoff | null {
  const { wish, observed } = input
  const attempt = { operationId: operation.operationId, wish, nowMs: now.getTime(), random: random() }
  if (operation.detail === 'crash_restart') {
    const exited = observed.containers.find((container) => container.state === 'exited')?.detail ?? null
    if (exited?.finishedAtMs != null && fellWithRuntime(exited.finishedAtMs, observed.outage)) return standing
    return backoffAfterCrash(standing, operation.cause, exited !== null && ranWell(exited), attempt)
  }
  if (operation.op === 'start' && operation.source === 'reconciler' && operation.actionCount === 0) {
    const failure = { kind: 'transient', code: 'container_start_failed', message: operation.cause } as const
    return backoffAfter(standing, failure, operation.op, attempt)
  }
  return standing
}
