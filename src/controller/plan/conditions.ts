import type { ConditionFact } from '../../model/condition.ts'
import type { PlanInput } from './input.ts'

type Status = ConditionFact['status']

interface Stated {
  readonly ready: { readonly status: Status; readonly reason: string; readonly message: string }
  /** What is being done, or null when nothing is. */
  readonly progressing?: string | null
  readonly extra?: readonly ConditionFact[]
}

/** The game's conditions in their fixed order: Ready, Accepted, Progressing, Outdated, then whatever holds it back. */
export function conditionsOf(input: PlanInput, { ready, progressing = null, extra = [] }: Stated): readonly ConditionFact[] {
  return [
    { type: 'Ready', ...ready },
    accepted(input),
    progressing === null
      ? { type: 'Progressing', status: 'False', reason: 'Settled', message: '' }
      : { type: 'Progressing', status: 'True', reason: 'Acting', message: progressing },
    ...outdated(input),
    ...extra,
  ]
}

function accepted({ admission, desired }: PlanInput): ConditionFact {
  if (desired === null) return { type: 'Accepted', status: 'False', reason: 'NotDesired', message: 'no desired row asks for this game' }
  switch (admission.kind) {
    case 'accepted':
      return {
        type: 'Accepted',
        status: 'True',
        reason: 'Accepted',
        message: [`${admission.spec.imageRef} as ${admission.spec.imageId.slice(0, 19)}`, ...admission.remarks].join('; '),
      }
    case 'needs_image':
      return { type: 'Accepted', status: 'Unknown', reason: 'ImageUnknown', message: `image ${admission.imageRef} is not on this host yet` }
    case 'refused':
      return { type: 'Accepted', status: 'False', reason: admission.reason, message: admission.message }
  }
}

function outdated({ admission }: PlanInput): readonly ConditionFact[] {
  if (admission.kind !== 'accepted' || admission.outdated === null) return []
  return [{ type: 'Outdated', status: 'True', reason: 'PinnedResolutionDiffers', message: admission.outdated }]
}

/** A condition that holds the game back. */
export function holding(type: ConditionFact['type'], reason: string, message: string): ConditionFact {
  return { type, status: 'True', reason, message }
}
