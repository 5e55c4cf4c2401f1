import type { EngineState } from '../model/engine.ts'
import type { AcceptedSpec } from '../model/game.ts'
import { hostName } from '../model/labels.ts'
import { sameLimits } from '../model/limits.ts'
import type { ObservedContainer } from '../model/observed.ts'
import type { RecordChange } from '../model/plan.ts'
import { isAtRest, type RuntimeRecord } from '../model/record.ts'
import type { LedgerEntry } from '../model/turn.ts'

/** What a changed record is made from. */
export interface RecordFacts {
  readonly gameId: string
  readonly newUid: string
  readonly now: Date
  readonly spec: AcceptedSpec | null
  /** The container the change is about, as last seen. */
  readonly container: ObservedContainer | null
  readonly network: string
  readonly statePath: string
  readonly paused: boolean
  /** What the engine says of its game, where it was asked. */
  readonly engine: EngineState | null
  /** The desired generation; null where nobody asks for the game. */
  readonly generation: number | null
  readonly ledger: readonly LedgerEntry[]
  /** Ticks that came due until the look that the change was planned from. */
  readonly due: readonly number[]
  readonly lookedAt: Date
  /** Whether the change belongs to an operation, as against something that was merely noticed. */
  readonly isOperation: boolean
}

/**
 * The record after a change, or null when nothing of it differs (spec 1, "What a record holds").
 *
 * Moves: (none) → starting | running (adoption); starting ⇄ running ⇄ engine_unreachable; running → generation_in_progress →
 * running | generation_failed | finished; any of them → stopped → starting; any → removed, which is the end. Docker's clock
 * and ours may differ, so every time is clamped to `createdAt`.
 */
export function changeRecord(record: RuntimeRecord | null, change: RecordChange, facts: RecordFacts): RuntimeRecord | null {
  if (change.kind === 'none') return record === null ? null : withTicks(record, withLimits(record, facts), facts)
  if (record === null && (change.kind === 'stopped' || change.kind === 'removed')) return null
  const base = record ?? newRecord(facts)
  return withTicks(base, clamped(changed(base, change, facts), facts), facts)
}

function changed(record: RuntimeRecord, change: Exclude<RecordChange, { kind: 'none' }>, facts: RecordFacts): RuntimeRecord {
  switch (change.kind) {
    case 'starting':
      return { ...record, ...runtimeOf(record, facts), ...UNFINISHED, status: 'starting', health: 'unknown', stoppedAt: null }
    case 'adopted':
      return { ...record, ...runtimeOf(record, facts), status: 'starting', health: 'unknown', stoppedAt: null }
    case 'running':
      return { ...record, ...runtimeOf(record, facts), ...servingAs(record, facts), health: 'ok', stoppedAt: null }
    case 'unreachable':
      return { ...record, ...runtimeOf(record, facts), status: 'engine_unreachable', health: 'unreachable', stoppedAt: null }
    case 'asked_anew':
      return { ...record, health: 'unknown' }
    case 'generating':
      return { ...record, status: 'generation_in_progress' }
    case 'generation_failed':
      return { ...record, status: 'generation_failed' }
    case 'paused':
      return { ...record, paused: change.paused, pausedAt: change.paused ? facts.now : null }
    case 'stopped':
      return { ...record, ...stoppedAs(record, facts) }
    case 'removed':
      return { ...record, status: 'removed', health: 'unknown', removedAt: facts.now }
  }
}

const UNFINISHED = { finishedAt: null, finishedGeneration: null } as const

/** Serving, or at its end, as the engine says. */
function servingAs(record: RuntimeRecord, { engine, generation, now }: RecordFacts): Partial<RuntimeRecord> {
  const currentTurn = engine?.turn ?? record.currentTurn
  if (engine?.finished !== true) return { ...UNFINISHED, status: 'running', currentTurn }
  return { status: 'finished', currentTurn, finishedAt: record.finishedAt ?? now, finishedGeneration: generation }
}

/** What runs now; a start whose container is not known yet keeps the rest. */
function runtimeOf(record: RuntimeRecord, { container, spec }: RecordFacts): Partial<RuntimeRecord> {
  if (container === null) {
    if (spec === null) return {}
    const { imageRef, imageId, engineVersion, state, network } = spec
    return { imageRef, imageId, engineVersion, statePath: state.path, network }
  }
  const { id, imageId, labels, detail } = container
  return {
    containerId: id,
    imageRef: labels.engineImageRef ?? container.imageRef,
    imageId,
    engineVersion: labels.engineVersion ?? spec?.engineVersion ?? null,
    limits: detail?.limits ?? record.limits,
    startedAt: startOf(container) ?? record.startedAt ?? new Date(container.createdAtMs),
  }
}

/** Limits that were changed in place: noted by whoever changed them, for a list does not show them to the next controller. */
function withLimits(record: RuntimeRecord, { container }: RecordFacts): RuntimeRecord {
  const limits = container?.id === record.containerId ? (container?.detail?.limits ?? null) : null
  if (limits === null || (record.limits !== null && sameLimits(record.limits, limits))) return record
  return { ...record, limits }
}

function startOf({ detail }: ObservedContainer): Date | null {
  return detail?.startedAtMs == null ? null : new Date(detail.startedAtMs)
}

/** A game that was never started and is stopped has no stop to record; it goes back to nothing when it is deleted. */
function stoppedAs(record: RuntimeRecord, { container, now, spec }: RecordFacts): Partial<RuntimeRecord> {
  const finishedAtMs = container?.detail?.finishedAtMs
  return {
    status: 'stopped',
    health: 'unknown',
    imageRef: record.imageRef ?? spec?.imageRef ?? container?.imageRef ?? 'unknown',
    stoppedAt: record.stoppedAt ?? (finishedAtMs == null ? now : new Date(finishedAtMs)),
  }
}

function newRecord({ gameId, newUid, now, spec, container, network, statePath, paused }: RecordFacts): RuntimeRecord {
  const createdAt = new Date(Math.min(container?.detail?.startedAtMs ?? now.getTime(), now.getTime()))
  return {
    uid: newUid,
    gameId,
    status: 'starting',
    containerId: null,
    imageRef: null,
    imageId: null,
    engineVersion: null,
    endpoint: `http://${hostName(gameId)}:${spec?.port ?? 8080}`,
    statePath,
    network: spec?.network ?? network,
    limits: null,
    turnSchedule: spec?.turnSchedule ?? null,
    timeZone: spec?.timeZone ?? null,
    ticksAfter: null,
    currentTurn: null,
    skipNextTick: false,
    paused,
    pausedAt: paused ? now : null,
    health: 'unknown',
    startedAt: null,
    stoppedAt: null,
    ...UNFINISHED,
    removedAt: null,
    lastOpAt: now,
    createdAt,
  }
}

/** Clamps every time to the rules, and marks the operation. */
function clamped(record: RuntimeRecord, { now, isOperation }: RecordFacts): RuntimeRecord {
  const startedAt = record.startedAt === null ? null : latest(record.startedAt, record.createdAt)
  const stoppedAt = record.stoppedAt === null ? null : latest(record.stoppedAt, startedAt ?? record.createdAt)
  return {
    ...record,
    startedAt,
    stoppedAt,
    removedAt: record.removedAt === null ? null : latest(record.removedAt, record.createdAt),
    lastOpAt: latest(isOperation ? now : record.lastOpAt, record.createdAt),
  }
}

/** Ticks count from init, from a start, and from a change of the schedule; then each is in the ledger. */
function withTicks(before: RuntimeRecord, record: RuntimeRecord, facts: RecordFacts): RuntimeRecord {
  const { spec, ledger, due, lookedAt, now } = facts
  if (record.currentTurn === null || spec === null) return record
  const begins = before.currentTurn === null || (isAtRest(before.status) && !isAtRest(record.status))
  const accounted = accountedFor(record, facts)
  // What came due by the former schedule and is not in the ledger yet would be forgotten with it.
  const isKept = !begins && due.some((atMs) => atMs > accounted.getTime())
  const { turnSchedule, timeZone } = isKept ? record : spec
  const isSameSchedule = record.turnSchedule === turnSchedule && record.timeZone === timeZone
  const ticksAfter = begins ? latest(accounted, now) : isSameSchedule ? accounted : latest(accounted, lookedAt)
  const skipNextTick = skipsNext(record, ledger)
  const isUnchanged = isSameSchedule && skipNextTick === record.skipNextTick && ticksAfter.getTime() === record.ticksAfter?.getTime()
  return isUnchanged ? record : { ...record, turnSchedule, timeZone, ticksAfter, skipNextTick }
}

const DAY_MS = 86_400_000

/**
 * Never back, also when the clock is set back: a tick that is in the ledger comes due no second time. A clock that was days ahead, though,
 * must not silence the schedule for as long.
 */
function accountedFor({ ticksAfter }: RuntimeRecord, { ledger, now }: RecordFacts): Date {
  const until = ticksAfter !== null && ticksAfter.getTime() - now.getTime() <= DAY_MS ? ticksAfter : now
  return ledger.map(tickOf).reduce((max, atMs) => (atMs !== null && atMs > max.getTime() ? new Date(atMs) : max), until)
}

function tickOf(entry: LedgerEntry): number | null {
  if (entry.kind === 'skip') return entry.atMs
  return entry.kind === 'begin' && entry.call.kind === 'tick' ? entry.call.atMs : null
}

function skipsNext(record: RuntimeRecord, ledger: readonly LedgerEntry[]): boolean {
  if (ledger.some((entry) => entry.kind === 'begin' && entry.call.kind === 'token')) return true
  return record.skipNextTick && !ledger.some((entry) => entry.kind === 'skip' && entry.reason === 'skip_next_tick')
}

function latest(a: Date, b: Date): Date {
  return a.getTime() >= b.getTime() ? a : b
}
