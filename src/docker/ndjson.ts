import type { Readable } from 'node:stream'

const MAX_LINE_CHARS = 1_048_576

/**
 * The non-empty lines of a stream, whole over chunk borders and over characters that a border splits.
 *
 * @throws when the stream breaks, or a line grows past 1 MiB
 */
export async function* readLines(stream: Readable): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
    rest = lines.pop() ?? ''
    if (rest.length > MAX_LINE_CHARS) throw new Error(`a line of Docker's stream is longer than ${MAX_LINE_CHARS} characters`)
    yield* lines.filter((line) => line.trim() !== '')
  }
  if (rest.trim() !== '') yield rest
}

/** @throws Error that shows the start of a line that is no JSON */
export function parseLine(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch (error) {
    throw new Error(`Docker's stream has a line that is no JSON: ${JSON.stringify(line.slice(0, 200))}`, { cause: error })
  }
}
