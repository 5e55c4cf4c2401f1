import { blocked } from './blocked.ts'
import type { AcceptedSpec } from '../../model/game.ts'
import type { ObservedContainer } from '../../model/observed.ts'
import type { Plan } from '../../model/plan.ts'
import { conditionsOf } from './conditions.ts'
import { pausedByHuman } from './deletion.ts'
import { isHeldBack, planHeldBack } from './held-back.ts'
import type { PlanInput } from './input.ts'
import { type Cast, castOf, matchesSpec } from './match.ts'
import { planMissing } from './missing.ts'
import { act, isHalfGone, removeAction, sameAgain } from './operations.ts'
import { planOtherWriter } from './other-deployment.ts'
import { planPresent } from './present.ts'
import { planTurn } from './turns.ts'
import { planPull, planReplacement, restartOf } from './replace.ts'

/** Desired running: at most one container is up by now. */
export function planRunning(input: PlanInput): Plan {
  const spec = specInForce(input)
  const halfGone = input.observed.containers.filter(isHalfGone)
  if (halfGone.length > 0) return planHalfGone(input, halfGone)
  const cast = castOf(input)
  if (cast.current?.state === 'paused') return pausedByHuman(input, cast.current.name)
  if (spec === null) return planUnaccepted(input, cast.current)
  const written = planOtherWriter(input)
  if (written !== null) return written
  if (cast.leftovers.length > 0) return planLeftovers(input, cast.leftovers)
  const isWanted = (container: ObservedContainer): boolean =>
    matchesSpec(container, spec) && hasRestarted(input, container) && input.resizeRefused !== container.id
  if (cast.current !== null && isWanted(cast.current) && !needsPull(input)) return planPresent(input, spec, cast.current, cast.successor)
  if (input.network !== 'present' && !input.policy.mayCreateNetwork) return withoutNetwork(input, input.network)
  if (isHeldBack(input)) return planMeanwhile(input, spec, cast.current) ?? planHeldBack(input, cast.current)
  return planAnother(input, spec, cast, isWanted)
}

/** What is there is not what is asked for, or nothing is there. */
function planAnother(input: PlanInput, spec: AcceptedSpec, cast: Cast, isWanted: (container: ObservedContainer) => boolean): Plan {
  if (needsPull(input)) return planPull(input, cast.current)
  if (cast.current === null && cast.successor === null) return planMissing(input, spec)
  return planReplacement(input, spec, cast, isWanted)
}

/** What serves while its replacement has to wait goes on with its turns. */
function planMeanwhile(input: PlanInput, spec: AcceptedSpec, current: ObservedContainer | null): Plan | null {
  const { engine, health, record, desired, openOperation } = input
  if (current?.state !== 'running' || health.kind !== 'ok' || engine.kind !== 'state' || openOperation !== null) return null
  const isInStep = record?.currentTurn === engine.state.turn && record.paused === desired?.paused && !engine.state.finished
  return isInStep ? planTurn(input, spec, current, engine.state) : null
}

/** What may be run now: the accepted spec, or the one still in force while a newer wish is refused or not resolved. */
function specInForce({ admission, status }: PlanInput): AcceptedSpec | null {
  switch (admission.kind) {
    case 'accepted':
      return admission.spec
    case 'refused':
      return admission.inForce
    case 'needs_image':
      return status.acceptedSpec
  }
}

function needsPull({ admission }: PlanInput): boolean {
  return admission.kind === 'needs_image'
}

/** A new restart token asks for a fresh container: one made by the operation that answers this token, or this generation. */
function hasRestarted(input: PlanInput, container: ObservedContainer): boolean {
  const token = restartOf(input)
  if (token === null) return true
  const open = input.openOperation
  if (open === null || container.labels.operationId !== open.operationId) return false
  return open.sourceRef === token || open.generation === input.desired?.generation
}

/** Nothing was ever accepted: a container that is there is left as it is. */
function planUnaccepted(input: PlanInput, current: ObservedContainer | null): Plan {
  const { admission } = input
  if (admission.kind === 'refused') return refused(input, admission.message)
  if (isHeldBack(input)) return planHeldBack(input, current)
  return planPull(input, current)
}

function refused(input: PlanInput, message: string): Plan {
  const { admission } = input
  const code = admission.kind === 'refused' ? admission.code : 'start_config_invalid'
  return blocked(input, {
    code,
    reason: 'NotAccepted',
    message,
    holds: ['StartConfigInvalid', admission.kind === 'refused' ? admission.reason : 'Invalid'],
  })
}

function withoutNetwork(input: PlanInput, state: 'missing' | 'ambiguous'): Plan {
  const name = input.policy.networkName
  const [reason, message] =
    state === 'missing'
      ? ([
          'NetworkMissing',
          `docker network ${name} is missing; create it (docker network create ${name}) or allow the controller to`,
        ] as const)
      : (['NetworkAmbiguous', `there are several docker networks ${name}; remove all but one (docker network rm, by id)`] as const)
  return blocked(input, { code: 'start_config_invalid', reason, message, holds: ['StartConfigInvalid', reason] })
}

function planHalfGone(input: PlanInput, halfGone: readonly ObservedContainer[]): Plan {
  if (isHeldBack(input)) return planHeldBack(input, null)
  // A removal that an open operation began, perhaps in another term, is a step of that operation.
  const open = input.openOperation
  const reason = whyHalfGone(halfGone, open !== null)
  return act(input, {
    wanted: open === null ? { op: 'reconcile', detail: 'reconcile_dispose', source: 'reconciler' } : sameAgain(open),
    reason,
    actions: halfGone.map((container) => removeAction(container, reason)),
    record: { kind: 'none' },
    closes: open === null,
    conditions: conditionsOf(input, { ready: { status: 'False', reason: 'ContainerDead', message: reason }, progressing: reason }),
  })
}

function whyHalfGone(halfGone: readonly ObservedContainer[], isOurDoing: boolean): string {
  const states = new Set(halfGone.map((container) => container.state))
  if (!isOurDoing && states.size === 1 && states.has('removing'))
    return 'somebody removed its container; what Docker has left of it is taken away'
  return `a container that is ${[...states].join(' and ')} never runs again`
}

function planLeftovers(input: PlanInput, leftovers: readonly ObservedContainer[]): Plan {
  const reason = 'a stopped container of an earlier operation stands beside the game'
  return act(input, {
    wanted: { op: 'reconcile', detail: 'duplicate', source: 'reconciler' },
    reason,
    actions: leftovers.map((container) => removeAction(container, reason)),
    record: { kind: 'none' },
    closes: true,
    conditions: conditionsOf(input, { ready: { status: 'Unknown', reason: 'Cleaning', message: reason }, progressing: reason }),
  })
}
