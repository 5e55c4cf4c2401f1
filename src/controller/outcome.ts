import type { ConditionFact } from '../model/condition.ts'
import type { EngineState } from '../model/engine.ts'
import { isUp, type ObservedContainer } from '../model/observed.ts'
import type { Operation } from '../model/operation.ts'
import type { RecordChange } from '../model/plan.ts'
import { type RuntimeRecord, saysItRuns } from '../model/record.ts'
import type { GameStatus } from '../model/status.ts'
import type { GameWrite } from '../record/game-write.ts'
import type { LoopDeps } from './deps.ts'
import type { Change } from './change.ts'
import { healthEventsOf } from './health-events.ts'
import { notificationOf } from './notification.ts'
import { readingOf } from './plan/health.ts'
import { type PlanInput, wantsOne } from './plan/input.ts'
import type { GameMemory } from './games.ts'
import { lifeAfter } from './life-after.ts'
import { asksForTurn, ledgerOf } from './ledger-of.ts'
import { changeRecord, type RecordFacts } from './record-change.ts'
import { statusAfter } from './status-after.ts'

export interface After {
  readonly write: GameWrite
  readonly memory: Pick<GameMemory, 'isSeen' | 'status' | 'record' | 'openTurn' | 'computedTurn' | 'mapping' | 'maxima'>
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
  const entries = ledgerOf(change)
  const engine = engineOf(change, input)
  const record = changeRecord(input.record, recordChange(change, input), {
    ...recordFacts(input, now, deps),
    container,
    engine,
    ledger: entries,
    isOperation: operation !== null,
  })
  const status = statusAfter(change, operation, container, input, now, deps)
  const healthEvents = healthEventsOf(change, operation, container, input, now)
  const changed = changedParts(change, operation, input, { status, record })
  const life = lifeAfter(entries, engine, operation, record, input, deps)
  return {
    write: {
      gameId: input.gameId,
      ...changed,
      ...life.write,
      healthEvents,
      notification: changed.status !== undefined || operation !== null ? notificationOf(change, input, now) : undefined,
      forget: mayForget(change, input),
    },
    memory: {
      isSeen: true,
      status: changed.status ?? input.status,
      record: record?.status === 'removed' ? null : record,
      ...life.memory,
      ...purged(status, input),
    },
    isUnchanged: isNothing({ ...changed, ...life.write }) && healthEvents.length === 0 && change.forget !== true,
    containerId: container?.id ?? input.record?.containerId ?? null,
    imageRef: record?.imageRef ?? null,
  }
}

/** A purge begins a new incarnation, which has no turns yet. */
function purged({ stateIncarnation }: GameStatus, { status }: PlanInput): { readonly computedTurn?: null } {
  return stateIncarnation === status.stateIncarnation ? {} : { computedTurn: null }
}

function isNothing(parts: Partial<GameWrite>): boolean {
  return Object.values(parts).every((part) => part === undefined)
}

function engineOf({ engine }: Change, { engine: reading }: PlanInput): EngineState | null {
  return engine ?? (reading.kind === 'state' ? reading.state : null)
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
  { gameId, record, admission, status, policy, desired, ticks, nowMs }: PlanInput,
  now: Date,
  { newId }: Pick<LoopDeps, 'newId'>,
): Omit<RecordFacts, 'container' | 'engine' | 'ledger' | 'isOperation'> {
  return {
    gameId,
    newUid: record?.uid ?? newId(),
    now,
    spec: admission.kind === 'accepted' ? admission.spec : status.acceptedSpec,
    network: policy.networkName,
    statePath: policy.statePath,
    paused: desired?.paused ?? false,
    generation: desired?.generation ?? null,
    due: ticks.due,
    lookedAt: new Date(nowMs),
  }
}

/**
 * An open operation tells by itself what is awaited; its waiting is not written on top (three round trips a start). That nothing can be seen at
 * all is written always, and so is what the game is ready for: an earlier term may have said otherwise (S8).
 */
function isAwaited(open: Operation | null, { plan }: Change, { observed, status }: PlanInput): boolean {
  return open !== null && plan.kind === 'wait' && observed.isKnown && readyIn(plan.conditions) === readyIn(status.conditions)
}

function readyIn(conditions: readonly ConditionFact[]): ConditionFact['status'] | undefined {
  return conditions.find(({ type }) => type === 'Ready')?.status
}

/** What an operation is to end in is not true at its beginning; that a start is under way is. */
function recordChange({ plan, record, isBeginning, isEnding }: Change, input: PlanInput): RecordChange {
  if ((plan.kind === 'wait' || plan.kind === 'blocked') && hasGoneDown(input)) return { kind: 'starting' }
  if (plan.kind === 'wait' && isAskedAnew(input)) return { kind: 'asked_anew' }
  if (isBeginning === true) return asksForTurn(plan) ? { kind: 'generating' } : record.kind === 'starting' ? record : { kind: 'none' }
  if (isEnding?.status === 'failed' && asksForTurn(plan)) return { kind: 'generation_failed' }
  // An operation that failed leaves the record to the next plan, except for what was found out about the engine.
  return isEnding?.status !== 'failed' || FOUND_OUT.has(record.kind) ? record : { kind: 'none' }
}

const FOUND_OUT: ReadonlySet<RecordChange['kind']> = new Set(['unreachable', 'running', 'stopped', 'generation_failed'])

/** A game that should run, and whose record says it does, has nothing that runs: what brings it back has to wait (S8). */
function hasGoneDown({ desired, observed, record }: PlanInput): boolean {
  if (!wantsOne(desired) || !observed.isKnown) return false
  return record !== null && saysItRuns(record.status) && !observed.containers.some(isUp)
}

/** Its engine was well when it was asked last, and has not answered this controller yet (S8). */
function isAskedAnew(input: PlanInput): boolean {
  const { admission, observed, record, status } = input
  const spec = admission.kind === 'accepted' ? admission.spec : status.acceptedSpec
  const running = observed.containers.find(({ state }) => state === 'running')
  if (!observed.isKnown || spec === null || running === undefined) return false
  return record?.status === 'running' && record.health === 'ok' && readingOf(input, spec, running).kind === 'pending'
}

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
