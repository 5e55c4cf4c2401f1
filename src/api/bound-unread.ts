import type { FastifyInstance } from 'fastify'
import type { ServerResponse } from 'node:http'

/**
 * Bounds what waits for readers who do not take their answers: of more than so many bytes together, those answers end that have waited the longest.
 * Answers that go on (logs, watches) have bounds of their own and count as nothing here.
 */
export function boundUnread(app: FastifyInstance, maxBytes: number): void {
  /** In the order in which they were sent. */
  const unread = new Map<ServerResponse, number>()
  let totalBytes = 0

  const forget = (response: ServerResponse): void => {
    totalBytes -= unread.get(response) ?? 0
    unread.delete(response)
  }
  app.addHook('onSend', (_request, { raw }, payload, done) => {
    if (typeof payload === 'string' || Buffer.isBuffer(payload)) {
      unread.set(raw, payload.length)
      totalBytes += payload.length
      raw.once('close', () => forget(raw))
      for (const oldest of unread.keys()) {
        if (totalBytes <= maxBytes || oldest === raw) break
        forget(oldest)
        oldest.destroy()
      }
    }
    done(null, payload)
  })
}
