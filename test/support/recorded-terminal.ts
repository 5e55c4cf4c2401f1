import { PassThrough, Writable } from 'node:stream'
import type { Terminal } from '../../src/cli/terminal.ts'

export interface RecordedTerminal extends Terminal {
  /** What was written so far, stdout and stderr together. */
  printed(): string
}

/** A terminal whose output a test reads. */
export function recordedTerminal(over: Partial<Terminal> = {}): RecordedTerminal {
  let printed = ''
  const out = new Writable({
    decodeStrings: false,
    write: (text, _encoding, done) => {
      printed += String(text)
      done()
    },
  })
  return {
    env: {},
    cwd: '/',
    stdin: new PassThrough(),
    stdout: out,
    stderr: out,
    isStdoutTty: false,
    isStderrTty: false,
    columns: null,
    ...over,
    printed: () => printed,
  }
}
