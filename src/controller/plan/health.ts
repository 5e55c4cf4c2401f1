import type { AcceptedSpec } from '../../model/game.ts'
import type { ObservedContainer } from '../../model/observed.ts'
import type { Plan } from '../../model/plan.ts'
import { conditionsOf } from './conditions.ts'
import type { HealthReading, PlanInput } from './input.ts'
import { standingBackoff } from './held-back.ts'
import { act, existing, stopAction } from './operations.ts'
import { planServing } from './serving.ts'
import { notServing } from './unreachable.ts'

/** The right container runs: what is open is closed by whether its engine serves. */
export function planHealth(input: PlanInput, spec: AcceptedSpec, current: ObservedContainer): Plan {
  const health = readingOf(input, spec, current)
  switch (health.kind) {
    case 'ok':
      return planServing(input, spec, current)
    case 'pending':
      return notYetServing(input, current, health.sinceMs)
    case 'failing':
      return planRestart(input, current, health) ?? notServing(input, current, health.message)
  }
}

/** An engine that served before and has been silent for long is restarted, where that is configured. */
function planRestart(
  input: PlanInput,
  current: ObservedContainer,
  { failures, message }: Extract<HealthReading, { kind: 'failing' }>,
): Plan | null {
  const { restartAfter } = input.policy
  if (restartAfter === 0 || failures < restartAfter || input.openOperation !== null) return null
  const backoff = standingBackoff(input)
  if (backoff !== null && input.nowMs < backoff.countedAtMs + backoff.delayMs) return null
  const reason = `its engine is silent: ${message}`
  return act(input, {
    wanted: { op: 'restart', detail: 'crash_restart', source: 'reconciler' },
    reason,
    actions: [stopAction(input, current, reason), { kind: 'start_container', target: existing(current), reason }],
    record: { kind: 'starting' },
    closes: false,
    conditions: conditionsOf(input, { ready: { status: 'False', reason: 'Restarting', message: reason }, progressing: reason }),
  })
}

/** The image's own HEALTHCHECK comes with the inspect; the other probes are ours. */
export function readingOf(
  { health, nowMs }: Pick<PlanInput, 'health' | 'nowMs'>,
  { probe, network }: AcceptedSpec,
  current: ObservedContainer,
): HealthReading {
  if ('none' in probe) return { kind: 'ok', containerId: current.id }
  if ('docker' in probe) {
    const state = current.dockerHealth ?? 'starting'
    if (state === 'healthy' || state === 'none') return { kind: 'ok', containerId: current.id }
    return state === 'starting'
      ? { kind: 'pending', sinceMs: current.detail?.startedAtMs ?? nowMs }
      : { kind: 'failing', containerId: current.id, failures: 1, message: 'its health check fails' }
  }
  // Without an address nobody can ask it, and neither can a player reach it.
  if (current.addresses[network] === undefined)
    return {
      kind: 'failing',
      containerId: current.id,
      failures: 1,
      message: `it is not attached to network ${network}; galaxy restart makes one that is`,
    }
  return health.kind !== 'pending' && health.containerId === current.id
    ? health
    : { kind: 'pending', sinceMs: health.kind === 'pending' ? health.sinceMs : nowMs }
}

function notYetServing(input: PlanInput, current: ObservedContainer, askedSinceMs: number): Plan {
  // What was told already stays told until an answer comes.
  if (input.record?.status === 'engine_unreachable' && input.openOperation === null)
    return notServing(input, current, 'it has not answered since')
  // Counted from the first question, not from the container's start: after a restart of the controller both lie far apart.
  const deadlineMs = Math.min(askedSinceMs, input.nowMs) + input.policy.engineStartMs
  if (input.nowMs >= deadlineMs) return notServing(input, current, `it did not answer within ${input.policy.engineStartMs / 1000} s`)
  // A game that served before and is only read anew (after a restart of the controller) has not become unready by that.
  const wasServing = input.openOperation === null && input.record?.status === 'running'
  const message = wasServing ? `${current.name} runs; its engine is being asked again` : `waiting for ${current.name} to answer its probe`
  const ready = wasServing
    ? ({ status: 'Unknown', reason: 'Probing', message } as const)
    : ({ status: 'False', reason: 'WaitingForEngine', message } as const)
  return {
    gameId: input.gameId,
    kind: 'wait',
    reason: message,
    conditions: conditionsOf(input, { ready, progressing: wasServing ? null : message }),
    wakeAtMs: deadlineMs,
  }
}
