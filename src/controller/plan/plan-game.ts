import type { Plan } from '../../model/plan.ts'
import { isAtRest } from '../../model/record.ts'
import type { ObservedContainer } from '../../model/observed.ts'
import { blocked } from './blocked.ts'
import { conditionsOf } from './conditions.ts'
import { planDeletion } from './deletion.ts'
import { planDuplicates } from './duplicates.ts'
import { planFinished } from './finished.ts'
import { withForgone } from './forgone.ts'
import { type PlanInput, wantsOne } from './input.ts'
import { planInterruptedTurn } from './interrupted-turn.ts'
import { planOrphan } from './orphan.ts'
import { withQueued } from './queued.ts'
import { planRunning } from './running.ts'
import { planStopped } from './stopped.ts'
import { withTicks } from './ticks.ts'

/**
 * What to do about one game now, and why (spec 3, "Plan"). Pure: the same input gives the same plan; no clock, no I/O, no
 * randomness. Order matters: without a view of the runtime nothing is done (S3), and a second running container of a game
 * goes before anything else (S1).
 */
export function planGame(input: PlanInput): Plan {
  const plan = isPlayed(input) ? withTicks(input, decide(input)) : withForgone(input, decide(input))
  return withQueued(input, plan)
}

/** Only a game that has begun, and is neither at its end nor at rest, has ticks to account for. */
function isPlayed({ desired, record, observed }: PlanInput): boolean {
  if (!wantsOne(desired) || !observed.isKnown) return false
  return record?.currentTurn != null && !isAtRest(record.status)
}

function decide(input: PlanInput): Plan {
  if (!input.observed.isKnown) return unknownWorld(input)
  if (input.desired === null && input.desiredProblem !== null) return unreadableRow(input, input.desiredProblem)
  const isWanted = wantsOne(input.desired)
  if (isWanted) {
    const duplicates = planDuplicates(input)
    if (duplicates !== null) return duplicates
  }
  const interrupted = planInterruptedTurn(input)
  if (interrupted !== null) return interrupted
  if (input.desired === null) return planOrphan(input)
  const borrowed = input.observed.containers.find(isBorrowed)
  if (borrowed !== undefined) return leftAlone(input, borrowed)
  if (input.desired.deletedAt !== null) return planDeletion(input)
  return isWanted ? (planFinished(input) ?? planRunning(input)) : planStopped(input)
}

/** No container of ours is removed by Docker itself: whoever ran this one under the game's labels has the word (spec 6, row 35). */
function isBorrowed({ detail }: ObservedContainer): boolean {
  return detail?.isAutoRemove === true
}

function leftAlone(input: PlanInput, { name }: ObservedContainer): Plan {
  const message = `container ${name} was run by hand with --rm under this game's labels and is left alone; stop it (docker stop ${name}) to let the controller go on`
  return blocked(input, { code: 'conflict', reason: 'ForeignContainer', message, holds: ['Blocked', 'AutoRemoveContainer'] })
}

const ASK_AGAIN_MS = 1_000

function unknownWorld(input: PlanInput): Plan {
  const { unanswered } = input.observed
  const message =
    unanswered === undefined
      ? 'the container runtime cannot be reached; nothing is changed until it can'
      : `the container runtime tells nothing of its containers (${unanswered}); nothing is changed until it does`
  return {
    gameId: input.gameId,
    kind: 'wait',
    reason: message,
    conditions: conditionsOf(input, { ready: { status: 'Unknown', reason: 'RuntimeUnreachable', message } }),
    // Once it can be reached again, every game is looked at anyway.
    wakeAtMs: unanswered === undefined ? null : input.nowMs + ASK_AGAIN_MS,
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
