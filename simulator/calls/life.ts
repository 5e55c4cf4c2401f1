import { type Container, isAlive } from '../world/container.ts'
import { behaviourOf } from './behaviour-of.ts'
import { removeNow } from './destroy.ts'
import { detach } from './endpoints.ts'
import { again, type CallContext, changed, effects, type Process, Refusal, sleep, until } from './process.ts'

type Start = (context: CallContext, container: Container) => Process<void>

/**
 * One life of a container, from its start: health, its end by itself, and what its restart policy makes of that. A pause stops its time.
 *
 * @param start is handed in, since a start begins a life
 */
export function* live(context: CallContext, id: string, start: Start): Process<void> {
  const born = context.world.container(id)
  if (born === undefined) return
  yield* runProgram(context, born)
  yield* until(context, id, null, (container) => isOver(container, born.lives))
  const dead = context.world.container(id)
  if (dead?.lives === born.lives) yield* afterDeath(context, dead, start)
}

/** What it does by itself, as long as nobody ends it before. */
function* runProgram(context: CallContext, born: Container): Process<void> {
  const { ends, health } = behaviourOf(context, born)
  const endMs = ends.kind === 'never' ? Infinity : ends.afterMs
  for (const { afterMs, status } of health.toSorted((a, b) => a.afterMs - b.afterMs)) {
    if (born.health === null || afterMs >= endMs) break
    if (!(yield* lasts(context, born, afterMs))) return
    yield* tellHealth(context, born, status)
  }
  if (ends.kind === 'never' || !(yield* lasts(context, born, endMs))) return
  yield* die(context, born.id, ends.kind === 'oom' ? { exitCode: 137, isOom: true } : { exitCode: ends.exitCode, isOom: false })
}

function isOver(container: Container | undefined, lives: number): boolean {
  return container?.lives !== lives || !isAlive(container)
}

export interface Ending {
  readonly exitCode: number
  readonly isOom: boolean
  /** False: an end for lack of memory that the inspect does not tell, as where another process than the first one was struck. */
  readonly isOomFlagged?: boolean
}

/** The end of a container's processes. Nothing where it has ended already. */
export function* die(context: CallContext, id: string, { exitCode, isOom, isOomFlagged = true }: Ending): Process<void> {
  const before = context.world.container(id)
  if (before === undefined || (before.status !== 'running' && before.status !== 'paused')) return
  const { endpoints, told } = detach(context, before)
  const dead: Partial<Container> = {
    status: 'exited',
    finishedAtMs: context.nowMs(),
    exitCode,
    isOomKilled: isOom && isOomFlagged,
    endpoints,
    ports: [],
    health: before.health === null ? null : { ...before.health, status: 'unhealthy' },
  }
  const oom = isOom ? [changed(before, 'oom')] : []
  yield effects(...oom, changed(before, 'die', dead, { exitCode: String(exitCode) }), ...told)
  if (before.hostConfig.AutoRemove) yield { kind: 'spawn', process: removeNow(context, id) }
}

/** Whether this life lasted that long since its start; time in a pause does not count. */
function* lasts(context: CallContext, { id, lives, startedAtMs }: Container, afterMs: number): Process<boolean> {
  let dueMs = (startedAtMs ?? 0) + afterMs
  for (;;) {
    const isInterrupted = yield* until(context, id, dueMs, (container) => isOver(container, lives) || container?.status === 'paused')
    const container = context.world.container(id)
    if (isOver(container, lives)) return false
    if (!isInterrupted) return true
    const pausedAtMs = context.nowMs()
    yield* until(context, id, null, (later) => isOver(later, lives) || later?.status !== 'paused')
    dueMs += context.nowMs() - pausedAtMs
  }
}

function* tellHealth(context: CallContext, born: Container, status: 'healthy' | 'unhealthy'): Process<void> {
  const before = again(context, born)
  const failingStreak = status === 'healthy' ? 0 : (before.health?.failingStreak ?? 0) + 1
  if (before.health?.status !== status) yield effects(changed(before, `health_status: ${status}`, { health: { status, failingStreak } }))
}

const FIRST_RESTART_MS = 100
const LAST_RESTART_MS = 60_000

/** Docker's own restart policies. Ours is `no`, but a human may make a container with another. */
function* afterDeath(context: CallContext, container: Container, start: Start): Process<void> {
  if (!isRestarted(container)) return
  yield effects(changed(container, 'mark_restarting', { status: 'restarting', restartCount: container.restartCount + 1 }))
  yield sleep(Math.min(LAST_RESTART_MS, FIRST_RESTART_MS * 2 ** container.restartCount))
  const before = context.world.container(container.id)
  if (before?.status !== 'restarting') return
  try {
    yield* start(context, before)
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    const failed = context.world.container(container.id)
    if (failed !== undefined) yield effects(changed(failed, 'start_failed', { status: 'exited' }))
  }
}

function isRestarted({ hostConfig, exitCode, restartCount, isStoppedByHand, status }: Container): boolean {
  const { Name: policy, MaximumRetryCount: most } = hostConfig.RestartPolicy
  if (isStoppedByHand || status !== 'exited') return false
  if (policy === 'on-failure') return exitCode !== 0 && (most === 0 || restartCount < most)
  return policy === 'always' || policy === 'unless-stopped'
}
