import { gameOf, labelOf } from './labels.ts'
import type { Finding, Row, Stamped, Testimony } from './testimony.ts'
import { text } from './testimony.ts'
import { virtualTimes } from './virtual-time.ts'

/**
 * What an intent may lead to. A start may free an endpoint that a dead container left, under another name for a moment; a create or a rename frees a name that
 * nobody bears; a creation of a network takes a double away.
 */
const LEADS_TO: Readonly<Record<string, readonly string[]>> = {
  container_create: ['create_container'],
  container_start: ['start_container'],
  container_stop: ['stop_container'],
  container_kill: ['stop_container'],
  container_remove: ['remove_container', 'create_container', 'rename_container'],
  container_rename: ['rename_container', 'start_container'],
  container_update: ['update_limits'],
  network_create: ['create_network'],
  network_remove: ['create_network'],
  network_disconnect: ['start_container'],
  image_pull: ['pull_image'],
}

/**
 * S4: before every change that a call of the controller made, an intent of its kind, for its game and its container was committed, and had no outcome yet when the
 * call began. One intent carries as many calls as it needs.
 */
export function judgeIntents(testimony: Testimony): readonly Finding[] {
  const intents = intentsOf(testimony)
  const began = new Map(testimony.calls.map(({ origin, atMs }) => [origin.callId, atMs]))
  const seen = new Set<number>()
  return testimony.entries.flatMap((stamped) => {
    const { origin, seq, effect } = stamped.entry
    if (origin.caller !== 'docker' || origin.kind === 'life' || seen.has(origin.callId)) return []
    seen.add(origin.callId)
    if (intents.some((intent) => isFor(intent, stamped, began.get(origin.callId) ?? stamped.entry.atMs))) return []
    return [
      {
        promise: 'S4',
        message: `${origin.kind} did ${effect.action} to ${effect.subject} ${effect.id.slice(0, 12)} without an intent`,
        seq,
      } as const,
    ]
  })
}

/** S4's other half, once all has come to rest: no intent is without its outcome, no operation runs. */
export function judgeOutcomes(actions: readonly Row[], operations: readonly Row[]): readonly Finding[] {
  const open = actions.filter((action) => action['outcome'] === null)
  const running = operations.filter((operation) => text(operation, 'status') === 'running' || text(operation, 'status') === 'queued')
  return [
    ...open.map(
      (action): Finding => ({
        promise: 'S4',
        message: `the intent ${text(action, 'kind')} of ${text(action, 'target')} has no outcome`,
        seq: null,
      }),
    ),
    ...running.map(
      (operation): Finding => ({
        promise: 'S4',
        message: `operation ${text(operation, 'op')} of ${text(operation, 'game_id')} is still ${text(operation, 'status')}`,
        seq: null,
      }),
    ),
  ]
}

interface Intent {
  readonly kind: string
  readonly target: string
  readonly game: string | null
  readonly operationId: string
  /** The machine's time. */
  readonly fromMs: number
  /** The simulator's time of its outcome; Infinity while it has none. */
  readonly closedAtMs: number
}

function intentsOf(testimony: Testimony): readonly Intent[] {
  const { writes } = testimony
  const virtual = virtualTimes(testimony)
  const keyOf = (row: Row | null): string => `${text(row, 'operation_id')} ${text(row, 'seq')}`
  const outcomes = new Map(
    writes
      .filter(({ table, after }) => table === 'operation_actions' && text(after, 'outcome') !== null)
      .map(({ after, realMs }) => [keyOf(after), virtual(realMs)]),
  )
  const games = new Map(
    writes
      .filter(({ table, op }) => table === 'operation_log' && op === 'INSERT')
      .map(({ after }) => [text(after, 'operation_id'), text(after, 'game_id')]),
  )
  return writes
    .filter(({ table, op }) => table === 'operation_actions' && op === 'INSERT')
    .map(({ after, realMs }) => ({
      kind: text(after, 'kind') ?? '',
      target: text(after, 'target') ?? '',
      operationId: text(after, 'operation_id') ?? '',
      game: games.get(text(after, 'operation_id')) ?? null,
      fromMs: realMs,
      closedAtMs: outcomes.get(keyOf(after)) ?? Infinity,
    }))
}

function isFor(intent: Intent, { entry: { effect, origin }, realMs }: Stamped, beganMs: number): boolean {
  if (intent.fromMs > realMs || beganMs > intent.closedAtMs || !(LEADS_TO[origin.kind] ?? []).includes(intent.kind)) return false
  if (effect.subject !== 'container') return true
  const container = effect.after ?? effect.before
  if (container === null || gameOf(container) !== intent.game) return false
  if (origin.kind === 'container_remove' && intent.kind !== 'remove_container') return false
  if (intent.kind === 'create_container' || intent.target === 'created') return labelOf(container, 'operation_id') === intent.operationId
  return container.id === intent.target
}
