import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Verdict } from '../../test/chaos/history.ts'

export type Outcome =
  | { readonly kind: 'judged'; readonly seed: number; readonly verdict: Verdict }
  | { readonly kind: 'broke'; readonly seed: number; readonly error: string }

export interface SeedRun {
  readonly seeds: readonly number[]
  readonly postgresUrl: string
  readonly workers: number
  readonly signal: AbortSignal
}

const WORKER = fileURLToPath(new URL('worker.ts', import.meta.url))
/** A history that takes longer hangs: real time, for one seed. */
const SEED_TIMEOUT_MS = 120_000
/** A process is replaced after so many, so that nothing that grows can grow for ever. */
const SEEDS_PER_PROCESS = 250

/** Runs every seed in one of so many processes, each seed once. */
export async function runSeeds({ seeds, postgresUrl, workers, signal }: SeedRun, onOutcome: (outcome: Outcome) => void): Promise<void> {
  const waiting = [...seeds]
  const lane = async (): Promise<void> => {
    while (waiting.length > 0) {
      signal.throwIfAborted()
      const left = await runProcess(waiting, postgresUrl, signal, onOutcome)
      if (left !== null) onOutcome({ kind: 'broke', seed: left, error: 'its process ended or hung before its verdict' })
    }
  }
  await Promise.all(Array.from({ length: workers }, lane))
}

/** @returns the seed that the process owes a verdict on; null when it owes none */
function runProcess(
  waiting: number[],
  postgresUrl: string,
  signal: AbortSignal,
  onOutcome: (outcome: Outcome) => void,
): Promise<number | null> {
  return new Promise((resolve, reject) => {
    const child = fork(WORKER, { env: { ...process.env, CHAOS_POSTGRES_URL: postgresUrl }, signal })
    let current: number | null = null
    let begun = 0
    let timer: NodeJS.Timeout | undefined
    const next = (): void => {
      clearTimeout(timer)
      current = begun < SEEDS_PER_PROCESS ? (waiting.shift() ?? null) : null
      begun += 1
      if (current === null) return child.disconnect()
      timer = setTimeout(() => child.kill('SIGKILL'), SEED_TIMEOUT_MS)
      child.send({ seed: current })
    }
    child.on('message', (message) => {
      onOutcome(message as Outcome) // sent by our own worker
      next()
    })
    child.on('error', (error) => (signal.aborted ? reject(signal.reason) : reject(error)))
    child.on('exit', () => {
      clearTimeout(timer)
      resolve(current)
    })
    next()
  })
}
