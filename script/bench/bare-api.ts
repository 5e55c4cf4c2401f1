// `bare-api.ts` with an IPC channel: fastify and nothing else, which answers with lists that it holds in memory, serialised anew each time, in
// a process of its own. It ends when the channel does.
import fastify from 'fastify'
import type { ApiAddress } from '../../src/api/address-file.ts'

/** The only message to this process, answered with its URL: what it shall serve, and whose answers those are. */
export interface BareTask extends ApiAddress {
  readonly paths: readonly string[]
}

process.once('message', (message) => void run(message as BareTask)) // sent by api-setting.ts alone

async function run({ url, token, paths }: BareTask): Promise<void> {
  const lists = new Map<string, unknown>()
  for (const path of paths) {
    const answer = await fetch(`${url}${path}`, { headers: { authorization: `Bearer ${token}` } })
    lists.set(path, await answer.json())
  }
  const app = fastify()
  // Without a schema: fastify calls `JSON.stringify`, as our own routes do.
  app.get('/api/v1/games', (request, reply) => reply.send(lists.get(request.url)))
  process.once('disconnect', () => void app.close())
  process.send?.(await app.listen({ host: '127.0.0.1', port: 0 }))
}
