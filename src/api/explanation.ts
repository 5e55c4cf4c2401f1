import { type ActionAnswer, type OperationAnswer, toAction, toOperation } from './operation-answer.ts'
import type { ChangeRow, Past } from './reads/explanation.ts'

/** One thing that happened to a game, in the order in which it happened. */
export type Happening = ChangeHappening | OperationHappening | EventHappening

/** Somebody wrote the desired row. */
export interface ChangeHappening {
  readonly kind: 'change'
  readonly at: Date
  readonly generation: number
  readonly isNew: boolean
  readonly writtenBy: string
  readonly writtenRef: string | null
  /** By field of the row; `from` is null where there was nothing. */
  readonly fields: readonly { readonly field: string; readonly from: unknown; readonly to: unknown }[]
}

/** The controller did something. */
export interface OperationHappening {
  readonly kind: 'operation'
  readonly at: Date
  readonly operation: OperationAnswer
  readonly actions: readonly ActionAnswer[]
  /** The change that asked for it: the moment it was written; null where nobody asked, as for a crash. */
  readonly askedAt: Date | null
}

/** Something was seen of the container or its engine. */
export interface EventHappening {
  readonly kind: 'event'
  readonly at: Date
  readonly type: string
  readonly containerId: string | null
  readonly detail: unknown
}

/** The chain of cause: every change, event and operation since the first operation that is told, with the change behind it. */
export function explain(past: Past): readonly Happening[] {
  const operations = past.operations.map((row): OperationHappening => {
    const actions = past.actions.filter(({ operation_id: id }) => id === row.operation_id)
    const begunAt = row.started_at ?? row.queued_at ?? row.finished_at ?? new Date(0)
    const asked = askedAt(past.changes, row, begunAt)
    const at = asked !== null && asked > begunAt ? asked : begunAt
    return { kind: 'operation', at, operation: toOperation(row), actions: actions.map(toAction), askedAt: asked }
  })
  // The change behind the first one belongs to the story; what was before it does not.
  const sinceMs = Math.min(...operations.map(({ at, askedAt: asked }) => (asked ?? at).getTime()))
  const changes = past.changes.map(toChange)
  const events = past.events.map(
    ({ observed_at: at, type, container_id: containerId, detail }): EventHappening => ({ kind: 'event', at, type, containerId, detail }),
  )
  const told = [...changes, ...events].filter(({ at }) => operations.length === 0 || at.getTime() >= sinceMs)
  return [...told, ...operations].toSorted((a, b) => a.at.getTime() - b.at.getTime() || ORDER[a.kind] - ORDER[b.kind])
}

/** Of what has one time: the cause first. */
const ORDER = { change: 0, event: 1, operation: 2 } as const

/** The database dates changes, and the controller its operations: the one behind the other may seem to come after it. */
const CLOCK_SKEW_MS = 5_000

/** Generations count anew with every row of the game; so it is the last of that number that was there when it began. */
function askedAt(changes: readonly ChangeRow[], { generation, source }: Past['operations'][number], begunAt: Date): Date | null {
  if (source === 'reconciler' || source === 'scheduler') return null
  const ofThis = changes.filter((change) => change.generation === generation)
  const before = ofThis.findLast((change) => change.changed_at <= begunAt)
  const soonAfter = ofThis.find((change) => change.changed_at.getTime() <= begunAt.getTime() + CLOCK_SKEW_MS)
  return (before ?? soonAfter)?.changed_at ?? null
}

function toChange({
  changed_at: at,
  generation,
  is_new: isNew,
  written_by: writtenBy,
  written_ref: writtenRef,
  changes,
}: ChangeRow): ChangeHappening {
  const byName = Object.entries(changes as Readonly<Record<string, readonly [unknown, unknown]>>) // as the trigger writes them
  const fields = byName.toSorted(([a], [b]) => (a < b ? -1 : 1))
  return {
    kind: 'change',
    at,
    generation,
    isNew,
    writtenBy,
    writtenRef,
    fields: fields.map(([field, [from, to]]) => ({ field, from, to })),
  }
}
