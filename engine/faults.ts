import { setTimeout as delay } from 'node:timers/promises'
import { ConfigError, type Environment, wholeNumber } from './environment.ts'

/** Misbehaviour that tests ask for by environment; see the table in README.md. */
export interface Faults {
  readonly slowStartMs: number
  readonly crashAtStart: boolean
  readonly crashAtTurn: number | null
  readonly crashAfterTurn: number | null
  readonly hangAtTurn: number | null
  readonly hangAfterTurn: number | null
  readonly slowTurnMs: number
  readonly hangHealth: boolean
  readonly badJson: boolean
  readonly ignoreSigterm: boolean
}

const CRASH_EXIT_CODE = 70

const PREFIX = 'GALAXY_ENGINE_FAULT_'
const NAMES = [
  'SLOW_START_MS',
  'CRASH_AT_START',
  'CRASH_AT_TURN',
  'CRASH_AFTER_TURN',
  'HANG_AT_TURN',
  'HANG_AFTER_TURN',
  'SLOW_TURN_MS',
  'HANG_HEALTH',
  'BAD_JSON',
  'IGNORE_SIGTERM',
]

/** Throws ConfigError also for a fault that does not exist: a misspelt one would let a test pass that tests nothing. */
export function readFaults(env: Environment): Faults {
  const unknown = Object.keys(env).find((name) => name.startsWith(PREFIX) && !NAMES.includes(name.slice(PREFIX.length)))
  if (unknown !== undefined) {
    throw new ConfigError(`${unknown} is no fault switch; known are ${NAMES.map((name) => PREFIX + name).join(', ')}`)
  }
  const number = (name: string) => wholeNumber(env, PREFIX + name, 0, 999_999_999)
  const flag = (name: string) => wholeNumber(env, PREFIX + name, 0, 1) === 1
  return {
    slowStartMs: number('SLOW_START_MS') ?? 0,
    crashAtStart: flag('CRASH_AT_START'),
    crashAtTurn: number('CRASH_AT_TURN'),
    crashAfterTurn: number('CRASH_AFTER_TURN'),
    hangAtTurn: number('HANG_AT_TURN'),
    hangAfterTurn: number('HANG_AFTER_TURN'),
    slowTurnMs: number('SLOW_TURN_MS') ?? 0,
    hangHealth: flag('HANG_HEALTH'),
    badJson: flag('BAD_JSON'),
    ignoreSigterm: flag('IGNORE_SIGTERM'),
  }
}

/** Before anything is listened on. Rejects when `stop` comes first. */
export async function faultAtStart(faults: Faults, stop: AbortSignal): Promise<void> {
  if (faults.crashAtStart) crash('at start')
  if (faults.slowStartMs > 0) await delay(faults.slowStartMs, undefined, { signal: stop })
}

/** After the turn was computed, before it is committed. A hang ends, by rejection, with `stop`. */
export async function faultInTurn(faults: Faults, turn: number, stop: AbortSignal): Promise<void> {
  if (faults.slowTurnMs > 0) await delay(faults.slowTurnMs)
  if (faults.crashAtTurn === turn) crash(`at turn ${turn}`)
  if (faults.hangAtTurn === turn) await hang(stop)
}

/** After the turn was committed, before it is answered. A hang ends, by rejection, with `stop`. */
export async function faultAfterTurn(faults: Faults, turn: number, stop: AbortSignal): Promise<void> {
  if (faults.crashAfterTurn === turn) crash(`after turn ${turn}`)
  if (faults.hangAfterTurn === turn) await hang(stop)
}

export function hang(stop: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const end = () => reject(new Error('hung until the engine was stopped'))
    if (stop.aborted) end()
    else stop.addEventListener('abort', end, { once: true })
  })
}

function crash(when: string): never {
  process.stderr.write(`fault switch: crash ${when}\n`)
  process.exit(CRASH_EXIT_CODE)
}
