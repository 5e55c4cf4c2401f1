import { blocked } from './blocked.ts'
import type { Action } from '../../model/action.ts'
import type { Plan } from '../../model/plan.ts'
import { conditionsOf } from './conditions.ts'
import { isHeldBack, planHeldBack } from './held-back.ts'
import type { PlanInput } from './input.ts'
import { act, stopAction, removeAction } from './operations.ts'

/** The tombstone: stop, remove, forget; the state directory goes only when the delete asked for it in so many words (S5). */
export function planDeletion(input: PlanInput): Plan {
  const { observed, desired, record } = input
  const paused = observed.containers.find((container) => container.state === 'paused')
  if (paused !== undefined) return pausedByHuman(input, paused.name)
  const actions = [...removals(input), ...purge(input)]
  if (actions.length === 0 && record === null && input.openOperation === null) {
    return { gameId: input.gameId, kind: 'forget', reason: 'deleted, and nothing is left of it', conditions: [], wakeAtMs: null }
  }
  if (input.openOperation === null && isHeldBack(input)) return planHeldBack(input, null)
  const by = desired?.writtenRef == null ? '' : ` (${desired.writtenRef})`
  const reason = `its row was deleted${desired?.purgeState === true ? ' together with its state' : ''}${by}`
  return act(input, {
    wanted: { op: 'stop', detail: 'delete' },
    reason,
    actions,
    record: { kind: 'removed' },
    closes: true,
    conditions: conditionsOf(input, { ready: { status: 'False', reason: 'Deleting', message: reason }, progressing: reason }),
  })
}

function removals(input: PlanInput): readonly Action[] {
  const { containers } = input.observed
  const stops = containers
    .filter((container) => container.state === 'running' || container.state === 'restarting')
    .map((container) => stopAction(input, container, 'the game is deleted'))
  return [...stops, ...containers.map((container) => removeAction(container, 'the game is deleted'))]
}

function purge({ desired, policy }: PlanInput): readonly Action[] {
  if (desired?.purgeState !== true) return []
  return [{ kind: 'purge_state', path: policy.statePath, reason: 'the delete asked for its state directory to go' }]
}

/** A container paused by hand answers no signal; whoever paused it has the word. */
export function pausedByHuman(input: PlanInput, name: string): Plan {
  const message = `container ${name} was paused by hand; unpause it to let the controller go on`
  return blocked(input, { code: 'conflict', reason: 'ContainerPaused', message, holds: ['Blocked', 'ContainerPaused'] })
}
