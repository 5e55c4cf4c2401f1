import { pino } from 'pino'
import { afterEach, expect, it } from 'vitest'
import type { Readiness } from '../../../src/cli/readiness.ts'
import { tellSupervisor } from '../../../src/cli/tell-supervisor.ts'
import { serviceManager } from '../../../src/local/systemd.ts'

const READY: Readiness = { kind: 'answers', isLeader: true, failing: [] }
const WAITING: Readiness = { kind: 'answers', isLeader: false, failing: ['docker: no answer'] }
const SILENT: Readiness = { kind: 'silent', why: 'no answer within 3 s' }
/** Too many requests with our token, for example. */
const OTHER: Readiness = { kind: 'stranger' }

let stop = new AbortController()
afterEach(() => stop.abort())

it.each([
  ['ready, then without Docker', [READY, WAITING], ['READY=1 WATCHDOG=1 STATUS=active', 'WATCHDOG=1 STATUS=not ready: docker: no answer']],
  ['ready, then silent', [READY, SILENT], ['READY=1 WATCHDOG=1 STATUS=active']],
  ['ready, then with another answer', [READY, OTHER], ['READY=1 WATCHDOG=1 STATUS=active', 'WATCHDOG=1']],
  ['not ready yet', [WAITING], ['EXTEND_TIMEOUT_USEC=15000000 STATUS=not ready: docker: no answer']],
  ['silent from the beginning', [SILENT], []],
])('%s', async (_, answers, expected) => {
  expect(await told(answers)).toEqual([...expected, 'STOPPING=1 STATUS=stopping; the games run on'])
})

it('a problem with systemd is told once, and nothing ends by it', async () => {
  const lines: string[] = []
  const failing = async () => {
    throw new Error('no such command')
  }
  await told([READY, READY, READY], failing, (line) => lines.push(line))
  expect(lines).toEqual([expect.stringContaining('no such command')])
})

it.each([
  [{}, null],
  [{ NOTIFY_SOCKET: '/s' }, { watchdogMs: null }],
  [{ NOTIFY_SOCKET: '/s', WATCHDOG_USEC: '2000000' }, { watchdogMs: 2_000 }],
  [{ NOTIFY_SOCKET: '/s', WATCHDOG_USEC: '2000000', WATCHDOG_PID: '7' }, { watchdogMs: 2_000 }],
  [{ NOTIFY_SOCKET: '/s', WATCHDOG_USEC: '2000000', WATCHDOG_PID: '6' }, { watchdogMs: 2_000 }],
  [{ NOTIFY_SOCKET: '/s', WATCHDOG_USEC: '2000000', WATCHDOG_PID: '5' }, { watchdogMs: null }],
])('%o', (env, expected) => {
  const manager = serviceManager(env, { pid: 7, ppid: 6 })
  expect(manager && { watchdogMs: manager.watchdogMs }).toEqual(expected)
})

/** What is told while the API gives these answers, one each time it is asked, and then the stop. */
async function told(
  answers: readonly Readiness[],
  notify = async (_message: readonly string[]): Promise<void> => {},
  write: (line: string) => void = () => {},
): Promise<readonly string[]> {
  stop = new AbortController()
  const messages: string[] = []
  const left = [...answers]
  const ask = async (): Promise<Readiness> => {
    const next = left.shift()
    if (next === undefined) stop.abort()
    return next ?? SILENT
  }
  const manager = {
    watchdogMs: 3,
    notify: (message: readonly string[]) => {
      messages.push(message.join(' '))
      return notify(message)
    },
  }
  await tellSupervisor({ manager, ask, signal: stop.signal, log: pino({ level: 'warn' }, { write }) })
  return messages
}
