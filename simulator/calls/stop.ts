import { type Container, isAlive } from '../world/container.ts'
import { signalContainer } from './signal.ts'
import { again, type Answer, type CallContext, changed, effects, find, type Process, settled, sleep, until } from './process.ts'
import { start } from './start.ts'

const DEFAULT_GRACE_S = 10

/** `POST /containers/{id}/stop`: its stop signal, the grace period, SIGKILL. */
export function* stopContainer(context: CallContext, reference: string, graceSeconds: number | null): Process<Answer> {
  const container = yield* settled(context, find(context, reference))
  if (!isAlive(container)) return { status: 304 }
  yield* stop(context, container, graceSeconds)
  return { status: 204 }
}

/** `POST /containers/{id}/restart`. Who starts it between its end and its start is not outdone: it runs, which is what was asked for. */
export function* restartContainer(context: CallContext, reference: string, graceSeconds: number | null): Process<Answer> {
  const container = yield* settled(context, find(context, reference))
  if (isAlive(container)) yield* stop(context, container, graceSeconds)
  const stopped = yield* settled(context, again(context, container))
  if (!isAlive(stopped)) yield* start(context, stopped)
  yield effects(changed(again(context, container), 'restart'))
  return { status: 204 }
}

function* stop(context: CallContext, container: Container, graceSeconds: number | null): Process<void> {
  const { id, config, lives } = container
  const graceMs = 1_000 * (graceSeconds ?? config.StopTimeout ?? DEFAULT_GRACE_S)
  const hasEnded = (now: Container | undefined) => now === undefined || now.lives !== lives || !isAlive(now)
  yield* signalContainer(context, container, config.StopSignal ?? 'SIGTERM')
  const isInTime = yield* until(context, id, graceMs < 0 ? null : context.nowMs() + graceMs, hasEnded)
  if (!isInTime) yield* signalContainer(context, again(context, container), 'SIGKILL')
  yield* until(context, id, null, hasEnded)
  yield sleep(context.settings.latency.exitMs)
  const after = context.world.container(id)
  if (after !== undefined) yield effects(changed(after, 'stop'))
}
