import type { AcceptedSpec } from '../model/game.ts'
import { hostName } from '../model/labels.ts'
import type { ObservedContainer } from '../model/observed.ts'
import type { RecordChange } from '../model/plan.ts'
import type { RuntimeRecord } from '../model/record.ts'

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
  /** Whether the change belongs to an operation, as against something that was merely noticed. */
  readonly isOperation: boolean
}

/**
 * The record after a change, or null when nothing of it differs (spec 1, "What a record holds").
 *
 * Moves: (none) → starting | running (adoption); starting ⇄ running ⇄ engine_unreachable; any of them → stopped → starting;
 * any → removed, which is the end. Docker's clock and ours may differ, so every time is clamped to `createdAt`.
 */
export function changeRecord(record: RuntimeRecord | null, change: RecordChange, facts: RecordFacts): RuntimeRecord | null {
  if (change.kind === 'none') return record === null ? null : withPause(record, facts)
  if (record === null && (change.kind === 'stopped' || change.kind === 'removed')) return null
  const base = record ?? newRecord(facts)
  return withPause(finished(changed(base, change, facts), facts), facts)
}

function changed(record: RuntimeRecord, change: Exclude<RecordChange, { kind: 'none' }>, facts: RecordFacts): RuntimeRecord {
  switch (change.kind) {
    case 'starting':
      return { ...record, ...runtimeOf(record, facts), status: 'starting', health: 'unknown', stoppedAt: null, finishedAt: null }
    case 'adopted':
      return { ...record, ...runtimeOf(record, facts), status: 'starting', health: 'unknown', stoppedAt: null }
    case 'running':
      return { ...record, ...runtimeOf(record, facts), status: 'running', health: 'ok', stoppedAt: null }
    case 'unreachable':
      return { ...record, ...runtimeOf(record, facts), status: 'engine_unreachable', health: 'unreachable', stoppedAt: null }
    case 'stopped':
      return { ...record, ...stoppedAs(record, facts) }
    case 'removed':
      return { ...record, status: 'removed', health: 'unknown', removedAt: facts.now }
  }
}

/** What runs now; a start whose container is not known yet keeps the rest. */
function runtimeOf(record: RuntimeRecord, { container, spec }: RecordFacts): Partial<RuntimeRecord> {
  if (container === null) {
    if (spec === null) return {}
    const { imageRef, imageId, engineVersion } = spec
    return { imageRef, imageId, engineVersion }
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

function newRecord({ gameId, newUid, now, spec, container, network, statePath }: RecordFacts): RuntimeRecord {
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
    paused: false,
    pausedAt: null,
    health: 'unknown',
    startedAt: null,
    stoppedAt: null,
    finishedAt: null,
    removedAt: null,
    lastOpAt: now,
    createdAt,
  }
}

/** Clamps every time to the rules, and marks the operation. */
function finished(record: RuntimeRecord, { now, isOperation }: RecordFacts): RuntimeRecord {
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

function withPause(record: RuntimeRecord, { paused, now }: RecordFacts): RuntimeRecord {
  if (record.paused === paused) return record
  return { ...record, paused, pausedAt: paused ? now : null }
}

function latest(a: Date, b: Date): Date {
  return a.getTime() >= b.getTime() ? a : b
}
