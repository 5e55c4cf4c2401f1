import type { Action } from '../../model/action.ts'
import type { AcceptedSpec } from '../../model/game.ts'
import { sameLimits } from '../../model/limits.ts'
import { successorOperation } from '../../model/labels.ts'
import type { ObservedContainer } from '../../model/observed.ts'
import type { OperationKind } from '../../model/operation.ts'
import type { Plan } from '../../model/plan.ts'
import { conditionsOf } from './conditions.ts'
import { planHealth } from './health.ts'
import { crashGateMs, fellWithRuntime, isHeldBack, planCrashLoop, planHeldBack, standingBackoff } from './held-back.ts'
import type { PlanInput } from './input.ts'
import { createAndStart, networkActions } from './create.ts'
import { act, conclude, existing, removeAction, sameAgain, type Wanted } from './operations.ts'

/** The right container is there: see that it runs, under its name, with its limits, and serves. */
export function planPresent(input: PlanInput, spec: AcceptedSpec, current: ObservedContainer, successor: ObservedContainer | null): Plan {
  if (successor !== null) return planNeedlessSuccessor(input, successor)
  switch (current.state) {
    case 'created':
    case 'exited':
      return planStartAgain(input, spec, current)
    case 'running':
      return planUp(input, spec, current)
    case 'restarting':
    case 'paused':
    case 'removing':
    case 'dead':
      return stillMoving(input, current)
  }
}

function planNeedlessSuccessor(input: PlanInput, successor: ObservedContainer): Plan {
  const reason = 'the running container is what is asked for; the half-made successor is not needed'
  return act(input, {
    wanted: { op: 'reconcile', detail: 'duplicate', source: 'reconciler' },
    reason,
    actions: [removeAction(successor, reason)],
    record: { kind: 'none' },
    closes: true,
    conditions: conditionsOf(input, { ready: { status: 'Unknown', reason: 'Cleaning', message: reason }, progressing: reason }),
  })
}

function planStartAgain(input: PlanInput, spec: AcceptedSpec, current: ObservedContainer): Plan {
  const failed = planFailedStart(input, current)
  if (failed !== null) return failed
  const { wanted, reason } = whyDown(input, current)
  if (isHeldBack(input)) return planHeldBack(input, current)
  const gateMs = crashGateMs(input, current)
  if (wanted.detail === 'crash_restart' && gateMs > input.nowMs) return planCrashLoop(input, reason, gateMs)
  return act(input, {
    wanted,
    reason,
    actions: [...networkActions(input), ...startSteps(input, spec, current, reason)],
    record: { kind: 'starting' },
    closes: false,
    conditions: conditionsOf(input, { ready: { status: 'False', reason: 'Starting', message: reason }, progressing: reason }),
  })
}

/**
 * Docker can refuse one container for good, with a task of its last life or a broken mount in the way: after a second refusal
 * another one takes its place.
 */
function startSteps(input: PlanInput, spec: AcceptedSpec, current: ObservedContainer, reason: string): readonly Action[] {
  const backoff = standingBackoff(input)
  // What failed before this life of the container, such as its own creation, says nothing against starting it again.
  const isOfThisEnd = backoff !== null && backoff.countedAtMs >= (current.detail?.finishedAtMs ?? current.createdAtMs)
  // An operation of healing is counted when it begins, and open: that is no refusal yet.
  const isRefusal = backoff?.kind === 'StartBackOff' && backoff.operationId !== input.openOperation?.operationId
  if (isOfThisEnd && isRefusal && backoff.failures >= REFUSALS) {
    return [
      removeAction(current, `Docker has refused to start it ${backoff.failures} times`),
      ...createAndStart(input.canonicalName, spec, reason),
    ]
  }
  return [...rightName(input, current), { kind: 'start_container', target: existing(current), reason }]
}

const REFUSALS = 2

/**
 * The container that the open operation started has ended before it served: the operation has failed. Were it gone on with,
 * its start would be repeated without any delay. What fell with the runtime is merely started again.
 */
function planFailedStart(input: PlanInput, current: ObservedContainer): Plan | null {
  const { openOperation: open, observed } = input
  const { detail } = current
  if (open === null || current.state !== 'exited' || detail?.finishedAtMs == null) return null
  const isOfThis = open.hasStarted || (detail.startedAtMs ?? 0) >= open.startedAt.getTime()
  if (!isOfThis || fellWithRuntime(detail.finishedAtMs, observed.outage)) return null
  const message = `container ${current.name} ${exitOf(current)} right after its start`
  const conditions = conditionsOf(input, { ready: { status: 'False', reason: 'StartFailed', message } })
  return conclude(input, open.operationId, { code: 'container_start_failed', message }, { kind: 'none' }, conditions)
}

function whyDown(input: PlanInput, current: ObservedContainer): { wanted: Wanted; reason: string } {
  const { openOperation: open, record } = input
  if (current.state === 'created') {
    const finishing: Wanted = open === null ? { op: 'start' } : sameAgain(open)
    return { wanted: finishing, reason: `container ${current.name} was created and never started` }
  }
  // What an open operation was about to start has not crashed: its start never happened, or was never seen to.
  if (open !== null && STARTS.has(open.op) && open.detail !== 'resize' && record?.status === 'starting') {
    return { wanted: sameAgain(open), reason: `container ${current.name} was to be started` }
  }
  if (record === null || record.status === 'stopped') return { wanted: { op: 'start' }, reason: 'desired running again' }
  return {
    wanted: { op: 'restart', detail: 'crash_restart', source: 'reconciler' },
    reason: `container ${current.name} ${exitOf(current)}`,
  }
}

const STARTS: ReadonlySet<OperationKind> = new Set(['start', 'patch', 'restart'])

/** How a container ended. 137 alone proves no OOM: any SIGKILL gives it (spec 6, row 14). */
function exitOf({ detail }: ObservedContainer): string {
  if (detail === null) return 'stopped'
  if (detail.isOomKilled) return 'ran out of memory'
  if (detail.exitCode === 137) return 'was killed'
  return `exited with code ${detail.exitCode}`
}

function planUp(input: PlanInput, spec: AcceptedSpec, current: ObservedContainer): Plan {
  if (input.record === null || input.record.containerId !== current.id) {
    if (input.openOperation === null) return planAdoption(input, current)
  }
  const rename = rightName(input, current)
  if (rename.length > 0) return planRename(input, current)
  const applied = current.detail?.limits ?? input.record?.limits ?? null
  if (applied !== null && !sameLimits(applied, spec.limits)) return planResize(input, spec, current)
  return planHealth(input, spec, current)
}

function planAdoption(input: PlanInput, current: ObservedContainer): Plan {
  const reason = `container ${current.name} runs and no record knows it; it is adopted as it is`
  return act(input, {
    wanted: { op: 'reconcile', detail: 'reconcile_adopt', source: 'reconciler' },
    reason,
    actions: [],
    record: { kind: 'adopted', containerId: current.id },
    closes: true,
    conditions: conditionsOf(input, { ready: { status: 'Unknown', reason: 'Adopting', message: reason }, progressing: reason }),
  })
}

function rightName(input: PlanInput, current: ObservedContainer): Extract<Plan, { kind: 'act' }>['actions'] {
  // A name given by hand is respected; only our own temporary one is replaced.
  if (successorOperation(input.canonicalName, current.name) === null) return []
  return [
    { kind: 'rename_container', target: existing(current), name: input.canonicalName, reason: 'the successor takes the canonical name' },
  ]
}

function planRename(input: PlanInput, current: ObservedContainer): Plan {
  const open = input.openOperation
  return act(input, {
    // Whatever began the replacement goes on: given up half-way, a restart would be made once more.
    wanted: open !== null && STARTS.has(open.op) ? sameAgain(open) : { op: 'patch' },
    reason: 'a successor runs under its temporary name',
    actions: rightName(input, current),
    record: { kind: 'none' },
    closes: false,
    conditions: conditionsOf(input, {
      ready: { status: 'Unknown', reason: 'Renaming', message: '' },
      progressing: 'renaming the successor',
    }),
  })
}

function planResize(input: PlanInput, spec: AcceptedSpec, current: ObservedContainer): Plan {
  const wasApplied = input.record?.limits != null && sameLimits(input.record.limits, spec.limits)
  const reason = wasApplied ? 'its limits were changed from outside' : 'its limits differ from the accepted ones'
  return act(input, {
    wanted: { op: 'patch', detail: 'resize', ...(wasApplied && { source: 'reconciler' }) },
    reason,
    actions: [{ kind: 'update_limits', target: existing(current), limits: spec.limits, reason }],
    record: { kind: 'none' },
    closes: true,
    conditions: conditionsOf(input, { ready: { status: 'True', reason: 'Running', message: '' }, progressing: reason }),
  })
}

const RECHECK_MS = 1_000

function stillMoving(input: PlanInput, current: ObservedContainer): Plan {
  const reason = `container ${current.name} is ${current.state}`
  return {
    gameId: input.gameId,
    kind: 'wait',
    reason,
    conditions: conditionsOf(input, { ready: { status: 'False', reason: 'Waiting', message: reason } }),
    wakeAtMs: input.nowMs + RECHECK_MS,
  }
}
