import { Readable } from 'node:stream'
import type Dockerode from 'dockerode'

/** Streams an image archive into the daemon (`POST /images/load`). Throws on an error told inside the 200 answer too. */
export async function loadImages(docker: Dockerode, archive: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<void> {
  const source = Readable.from(archive, { objectMode: false })
  const failed = new AbortController()
  // A pipe does not pass on its source's error: without this the daemon would wait for the rest for ever.
  source.once('error', (error) => failed.abort(error))
  try {
    const answer = await docker.loadImage(source, {
      abortSignal: AbortSignal.any([signal, failed.signal]),
    })
    for await (const line of linesOf(answer)) refuseError(line)
  } catch (error) {
    throw failed.signal.aborted ? failed.signal.reason : error
  } finally {
    source.destroy()
  }
}

/** Iterates the stream itself, because readline keeps a connection that breaks off to itself and waits for ever. */
async function* linesOf(stream: AsyncIterable<string | Buffer>): AsyncGenerator<string> {
  let rest = ''
  for await (const chunk of stream) {
    const lines = (rest + chunk.toString()).split('\n')
    rest = lines.pop() ?? ''
    yield* lines
  }
  yield rest
}

/** The stream's lines are `{"stream": …}`, `{"progressDetail": …}` or `{"error": …}` (Docker API, ImageLoad). */
function refuseError(line: string): void {
  const message: unknown = line.trim() === '' ? null : JSON.parse(line)
  if (typeof message === 'object' && message !== null && 'error' in message) {
    throw new Error(`Docker could not load the engine images: ${String(message.error)}`)
  }
}
