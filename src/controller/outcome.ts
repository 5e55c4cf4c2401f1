import type { Backoff } from '../model/backoff.ts'
import { mergeConditions } from '../model/condition.ts'
import type { ObservedContainer } from '../model/observed.ts'
import type { Operation } from '../model/operation.ts'
import type { RecordChange } from '../model/plan.ts'
import type { RecordStatus, RuntimeRecord } from '../model/record.ts'
import type { GameStatus } from '../model/status.ts'
import type { GameWrite } from '../record/game-write.ts'
import { backoffAfter, backoffAfterCrash } from './backoff-of.ts'
import type { LoopDeps } from './deps.ts'
import type { Change } from './change.ts'
import { healthEventsOf } from './health-events.ts'
import { notificationOf } from './notification.ts'
import { fellWithRuntime, ranWell, standingBackoff } from './plan/held-back.ts'
import { isUp, type PlanInput } from './plan/input.ts'
import { changeRecord, type RecordFacts } from './record-change.ts'

export interface After {
  readonly write: GameWrite
  readonly memory: { readonly status: GameStatus; readonly record: RuntimeRecord | null }
  readonly isUnchanged: boolean
  readonly containerId: string | null
  readonly imageRef: string | null
}

/** The game's stored state after a step, and the write that takes it there. Decides nothing: it spells out what a step means. */
export function stateAfter(
  change: Change,
  operation: Operation | null,
  input: PlanInput,
  deps: Pick<LoopDeps, 'clock' | 'random' | 'newId'>,
): After {
  const container = containerOf(change, input)
  const now = new Date(deps.clock.nowMs())
  const record = changeRecord(input.record, recordChange(change, input), {
    ...recordFacts(input, now, deps),
    container,
    isOperation: operation !== null,
  })
  const status = statusAfter(change, operation, container, input, now, deps)
  const healthEvents = healthEventsOf(change, operation, container, input, now)
  const changed = changedParts(change, operation, input, { status, record })
  return {
    write: {
      gameId: input.gameId,
      ...changed,
      healthEvents,
      notification: changed.status !== undefined || operation !== null ? notificationOf(change, input, now) : undefined,
      forget: mayForget(change, input),
    },
    memory: { status: changed.status ?? input.status, record: record?.status === 'removed' ? null : record },
    isUnchanged: changed.status === undefined && changed.record === undefined && healthEvents.length === 0 && change.forget !== true,
    containerId: container?.id ?? input.record?.containerId ?? null,
    imageRef: record?.imageRef ?? null,
  }
}

/** What differs from what is stored; undefined is not written. */
function changedParts(
  change: Change,
  operation: Operation | null,
  input: PlanInput,
  { status, record }: { status: GameStatus; record: RuntimeRecord | null },
): Pick<GameWrite, 'status' | 'record'> {
  const isStatusChanged = differs(status, input.status) && !isAwaited(operation ?? input.openOperation, change, input)
  const isRecordChanged = record !== null && record !== input.record
  return { status: isStatusChanged ? status : undefined, record: isRecordChanged ? record : undefined }
}

function recordFacts(
  { gameId, record, admission, status, policy, desired }: PlanInput,
  now: Date,
  { newId }: Pick<LoopDeps, 'newId'>,
): Omit<RecordFacts, 'container' | 'isOperation'> {
  return {
    gameId,
    newUid: record?.uid ?? newId(),
    now,
    spec: admission.kind === 'accepted' ? admission.spec : status.acceptedSpec,
    network: policy.networkName,
    statePath: policy.statePath,
    paused: desired?.paused ?? false,
  }
}

/**
 * An open operation tells by itself what is awaited; its waiting is not written on top (three round trips a start). That
 * nothing can be seen at all is written always (S8).
 */
function isAwaited(open: Operation | null, { plan }: Change, { observed }: PlanInput): boolean {
  return open !== null && plan.kind === 'wait' && observed.isKnown
}

/** What an operation is to end in is not true at its beginning; that a start is under way is. */
function recordChange({ plan, record, isBeginning, isEnding }: Change, input: PlanInput): RecordChange {
  if ((plan.kind === 'wait' || plan.kind === 'blocked') && hasGoneDown(input)) return { kind: 'starting' }
  if (isBeginning === true && record.kind !== 'starting') return { kind: 'none' }
  // An operation that failed leaves the record to the next plan, except for what was found out about the engine.
  if (isEnding?.status === 'failed' && record.kind !== 'unreachable' && record.kind !== 'running' && record.kind !== 'stopped')
    return { kind: 'none' }
  return record
}

/** A game that should run, and whose record says it does, has nothing that runs: what brings it back has to wait (S8). */
function hasGoneDown({ desired, observed, record }: PlanInput): boolean {
  if (desired?.state !== 'running' || desired.deletedAt !== null || !observed.isKnown) return false
  return record !== null && SAID_TO_RUN.has(record.status) && !observed.containers.some(isUp)
}

const SAID_TO_RUN: ReadonlySet<RecordStatus> = new Set(['running', 'engine_unreachable', 'generation_in_progress', 'generation_failed'])

function containerOf({ container, record, plan }: Change, { observed, record: known }: PlanInput): ObservedContainer | null {
  if (container != null) return container
  const id =
    'containerId' in record
      ? record.containerId
      : plan.kind === 'adopt_orphan'
        ? plan.containerId
        : record.kind === 'stopped'
          ? known?.containerId
          : null
  return observed.containers.find((each) => each.id === id) ?? null
}

function statusAfter(
  change: Change,
  operation: Operation | null,
  container: ObservedContainer | null,
  input: PlanInput,
  now: Date,
  deps: Pick<LoopDeps, 'random'>,
): GameStatus {
  const { status, desired, admission } = input
  const generation = desired?.generation ?? status.observedGeneration
  const isAccepted = admission.kind === 'accepted' && desired?.deletedAt === null
  const hasSucceeded = change.isEnding?.status === 'succeeded'
  return {
    ...status,
    ...(isAccepted && { acceptedSpec: admission.spec, acceptedGeneration: generation }),
    observedGeneration: generation,
    conditions: mergeConditions(status.conditions, change.plan.conditions, generation, now.toISOString()),
    backoff: backoffOf(change, operation, input, now, deps),
    ...(((hasSucceeded && change.record.kind === 'running') || change.record.kind === 'adopted') && {
      handledRestartToken: desired?.restartToken ?? null,
    }),
    ...writtenBy(change, container, input),
    observedFrom: container?.detail == null ? 'list' : 'inspect',
  }
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
  return {
    stateEngine: engine ?? desired?.engine ?? status.stateEngine,
    stateVersion: engineVersion ?? (admission.kind === 'accepted' ? admission.spec.engineVersion : null),
    stateImageRef: engineImageRef ?? container.imageRef,
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
  const isOver = change.isEnding?.status === 'succeeded' && standing?.kind !== 'CrashLoopBackOff' && standing?.kind !== 'StartBackOff'
  return isOver ? null : standing
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

function mayForget(change: Change, { desired }: PlanInput): boolean {
  if (change.forget === true) return true
  return (
    change.isEnding?.status === 'succeeded' && change.plan.kind === 'act' && change.record.kind === 'removed' && desired?.deletedAt != null
  )
}

/** How it was last seen is not worth a write by itself. */
function differs(a: GameStatus, b: GameStatus): boolean {
  const keys = Object.keys(a) as (keyof GameStatus)[] // a's own keys, which its type names
  return keys.some((key) => key !== 'observedFrom' && a[key] !== b[key])
}
