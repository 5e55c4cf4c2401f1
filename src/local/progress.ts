/** Tells a person what is going on, one short line per call, without a final newline. */
export type OnProgress = (line: string) => void

/** Where progress is written; a subset of `process.stderr`. */
export interface ProgressOutput {
  readonly isTTY?: boolean
  write(text: string): unknown
}

/** How a long step shows itself; `step` tells its duration once it is done. */
export interface Progress {
  readonly line: OnProgress
  step<T>(text: string, work: () => Promise<T>): Promise<T>
}

/**
 * Progress for a start that a person watches. On a terminal a step's own line counts its seconds; elsewhere a step is one
 * line when it begins and one when it ends, so that a log stays readable.
 */
export function createProgress(output: ProgressOutput): Progress {
  const line: OnProgress = (text) => void output.write(`· ${text}\n`)
  return {
    line,
    step: (text, work) => (output.isTTY ? countedStep(output, text, work) : loggedStep(line, text, work)),
  }
}

const TICK_MS = 100

async function countedStep<T>(output: ProgressOutput, text: string, work: () => Promise<T>): Promise<T> {
  const startedMs = performance.now()
  const draw = () => output.write(`\r\x1b[K· ${text} … ${secondsSince(startedMs)} s`)
  draw()
  const timer = setInterval(draw, TICK_MS)
  try {
    return await work()
  } finally {
    clearInterval(timer)
    draw()
    output.write('\n')
  }
}

async function loggedStep<T>(line: OnProgress, text: string, work: () => Promise<T>): Promise<T> {
  const startedMs = performance.now()
  line(`${text} …`)
  const result = await work()
  line(`${text}: ${secondsSince(startedMs)} s`)
  return result
}

function secondsSince(startedMs: number): string {
  return ((performance.now() - startedMs) / 1000).toFixed(1)
}
