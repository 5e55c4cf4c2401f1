import { once } from 'node:events'
import { Agent, type IncomingMessage, request } from 'node:http'

/** Whom to ask, and for what. */
export interface ListTarget {
  readonly url: string
  readonly token: string
  /** Asked for in turn. */
  readonly paths: readonly string[]
}

export interface Answered {
  readonly tookMs: number
  /** Of its body. */
  readonly bytes: number
}

const CONNECTIONS = 8

/** Asks over so many connections at once, each for the next list as soon as it has one. */
export async function loadLists(target: ListTarget, durationMs: number, signal: AbortSignal): Promise<readonly Answered[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS })
  const endMs = performance.now() + durationMs
  const answered: Answered[] = []
  let next = 0
  const work = async (): Promise<void> => {
    while (performance.now() < endMs) {
      signal.throwIfAborted()
      answered.push(await ask(agent, target, target.paths[next++ % target.paths.length] ?? ''))
    }
  }
  try {
    await Promise.all(Array.from({ length: CONNECTIONS }, work))
    return answered
  } finally {
    agent.destroy()
  }
}

async function ask(agent: Agent, { url, token }: ListTarget, path: string): Promise<Answered> {
  const startedMs = performance.now()
  const asked = request(`${url}${path}`, { agent, headers: { authorization: `Bearer ${token}` } }).end()
  const [response] = (await once(asked, 'response')) as [IncomingMessage] // Node's event
  let bytes = 0
  response.on('data', (chunk: Buffer) => {
    bytes += chunk.length
  })
  await once(response, 'end')
  if (response.statusCode !== 200) throw new Error(`${path} was answered with ${response.statusCode}`)
  return { tookMs: performance.now() - startedMs, bytes }
}
