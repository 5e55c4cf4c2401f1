import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { type Connection, connectionConfig } from './connection.ts'

const CONNECT_TIMEOUT_MS = 5_000
const END_TIMEOUT_MS = 1_000

export interface Listener {
  /** Resolves when the connection is over, by a fault or by `stop`; notifications may have been lost from then on. */
  readonly ended: Promise<void>
  /** Asks the server for an answer, so that a connection that died silently is noticed. */
  check(): Promise<void>
  stop(): Promise<void>
}

/**
 * Listens on a connection of its own, since notifications come only to the session that asked for them. It does not
 * reconnect: what was missed meanwhile is the caller's to find out.
 *
 * @throws when the server cannot be reached
 */
export async function listen(
  connection: Connection,
  channels: readonly string[],
  onNotification: (channel: string, payload: string) => void,
): Promise<Listener> {
  const client = new pg.Client({ ...connectionConfig(connection), connectionTimeoutMillis: CONNECT_TIMEOUT_MS })
  const { promise: ended, resolve: onEnded } = Promise.withResolvers<void>()
  // Every fault of an idle connection comes here; without a listener it would end the process.
  client.on('error', () => onEnded())
  client.on('end', () => onEnded())
  client.on('notification', ({ channel, payload }) => onNotification(channel, payload ?? ''))
  const stop = async () => {
    onEnded()
    // A server that no longer answers never confirms the end.
    await Promise.race([client.end().catch(() => undefined), delay(END_TIMEOUT_MS, undefined, { ref: false })])
  }
  try {
    await client.connect()
    await client.query(channels.map((channel) => `LISTEN ${client.escapeIdentifier(channel)}`).join('; '))
  } catch (error) {
    await stop()
    throw error
  }
  // A server that has stopped answering is asked once, and not again at each check.
  let asked: Promise<void> | null = null
  const ask = async () => {
    try {
      await client.query('SELECT')
    } catch {
      onEnded()
    }
    asked = null
  }
  const check = () => (asked ??= ask())
  return { ended, check, stop }
}
