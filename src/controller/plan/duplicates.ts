import { isUp, type ObservedContainer } from '../../model/observed.ts'
import type { Plan } from '../../model/plan.ts'
import { conditionsOf } from './conditions.ts'
import { pausedByHuman } from './deletion.ts'
import { isHeldBack, planHeldBack } from './held-back.ts'
import type { PlanInput } from './input.ts'
import { matchesSpec } from './match.ts'
import { act, stopAndRemove } from './operations.ts'

/**
 * Two running containers of one game would both write its state (S1): keep the one that matches and has run longest, stop
 * and then remove every other. One that is paused writes nothing, and cannot be stopped: whoever paused it has the word. Null
 * when at most one is up.
 */
export function planDuplicates(input: PlanInput): Plan | null {
  const up = input.observed.containers.filter(isUp).sort(byPreference(input))
  const [keep, ...others] = up
  if (keep === undefined || others.length === 0) return null
  const extra = others.filter(({ state }) => state !== 'paused')
  const [paused] = others
  if (extra.length === 0 && paused !== undefined) return pausedByHuman(input, paused.name)
  // No other failure holds this back: it is for what comes of two writers.
  if (input.status.backoff?.kind === 'ReconcileBackOff' && isHeldBack(input)) return planHeldBack(input, keep)
  const reason = `${up.length} containers of the game run at once; ${keep.name} is kept`
  // All stops come first: each moment with two writers counts, a stopped leftover does no harm.
  const steps = extra.map((container) => stopAndRemove(input, container, `second writer beside ${keep.name}`))
  const stops = steps.flatMap((actions) => actions.filter((action) => action.kind === 'stop_container'))
  const removals = steps.flatMap((actions) => actions.filter((action) => action.kind !== 'stop_container'))
  return act(input, {
    wanted: { op: 'reconcile', detail: 'duplicate', source: 'reconciler' },
    reason,
    actions: [...stops, ...removals],
    record: { kind: 'none' },
    closes: true,
    conditions: conditionsOf(input, { ready: { status: 'False', reason: 'Duplicate', message: reason }, progressing: reason }),
  })
}

function byPreference({ admission, canonicalName }: PlanInput): (a: ObservedContainer, b: ObservedContainer) => number {
  const spec = admission.kind === 'accepted' ? admission.spec : admission.kind === 'refused' ? admission.inForce : null
  const rank = (container: ObservedContainer): readonly number[] => [
    container.detail?.isAutoRemove === true ? 1 : 0,
    spec !== null && matchesSpec(container, spec) ? 0 : 1,
    container.detail?.startedAtMs ?? container.createdAtMs,
    container.name === canonicalName ? 0 : 1,
  ]
  return (a, b) => {
    const [left, right] = [rank(a), rank(b)]
    return left.map((value, index) => value - (right[index] ?? 0)).find((difference) => difference !== 0) ?? 0
  }
}
