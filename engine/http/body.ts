import type { IncomingMessage } from 'node:http'
import { EngineError } from '../engine-error.ts'
import { type Reader, ShapeError } from '../shape.ts'

const BODY_LIMIT_BYTES = 256 * 1024

/** Reads a whole JSON body. Throws EngineError 413 above {@link BODY_LIMIT_BYTES}, 400 where it is not what `read` expects. */
export async function readBody<T>(request: IncomingMessage, read: Reader<T>): Promise<T> {
  const text = await readText(request)
  return shaped(read, parsed(text), 'body')
}

/** Turns a ShapeError into the answer 400. */
export function shaped<T>(read: Reader<T>, value: unknown, path: string): T {
  try {
    return read(value, path)
  } catch (error) {
    if (error instanceof ShapeError) throw new EngineError(400, 'invalid_request', error.message)
    throw error
  }
}

async function readText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  // Without an encoding set, a request yields Buffers; its iterator is typed as any.
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > BODY_LIMIT_BYTES) {
      throw new EngineError(413, 'too_large', `the body may have at most ${BODY_LIMIT_BYTES} bytes`)
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new EngineError(400, 'invalid_request', 'the body is not JSON')
  }
}
