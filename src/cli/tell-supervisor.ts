import type { Log } from '../log.ts'
import { messageOf } from '../model/errors.ts'
import { pause } from '../pause.ts'
import type { ServiceManager } from '../local/systemd.ts'
import type { Readiness } from './readiness.ts'

export interface SupervisedOptions {
  readonly manager: ServiceManager
  /** Asks this process's own API, the way that others ask it. */
  readonly ask: () => Promise<Readiness>
  readonly signal: AbortSignal
  readonly log: Log
}

const STARTING_POLL_MS = 250
/** Asks for more time to start, each time for three times as long. */
const EXTEND_MS = 5_000
/** Where no watchdog waits, only what one reads in `systemctl status` is kept true. */
const STATUS_MS = 10_000

/**
 * Tells systemd how this controller is, until the signal aborts: `READY=1` when its API says that it is ready, which is not
 * leadership; then a sign of life as long as the API answers at all, three times in the watchdog's time. So the sign comes neither from
 * a process that hangs nor from one whose door is shut while its timers run. A controller that waits for Docker lives.
 */
export async function tellSupervisor({ manager, ask, signal, log }: SupervisedOptions): Promise<void> {
  const beatMs = manager.watchdogMs === null ? STATUS_MS : manager.watchdogMs / 3
  let isStarted = false
  let [told, toldMs, problem] = ['', -Infinity, '']
  const tell = async (message: readonly string[], repeatMs: number): Promise<void> => {
    const nowMs = performance.now()
    if (message.length === 0 || (message.join('\n') === told && nowMs < toldMs + repeatMs)) return
    ;[told, toldMs] = [message.join('\n'), nowMs]
    const failure = await manager.notify(message).then(() => '', messageOf)
    if (failure !== problem && failure !== '') log.warn({ error: failure }, 'systemd cannot be told')
    problem = failure
  }
  while (!signal.aborted) {
    const readiness = await ask()
    if (signal.aborted) break
    const isReady = readiness.kind === 'answers' && readiness.failing.length === 0
    if (isStarted) await tell(beat(readiness), 0)
    else if (isReady) await tell(['READY=1', ...beat(readiness)], 0)
    else await tell(moreTime(readiness), EXTEND_MS)
    isStarted ||= isReady
    await pause(isStarted ? beatMs : STARTING_POLL_MS, signal)
  }
  await tell(['STOPPING=1', 'STATUS=stopping; the games run on'], 0)
}

function beat(readiness: Readiness): readonly string[] {
  return readiness.kind === 'silent' ? [] : ['WATCHDOG=1', ...status(readiness)]
}

function moreTime(readiness: Readiness): readonly string[] {
  return readiness.kind === 'silent' ? [] : [`EXTEND_TIMEOUT_USEC=${3 * EXTEND_MS * 1_000}`, ...status(readiness)]
}

function status(readiness: Readiness): readonly string[] {
  // Too many requests with our token: somebody answered all the same.
  if (readiness.kind !== 'answers') return []
  const { failing, isLeader } = readiness
  if (failing.length > 0) return [`STATUS=not ready: ${failing.join('; ')}`]
  return [`STATUS=${isLeader ? 'active' : 'on standby'}`]
}
