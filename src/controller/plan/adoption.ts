import { isUp, type ObservedContainer } from '../../model/observed.ts'
import type { Adoption } from '../../model/orphan.ts'
import { stateElsewhere } from './orphan.ts'

/** What decides whether a container may be taken over when somebody asks for it. */
export interface AdoptionFacts {
  readonly canonicalName: string
  /** Where the game's state is, or would be, on the host. */
  readonly stateHostPath: string
  /** All of the game that are ours by now. */
  readonly siblings: readonly ObservedContainer[]
  /** All of the game that are the same other deployment's. */
  readonly rivals: readonly ObservedContainer[]
}

export interface Judgement {
  readonly adoption: Adoption
  readonly why: string
}

/**
 * An orphan that the planner leaves alone, once an operator asks for it: then it may be started, and its name is respected. What
 * would lose sight of its state, or take another container's place, stays refused.
 */
export function judgeOrphan(container: ObservedContainer, facts: AdoptionFacts): Judgement {
  const { canonicalName, stateHostPath, siblings } = facts
  const { name, state } = container
  if (siblings.length > 1)
    return refused(
      `${siblings.length} containers are labelled as this game (${siblings.map((each) => each.name).join(', ')}): remove all but one`,
    )
  if (container.detail === null) return refused('it has not been inspected yet; ask again in a moment')
  if (container.detail.isAutoRemove)
    return refused(
      `Docker removes it when it stops (AutoRemove): stop it (docker stop ${name}), then galaxy start makes one of our own on its state`,
    )
  if (container.stateHostPath !== stateHostPath)
    return refused(`${stateElsewhere(container, stateHostPath)}: bring its state there, remove it (docker rm ${name}), then galaxy start`)
  if (state === 'running' && name === canonicalName) return { adoption: 'by_itself', why: 'it runs as a game of ours does' }
  if (state === 'running') return { adoption: 'on_request', why: `it is not named ${canonicalName}; it would be kept under its name` }
  if (state === 'paused') return refused(`somebody paused it: docker unpause ${name}`)
  if (state !== 'exited' && state !== 'created') return refused(`it is ${state}: remove it (docker rm -f ${name})`)
  if (name !== canonicalName) return refused(`it does not run and is not named ${canonicalName}: docker rename ${name} ${canonicalName}`)
  return { adoption: 'on_request', why: `it does not run (${state}); it would be started` }
}

/** A container of another deployment, were that taken over: whatever is asked for here must not come between it and its state (S1, S5). */
export function judgeForeign(
  container: ObservedContainer,
  { stateHostPath, siblings, rivals }: AdoptionFacts,
  isGameKnown: boolean,
): Judgement {
  const running = rivals.filter(isUp)
  if (running.length > 1)
    return refused(`${running.length} containers of this game run there (${running.map((each) => each.name).join(', ')}): stop all but one`)
  const ours = siblings.find(isUp) ?? siblings[0]
  if (ours !== undefined) return refused(`the game has a container here already (${ours.name}): remove one of them`)
  if (container.stateHostPath === stateHostPath) {
    const then = isGameKnown ? 'what is asked for here then decides about it' : 'adopted if it runs'
    return { adoption: 'with_deployment', why: `left by another deployment; ${then}` }
  }
  if (isGameKnown)
    return refused(`${stateElsewhere(container, stateHostPath)}, and the game is asked for here: bring its state there, remove it`)
  return {
    adoption: 'with_deployment',
    why: `left by another deployment; ${stateElsewhere(container, stateHostPath)}, so it would be left alone`,
  }
}

function refused(why: string): Judgement {
  return { adoption: 'refused', why }
}
