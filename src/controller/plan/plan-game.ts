import type { Plan } from '../../model/plan.ts'
import { conditionsOf } from './conditions.ts'
import { planDeletion } from './deletion.ts'
import { planDuplicates } from './duplicates.ts'
import type { PlanInput } from './input.ts'
import { planOrphan } from './orphan.ts'
import { planRunning } from './running.ts'
import { planStopped } from './stopped.ts'

/**
 * What to do about one game now, and why (spec 3, "Plan"). Pure: the same input gives the same plan; no clock, no I/O, no
 * randomness. Order matters: without a view of the runtime nothing is done (S3), and a second running container of a game
 * goes before anything else (S1).
 */
export function planGame(input: PlanInput): Plan {
  if (!input.observed.isKnown) return unknownWorld(input)
  if (input.desired === null && input.desiredProblem !== null) return unreadableRow(input, input.desiredProblem)
  const wantsOne = input.desired !== null && input.desired.deletedAt === null && input.desired.state === 'running'
  if (wantsOne) {
    const duplicates = planDuplicates(input)
    if (duplicates !== null) return duplicates
  }
  if (input.desired === null) return planOrphan(input)
  if (input.desired.deletedAt !== null) return planDeletion(input)
  return wantsOne ? planRunning(input) : planStopped(input)
}

function unknownWorld(input: PlanInput): Plan {
  const message = 'the container runtime cannot be reached; nothing is changed until it can'
  return {
    gameId: input.gameId,
    kind: 'wait',
    reason: message,
    conditions: conditionsOf(input, { ready: { status: 'Unknown', reason: 'RuntimeUnreachable', message } }),
    wakeAtMs: null,
  }
}

function unreadableRow(input: PlanInput, problem: string): Plan {
  const message = `its desired row cannot be read (${problem}); nothing is changed until it can`
  return {
    gameId: input.gameId,
    kind: 'wait',
    reason: message,
    conditions: conditionsOf(input, { ready: { status: 'Unknown', reason: 'RowUnreadable', message } }),
    wakeAtMs: null,
  }
}
