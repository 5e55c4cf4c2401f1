import type { Readable, Writable } from 'node:stream'

/** What a verb may know of the process it runs in. */
export interface Terminal {
  readonly env: NodeJS.ProcessEnv
  readonly cwd: string
  readonly stdin: Readable
  readonly stdout: Writable
  readonly stderr: Writable
  readonly isStdoutTty: boolean
  readonly isStderrTty: boolean
  /** Width of the terminal; null where there is none. */
  readonly columns: number | null
  /** Height of the terminal; left out where there is none. */
  readonly rows?: number
}

export function printLine(terminal: Terminal, line: string): void {
  terminal.stdout.write(`${line}\n`)
}

export function warnLine(terminal: Terminal, line: string): void {
  terminal.stderr.write(`${line}\n`)
}
