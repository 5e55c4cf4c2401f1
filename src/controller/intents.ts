import { type Action, objectOf } from '../model/action.ts'
import { isUp, type NetworkState, type ObservedContainer } from '../model/observed.ts'
import type { OpenIntent, Operation } from '../model/operation.ts'
import type { OpenTurn } from '../model/turn.ts'

/** What an action acts on, as the log keeps it: enough to judge it by the world after a crash. */
export function intentTarget(action: Action): string {
  const object = objectOf(action)
  if (typeof object === 'string') return object
  return object.kind === 'created' ? 'created' : object.id
}

/** Containers that open intents are about to act on, by id. */
export function openContainers(intents: readonly OpenIntent[]): readonly string[] {
  return intents.flatMap(({ kind, target }) => (ACTING_ON_ONE.has(kind) && target !== 'created' ? [target] : []))
}

const ACTING_ON_ONE: ReadonlySet<OpenIntent['kind']> = new Set([
  'start_container',
  'stop_container',
  'remove_container',
  'rename_container',
  'update_limits',
])

/** What of the world a judgement needs. */
export interface Evidence {
  readonly containers: readonly ObservedContainer[]
  readonly hasImage: (imageRef: string) => boolean
  readonly network: NetworkState
  readonly canonicalName: string
  /** As the engine says; null while it has no game, or cannot be asked. */
  readonly engineTurn: number | null
  readonly openTurn: OpenTurn | null
}

/** Closes an intent whose outcome was never written, by what the world shows (S4). */
export function judgeIntent(intent: OpenIntent, operation: Operation, evidence: Evidence): 'succeeded' | 'failed' {
  return isShown(intent, operation, evidence) ? 'succeeded' : 'failed'
}

function isShown({ kind, target }: OpenIntent, operation: Operation, evidence: Evidence): boolean {
  const container = evidence.containers.find((each) =>
    target === 'created' || kind === 'create_container' ? each.labels.operationId === operation.operationId : each.id === target,
  )
  switch (kind) {
    case 'pull_image':
      return evidence.hasImage(target)
    case 'create_network':
      return evidence.network === 'present'
    case 'create_container':
      return container !== undefined
    case 'start_container':
      return (
        container !== undefined && (isUp(container) || hasStartedSince(container, target === 'created' ? 0 : operation.startedAt.getTime()))
      )
    case 'stop_container':
      return container === undefined || !isUp(container)
    case 'remove_container':
      return container === undefined
    case 'rename_container':
      return container?.name === evidence.canonicalName
    case 'init_engine':
      return evidence.engineTurn !== null
    case 'compute_turn':
      return evidence.openTurn !== null && (evidence.engineTurn ?? 0) >= evidence.openTurn.turn
    // What these changed cannot be told apart from what was there before; the next plan repeats them where they are needed.
    case 'update_limits':
    case 'purge_state':
      return false
  }
}

/** A container that ran and ended again was started all the same; an earlier life of it proves nothing. */
function hasStartedSince({ detail }: ObservedContainer, sinceMs: number): boolean {
  return detail?.startedAtMs != null && detail.startedAtMs >= sinceMs
}
