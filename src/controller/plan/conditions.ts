import type { ConditionFact } from '../../model/condition.ts'
import type { PlanInput } from './input.ts'

type Status = ConditionFact['status']

interface Stated {
  readonly ready: { readonly status: Status; readonly reason: string; readonly message: string }
  /** What is being done, or null when nothing is. */
  readonly progressing?: string | null
  /** Whether the engine has its game; else what the record says. */
  readonly isInitialized?: boolean
  readonly extra?: readonly ConditionFact[]
}

/** The game's conditions in their fixed order: Ready, Accepted, Initialized, Progressing, Outdated, then whatever holds it back. */
export function conditionsOf(input: PlanInput, { ready, progressing = null, isInitialized, extra = [] }: Stated): readonly ConditionFact[] {
  return [
    { type: 'Ready', ...ready },
    accepted(input),
    ...initialized(input, isInitialized),
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

/** Only an engine of protocol `galaxy` is ever initialised. */
function initialized({ admission, desired, record, status }: PlanInput, isKnown: boolean | undefined): readonly ConditionFact[] {
  const spec = admission.kind === 'accepted' ? admission.spec : status.acceptedSpec
  if (desired === null || spec?.protocol !== 'galaxy') return []
  if (isKnown ?? record?.currentTurn != null) return [{ type: 'Initialized', status: 'True', reason: 'Initialized', message: '' }]
  const [reason, message] =
    spec.players.length === 0 ? ['NoPlayers', 'no player is named yet; the engine is initialised once there are players'] : ['NotYet', '']
  return [{ type: 'Initialized', status: 'False', reason, message }]
}

function outdated({ admission }: PlanInput): readonly ConditionFact[] {
  if (admission.kind !== 'accepted' || admission.outdated === null) return []
  return [{ type: 'Outdated', status: 'True', reason: 'PinnedResolutionDiffers', message: admission.outdated }]
}

/** A condition that holds the game back. */
export function holding(type: ConditionFact['type'], reason: string, message: string): ConditionFact {
  return { type, status: 'True', reason, message }
}
