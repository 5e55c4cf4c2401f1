import type { Random } from '../random.ts'
import type { ChaosWorld } from '../world.ts'

/** What the steps of one history share. */
export interface Stage {
  readonly world: ChaosWorld
  readonly random: Random
  /** Ids that this history plays with; rows of them come and go. */
  readonly games: readonly string[]
  /** Begins a life of the controller; nothing where one runs. */
  begin(): Promise<void>
  /** A fault of this kind has struck so often; those that the world and the daemon's history count are not told here. */
  struck(kind: string, times: number): void
  /** Tells the trace what is done; the kind goes into the figures. */
  did(kind: string, what: string): void
}

/** One thing that somebody or something does. It may find nothing to do, and then does nothing and says nothing. */
export interface Step {
  /** How often it is picked, against the others. */
  readonly weight: number
  readonly run: (stage: Stage) => Promise<void>
}

export function pickStep(steps: readonly Step[], random: Random): Step {
  const total = steps.reduce((sum, { weight }) => sum + weight, 0)
  let at = random.next() * total
  for (const step of steps) {
    at -= step.weight
    if (at < 0) return step
  }
  const [last] = steps.slice(-1)
  if (last === undefined) throw new RangeError('there are no steps')
  return last
}
