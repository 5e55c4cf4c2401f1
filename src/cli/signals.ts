import { warnLine, type Terminal } from './terminal.ts'

export interface StopSignals {
  /** Aborted by the first SIGINT, SIGTERM or SIGHUP. */
  readonly signal: AbortSignal
  /** Gives the signals back to Node. */
  dispose(): void
}

const STOPPING = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
const SIGNAL_NUMBER = { SIGINT: 2, SIGTERM: 15, SIGHUP: 1 } as const

/**
 * The first signal asks for a graceful stop; the second, or a stop that outlasts the deadline, ends the process at once.
 * Either way is safe: what was begun is closed by the next start (S4).
 */
export function stopOnSignals(terminal: Terminal, deadlineMs: number): StopSignals {
  const controller = new AbortController()
  let timer: NodeJS.Timeout | undefined
  const onSignal = (name: (typeof STOPPING)[number]) => {
    if (controller.signal.aborted) process.exit(128 + SIGNAL_NUMBER[name])
    warnLine(terminal, `\nStopping (${name}); once more to stop at once`)
    timer = setTimeout(() => {
      warnLine(terminal, `not stopped within ${deadlineMs / 1000} s: ending at once`)
      process.exit(1)
    }, deadlineMs)
    timer.unref()
    controller.abort(new Error(`stopped by ${name}`))
  }
  for (const name of STOPPING) process.on(name, onSignal)
  return {
    signal: controller.signal,
    dispose: () => {
      clearTimeout(timer)
      for (const name of STOPPING) process.off(name, onSignal)
    },
  }
}
