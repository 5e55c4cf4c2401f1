// `watchers.ts` with an IPC channel: those who watch games as they change, in a process of their own, so that they share no event loop with what
// they watch or with who changes it. It ends when the channel does.
import { once } from 'node:events'
import { Agent, get, type IncomingMessage } from 'node:http'
import type { ApiAddress } from '../../src/api/address-file.ts'

/** The first message to this process; `ready` comes back. Every later one is answered with the arrivals since the last. */
export interface WatchersTask extends ApiAddress {
  readonly clients: number
  /** The label whose value, a number, tells the changes apart. */
  readonly label: string
}

export interface Arrival {
  readonly client: number
  readonly change: number
  /** When the event was there completely; epoch milliseconds. */
  readonly atMs: number
}

process.once('message', (message) => void run(message as WatchersTask)) // sent by watch-delays.ts alone

async function run({ url, token, clients, label }: WatchersTask): Promise<void> {
  let arrivals: Arrival[] = []
  const agent = new Agent({ keepAlive: false })
  const labelled = new RegExp(`"${label}":"(\\d+)"`)
  const begun = Array.from({ length: clients }, async (_, client) => {
    const asked = get(`${url}/api/v1/watch?kinds=games`, { agent, headers: { authorization: `Bearer ${token}` } })
    const [response] = (await once(asked, 'response')) as [IncomingMessage] // Node's event
    if (response.statusCode !== 200) throw new Error(`a watch was answered with ${response.statusCode}`)
    readEvents(response, (event) => {
      const change = labelled.exec(event)?.[1]
      if (change !== undefined) arrivals.push({ client, change: Number(change), atMs: performance.timeOrigin + performance.now() })
    })
    await once(response, 'data') // the first bookmark: everything from here on is told
  })
  await Promise.all(begun)
  process.on('message', () => {
    process.send?.(arrivals)
    arrivals = []
  })
  process.once('disconnect', () => process.exit())
  process.send?.('ready')
}

function readEvents(response: IncomingMessage, onEvent: (text: string) => void): void {
  let rest = ''
  response.setEncoding('latin1').on('data', (chunk: string) => {
    const [...events] = (rest + chunk).split('\n\n')
    rest = events.pop() ?? ''
    for (const event of events) onEvent(event)
  })
}
