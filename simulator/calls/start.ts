import type { Container } from '../world/container.ts'
import { behaviourOf } from './behaviour-of.ts'
import { attach, detach } from './endpoints.ts'
import { live } from './life.ts'
import { again, type Answer, type CallContext, changed, effects, find, type Process, Refusal, settled, sleep } from './process.ts'
import { publish } from './publish.ts'

/** `POST /containers/{id}/start`. */
export function* startContainer(context: CallContext, reference: string): Process<Answer> {
  const container = yield* settled(context, find(context, reference))
  requireStartable(container)
  if (container.status === 'running') return { status: 304 }
  yield* start(context, container)
  return { status: 204 }
}

/** Attaches it to its networks and starts its program. What fails is undone, and kept as the container's error. */
export function* start(context: CallContext, container: Container): Process<void> {
  try {
    // Networks first, then ports, then the program: so that Docker's first complaint is ours.
    const { endpoints, told } = attach(context, container)
    yield effects(changed(container, 'attach', { endpoints, ports: publish(context, container), isStarting: true }), ...told)
    yield sleep(context.settings.latency.startMs)
    requireProgram(context, container)
  } catch (error) {
    if (error instanceof Refusal) yield* fail(context, container, error)
    throw error
  }
  runFirstLines(context, container)
  yield effects(changed(again(context, container), 'start', newLife(context, container)))
  yield { kind: 'spawn', process: live(context, container.id, start) }
}

function requireStartable({ status }: Container): void {
  if (status === 'paused') throw new Refusal(409, 'cannot start a paused container, try unpause instead')
  if (status === 'removing' || status === 'dead') throw new Refusal(409, 'container is marked for removal and cannot be started')
}

function requireProgram(context: CallContext, container: Container): void {
  const { startError } = behaviourOf(context, container)
  if (startError !== null) throw new Refusal(400, startError)
  const [user = ''] = container.config.User.split(':')
  if (user === '' || /^\d+$/.test(user) || context.settings.users.includes(user)) return
  throw new Refusal(500, `unable to find user ${user}: no matching entries in passwd file`)
}

function* fail(context: CallContext, container: Container, { message }: Refusal): Process<void> {
  const before = again(context, container)
  const { endpoints, told } = detach(context, before)
  const exitCode = /OCI runtime/.test(message) ? 127 : 128
  yield effects(
    changed(before, 'start_failed', {
      endpoints,
      listedEndpoints: before.endpoints,
      ports: [],
      error: message,
      exitCode,
      isStarting: false,
    }),
    ...told,
  )
}

/** What its program does before anybody can ask it anything. */
function runFirstLines(context: CallContext, container: Container): void {
  for (const [path, text] of Object.entries(behaviourOf(context, container).writes)) {
    const mount = container.mounts.find(({ destination }) => path.startsWith(`${destination}/`))
    if (mount !== undefined && !mount.isReadOnly) context.machine.write(`${mount.source}${path.slice(mount.destination.length)}`, text)
  }
}

function newLife(context: CallContext, { config, lives }: Container): Partial<Container> {
  const hasHealthcheck = (config.Healthcheck?.Test ?? []).length > 0
  return {
    status: 'running',
    listedEndpoints: null,
    isStarting: false,
    startedAtMs: context.nowMs(),
    exitCode: 0,
    isOomKilled: false,
    error: '',
    lives: lives + 1,
    isStoppedByHand: false,
    health: hasHealthcheck ? { status: 'starting', failingStreak: 0 } : null,
  }
}
