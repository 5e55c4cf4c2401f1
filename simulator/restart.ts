import { behaviourOf } from './calls/behaviour-of.ts'
import { detach } from './calls/endpoints.ts'
import { type CallContext, changed, type Process, Refusal } from './calls/process.ts'
import { start } from './calls/start.ts'
import { type Container, isAlive } from './world/container.ts'
import type { Effect } from './world/effect.ts'

export interface Restart {
  readonly downMs: number
  /** It ends its containers on its way out, and tells of it; else they are found dead when it is back. */
  readonly isGraceful: boolean
  /** Containers run on without it. */
  readonly isLiveRestore: boolean
}

/** What a restart of the daemon does to its containers. */
export function effectsOfRestart(
  context: CallContext,
  { isGraceful, isLiveRestore }: Restart,
  when: 'going_down' | 'coming_up',
): readonly Effect[] {
  const containers = context.world.containers().toReversed()
  const ends = !isLiveRestore && isGraceful === (when === 'going_down')
  const ended = ends ? containers.filter(isAlive).flatMap((container) => end(context, container, isGraceful)) : []
  if (when === 'going_down') return ended
  const alive = new Set(ends ? containers.filter(isAlive).map(({ id }) => id) : [])
  return [...ended, ...containers.filter(({ id }) => !alive.has(id)).flatMap((container) => foundOf(context, container))]
}

/** Containers that Docker itself starts again with the daemon. */
export function restartedByPolicy(context: CallContext): readonly Process<void>[] {
  return context.world
    .containers()
    .filter(({ status, hostConfig, isStoppedByHand, lives }) => {
      const { Name: policy } = hostConfig.RestartPolicy
      return status === 'exited' && lives > 0 && (policy === 'always' || (policy === 'unless-stopped' && !isStoppedByHand))
    })
    .map((container) => startQuietly(context, container))
}

function* startQuietly(context: CallContext, container: Container): Process<void> {
  try {
    yield* start(context, container)
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
  }
}

function end(context: CallContext, container: Container, isGraceful: boolean): readonly Effect[] {
  const { endpoints, told } = detach(context, container)
  const exitCode = isGraceful ? exitCodeOf(context, container) : 255
  const dead = { status: 'exited', finishedAtMs: context.nowMs(), exitCode, endpoints, ports: [], isStarting: false } as const
  return [changed(container, 'die', dead, { exitCode: String(exitCode) }), ...told]
}

function exitCodeOf(context: CallContext, container: Container): number {
  const { onTerm } = behaviourOf(context, container)
  if (onTerm.kind === 'exits') return onTerm.exitCode
  return onTerm.kind === 'default' && container.hostConfig.Init === true ? 143 : 137
}

/** A start that was cut off is undone; a removal that was cut off leaves the container dead. */
function foundOf(context: CallContext, container: Container): readonly Effect[] {
  if (container.status === 'removing') return [changed(container, 'mark_dead', { status: 'dead' })]
  if (!container.isStarting) return []
  const { endpoints, told } = detach(context, container)
  return [changed(container, 'start_failed', { endpoints, ports: [], isStarting: false }), ...told]
}
