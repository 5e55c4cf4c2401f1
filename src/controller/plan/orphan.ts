import { blocked } from './blocked.ts'
import type { ObservedContainer } from '../../model/observed.ts'
import type { Plan } from '../../model/plan.ts'
import type { PlanInput } from './input.ts'
import { act, conclude, stopAndRemove } from './operations.ts'

/** Nobody asks for the game: dispose of our own leftovers, adopt what plainly is a game of ours, touch nothing else. */
export function planOrphan(input: PlanInput): Plan {
  const { containers } = input.observed
  if (containers.length === 0) return planVanished(input)
  const leftovers = input.record === null ? containers.filter((container) => input.leftovers.has(container.id)) : []
  if (leftovers.length > 0) return disposeLeftovers(input, leftovers)
  if (input.openOperation !== null) {
    return conclude(input, input.openOperation.operationId, { code: 'not_found', message: 'its desired row is gone' }, { kind: 'none' }, [])
  }
  const adoptable = containers.find((container) => whyNotAdoptable(input, container) === null)
  return adoptable === undefined ? untouched(input, containers) : adoptOrphan(input, adoptable)
}

/** Why an orphan may not be adopted, in an operator's words; null when it may (spec 3, the planner's table). */
function whyNotAdoptable({ canonicalName, policy }: PlanInput, container: ObservedContainer): string | null {
  if (container.state !== 'running') return `it does not run (${container.state}), and an exited orphan is never started`
  if (container.name !== canonicalName) return `it is not named ${canonicalName}`
  if (container.stateHostPath !== policy.stateHostPath) return stateElsewhere(container, policy.stateHostPath)
  if (container.detail?.isAutoRemove !== false) return 'Docker would remove it by itself when it stops (AutoRemove)'
  return null
}

export function stateElsewhere({ stateHostPath }: ObservedContainer, wanted: string): string {
  return `its state is mounted from ${stateHostPath ?? 'nowhere'}, not from ${wanted}`
}

function planVanished(input: PlanInput): Plan {
  const conditions: Plan['conditions'] = []
  const reason = 'its container is gone and no row asks for it'
  if (input.record === null && input.openOperation === null) {
    return {
      gameId: input.gameId,
      kind: 'settled',
      reason: 'nothing asks for it and nothing is there',
      conditions,
      record: { kind: 'none' },
      wakeAtMs: null,
    }
  }
  return act(input, {
    wanted: { op: 'reconcile', detail: 'reconcile_dispose', source: 'reconciler' },
    reason,
    actions: [],
    record: { kind: 'removed' },
    closes: true,
    conditions,
  })
}

function disposeLeftovers(input: PlanInput, leftovers: readonly ObservedContainer[]): Plan {
  const reason = 'left over from an operation of ours on a game that is gone'
  return act(input, {
    wanted: { op: 'reconcile', detail: 'reconcile_dispose', source: 'reconciler' },
    reason,
    actions: leftovers.flatMap((container) => stopAndRemove(input, container, reason)),
    record: { kind: 'none' },
    closes: true,
    conditions: [],
  })
}

function adoptOrphan(input: PlanInput, container: ObservedContainer): Plan {
  return {
    gameId: input.gameId,
    kind: 'adopt_orphan',
    containerId: container.id,
    reason: `${container.name} runs with our labels and nothing asks for it: a desired row is made for it`,
    conditions: [],
    wakeAtMs: null,
  }
}

function untouched(input: PlanInput, containers: readonly ObservedContainer[]): Plan {
  const why = containers.map((container) => `${container.name} is left alone: ${whyNotAdoptable(input, container) ?? ''}`).join('; ')
  return blocked(input, { code: 'conflict', reason: 'Orphan', status: 'Unknown', message: why, holds: ['Blocked', 'OrphanNotAdopted'] })
}
