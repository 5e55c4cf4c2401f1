import type { ConditionFact } from '../model/condition.ts'
import type { ObservedContainer } from '../model/observed.ts'
import type { Operation } from '../model/operation.ts'
import type { HealthEvent } from '../record/game-write.ts'
import type { Change } from './change.ts'
import type { PlanInput } from './plan/input.ts'

/** What a step shows of the container's health, for the lobby and for operators (spec 1, "Health events"). */
export function healthEventsOf(
  change: Change,
  operation: Operation | null,
  container: ObservedContainer | null,
  input: PlanInput,
  now: Date,
): readonly HealthEvent[] {
  const event: MakeEvent = (type, containerId, detail = {}) => ({ type, containerId, detail, observedAt: now })
  if (change.isBeginning === true) {
    if (operation === null || operation.actionCount > 0) return []
    // What the operation answers to was seen before it began, and is told before it.
    return foundAtBeginning(operation, input, (...seen) => ({ ...event(...seen), observedAt: operation.startedAt }))
  }
  if (beginsToWait(change, input)) return exitsIn(input, event)
  const { record } = change
  const wasUnreachable = input.record?.status === 'engine_unreachable'
  if (record.kind === 'unreachable' && !wasUnreachable)
    return [event(failureType(input), record.containerId, { message: change.plan.reason })]
  if (record.kind === 'running' && wasUnreachable) return [event('probe_recovered', record.containerId)]
  const started = startedIn(change, operation, container, input)
  return started === null ? [] : [event('container_started', started, { image: container?.imageRef ?? input.record?.imageRef ?? null })]
}

/** The container that an operation has started, once that has come to a good end. */
function startedIn(
  { record, isEnding }: Change,
  operation: Operation | null,
  container: ObservedContainer | null,
  input: PlanInput,
): string | null {
  if (isEnding?.status !== 'succeeded' || operation?.hasStarted !== true) return null
  if (record.kind !== 'running' && record.kind !== 'none') return null
  return container?.id ?? ('containerId' in record ? record.containerId : (input.record?.containerId ?? null))
}

/** The image's own HEALTHCHECK is told by an inspect, every other probe is ours. */
function failureType({ admission }: PlanInput): HealthEvent['type'] {
  return admission.kind === 'accepted' && 'docker' in admission.spec.probe ? 'inspect_unhealthy' : 'probe_failed'
}

type MakeEvent = (type: HealthEvent['type'], containerId: string | null, detail?: HealthEvent['detail']) => HealthEvent

/** The restart of what has ended may be minutes away. While an operation is open no condition is written: then the restart tells it. */
function beginsToWait({ plan }: Change, { status, openOperation }: PlanInput): boolean {
  return plan.kind === 'wait' && openOperation === null && isHeldInCrashLoop(plan.conditions) && !isHeldInCrashLoop(status.conditions)
}

function isHeldInCrashLoop(conditions: readonly ConditionFact[]): boolean {
  return conditions.some(({ type }) => type === 'CrashLoopBackOff')
}

function exitsIn({ observed }: PlanInput, event: MakeEvent): readonly HealthEvent[] {
  return observed.containers
    .filter((container) => container.state === 'exited')
    .map((container) =>
      event(container.detail?.isOomKilled === true ? 'container_oom' : 'container_exited', container.id, {
        exitCode: container.detail?.exitCode ?? null,
      }),
    )
}

function foundAtBeginning(operation: Operation, input: PlanInput, event: MakeEvent): readonly HealthEvent[] {
  if (operation.detail === 'crash_restart') return isHeldInCrashLoop(input.status.conditions) ? [] : exitsIn(input, event)
  const isGone =
    input.observed.containers.length === 0 &&
    input.record !== null &&
    input.record.containerId !== null &&
    input.record.status !== 'stopped' &&
    input.record.status !== 'finished'
  const isHealing = operation.source === 'reconciler' && (operation.op === 'start' || operation.detail === 'reconcile_dispose')
  return isGone && isHealing ? [event('container_disappeared', input.record.containerId)] : []
}
