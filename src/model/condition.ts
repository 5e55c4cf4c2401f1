export type ConditionType =
  | 'Ready'
  | 'Accepted'
  | 'Initialized'
  | 'Progressing'
  | 'Outdated'
  | 'CrashLoopBackOff'
  | 'ImagePullBackOff'
  | 'EngineUnreachable'
  | 'StartConfigInvalid'
  | 'PatchFailed'
  | 'NameConflict'
  | 'ReconcileBackOff'
  | 'StartBackOff'
  | 'TurnFailed'
  | 'Blocked'

/** Kubernetes' shape of a condition. */
export interface Condition {
  readonly type: ConditionType
  readonly status: 'True' | 'False' | 'Unknown'
  /** One CamelCase word. */
  readonly reason: string
  readonly message: string
  /** ISO 8601; moves only when `status` does. */
  readonly lastTransitionTime: string
  readonly observedGeneration: number
}

/** A condition as the planner states it, before it is merged into the stored ones. */
export type ConditionFact = Omit<Condition, 'lastTransitionTime' | 'observedGeneration'>

/**
 * The stored conditions after a pass: exactly the stated ones, each keeping its transition time while its status holds.
 * Returns `before` itself when nothing differs, so that an unchanged status is not written again.
 */
export function mergeConditions(
  before: readonly Condition[],
  stated: readonly ConditionFact[],
  generation: number,
  nowIso: string,
): readonly Condition[] {
  const after = stated.map((fact): Condition => {
    const known = before.find((condition) => condition.type === fact.type)
    const lastTransitionTime = known?.status === fact.status ? known.lastTransitionTime : nowIso
    return { ...fact, lastTransitionTime, observedGeneration: generation }
  })
  return sameConditions(before, after) ? before : after
}

function sameConditions(a: readonly Condition[], b: readonly Condition[]): boolean {
  return a.length === b.length && a.every((condition, index) => isSameCondition(condition, b[index]))
}

function isSameCondition(a: Condition, b: Condition | undefined): boolean {
  return (
    a.type === b?.type &&
    a.status === b.status &&
    a.reason === b.reason &&
    a.message === b.message &&
    a.observedGeneration === b.observedGeneration
  )
}
