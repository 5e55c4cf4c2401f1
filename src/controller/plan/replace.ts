import { blocked } from './blocked.ts'
import type { Action } from '../../model/action.ts'
import type { AcceptedSpec } from '../../model/game.ts'
import { successorName } from '../../model/labels.ts'
import { isUp, type ObservedContainer } from '../../model/observed.ts'
import { type OperationKind, restartRef } from '../../model/operation.ts'
import type { Plan } from '../../model/plan.ts'
import { conditionsOf } from './conditions.ts'
import type { PlanInput } from './input.ts'
import type { Cast } from './match.ts'
import { announceInit, createAndStart, networkActions } from './create.ts'
import { act, existing, removeAction, sameAgain, stopAndRemove, type Wanted } from './operations.ts'

/**
 * Replaces what is there by what the spec asks for. The successor is created while the old container still runs, so that
 * only stop, remove, rename and start are downtime, and never overlaps it: the old one is gone before the new one starts.
 */
export function planReplacement(
  input: PlanInput,
  spec: AcceptedSpec,
  { current, successor }: Cast,
  isWanted: (container: ObservedContainer) => boolean,
): Plan {
  const { wanted, reason } = whyReplaced(input, spec, current)
  const usable = successor !== null && isWanted(successor) ? successor : null
  const outworn = successor !== null && usable === null ? [removeAction(successor, 'made for a spec that is no longer asked for')] : []
  return act(input, {
    wanted,
    reason,
    actions: [...networkActions(input), ...outworn, ...steps(input, spec, current, usable, reason)],
    later: announceInit(input, spec, 'the engine gets its game'),
    record: { kind: 'starting' },
    closes: false,
    conditions: conditionsOf(input, {
      ready: { status: 'False', reason: wanted.op === 'patch' ? 'Patching' : 'Restarting', message: reason },
      progressing: reason,
    }),
  })
}

function steps(
  input: PlanInput,
  spec: AcceptedSpec,
  current: ObservedContainer | null,
  successor: ObservedContainer | null,
  reason: string,
): readonly Action[] {
  const retire = current === null ? [] : stopAndRemove(input, current, reason)
  if (successor !== null) {
    return [
      ...retire,
      {
        kind: 'rename_container',
        target: existing(successor),
        name: input.canonicalName,
        reason: 'the successor takes the canonical name',
      },
      { kind: 'start_container', target: existing(successor), reason },
    ]
  }
  if (current === null || !isUp(current)) return [...retire, ...createAndStart(input.canonicalName, spec, reason)]
  return [
    { kind: 'create_container', name: SUCCESSOR_NAME, spec, reason: 'the successor is made ready while the old container still runs' },
    ...retire,
    { kind: 'rename_container', target: { kind: 'created' }, name: input.canonicalName, reason: 'the successor takes the canonical name' },
    { kind: 'start_container', target: { kind: 'created' }, reason },
  ]
}

/** Stands for the successor's name until the operation, whose id is part of it, is opened. */
const SUCCESSOR_NAME = '{successor}'

export function nameIn(operationId: string, canonicalName: string, name: string): string {
  return name === SUCCESSOR_NAME ? successorName(canonicalName, operationId) : name
}

function whyReplaced(input: PlanInput, spec: AcceptedSpec, current: ObservedContainer | null): { wanted: Wanted; reason: string } {
  const token = restartOf(input)
  if (token !== null) return { wanted: { op: 'restart', sourceRef: token }, reason: 'a new restart token asks for a fresh container' }
  if (current !== null && input.resizeRefused === current.id)
    return { wanted: { op: 'patch', detail: 'resize' }, reason: 'its limits cannot be changed in place' }
  if (input.record?.status === 'stopped') return { wanted: { op: 'start' }, reason: `started again as ${spec.imageRef}` }
  if (current === null && input.openOperation?.op === 'start') return { wanted: { op: 'start' }, reason: 'its replacement is ready' }
  const from = current?.labels.engineImageRef ?? current?.imageRef
  if (from === undefined || from === spec.imageRef)
    return { wanted: { op: 'patch' }, reason: `its container differs from the accepted spec (${spec.imageRef})` }
  return { wanted: { op: 'patch' }, reason: `${from} → ${spec.imageRef}` }
}

/** The restart token that waits for its fresh container, or null. */
export function restartOf({ desired, status, record }: Pick<PlanInput, 'desired' | 'status' | 'record'>): string | null {
  const token = desired?.restartToken ?? null
  // A token that was there when the game first started asks for nothing: the container is fresh anyway.
  return token !== null && token !== status.handledRestartToken && record !== null ? restartRef(token) : null
}

const REPLACING: ReadonlySet<OperationKind> = new Set(['start', 'patch', 'restart'])

/** The image is not on this host: pull it before anything that runs is touched. */
export function planPull(input: PlanInput, current: ObservedContainer | null): Plan {
  const { admission } = input
  if (admission.kind !== 'needs_image') throw new TypeError(`game ${input.gameId}: a pull was planned with its image known`)
  if (!admission.mayPull) return pullForbidden(input, admission.imageRef)
  const open = input.openOperation
  const reason = `image ${admission.imageRef} is not on this host`
  return act(input, {
    wanted: open !== null && REPLACING.has(open.op) ? sameAgain(open) : whyPulled(input, current),
    reason,
    actions: [{ kind: 'pull_image', imageRef: admission.imageRef, reason }],
    record: { kind: 'none' },
    closes: false,
    conditions: conditionsOf(input, {
      ready: { status: 'False', reason: 'Pulling', message: reason },
      progressing: `pulling ${admission.imageRef}`,
    }),
  })
}

/** The operation that the pull is the first step of: another one would overtake it as soon as the image is there. */
function whyPulled(input: PlanInput, current: ObservedContainer | null): Wanted {
  if (current === null) return { op: 'start' }
  const token = restartOf(input)
  if (token !== null) return { op: 'restart', sourceRef: token }
  return { op: input.record?.status === 'stopped' ? 'start' : 'patch' }
}

function pullForbidden(input: PlanInput, imageRef: string): Plan {
  const message = `image ${imageRef} is not on this host and the pull policy is "never"; load it (docker load, docker build) or change GALAXY_PULL_POLICY`
  return blocked(input, { code: 'image_pull_failed', reason: 'ImageMissing', message, holds: ['ImagePullBackOff', 'PullForbidden'] })
}
