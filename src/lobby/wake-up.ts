import type { LobbyDatabase } from './connection.ts'
import { type LobbyError, toLobbyError } from './errors.ts'
import { pause, untilSettled } from './pause.ts'

export interface WakeUp {
  /** Resolves at a notification, which may have come before; at the latest after `ms`, or when stopped. */
  wait(ms: number): Promise<void>
  /** Waits a moment for the connection to end. */
  stop(): Promise<void>
}

const CHANNEL = 'galaxy_outbox'
const END_TIMEOUT_MS = 1_000

/**
 * Listens for snapshots on a connection of its own, made anew whenever it is lost. A notification may be lost all the
 * same: the caller polls besides, and the poll is also what covers for a transaction pooler that swallows LISTEN.
 */
export function wakeOnSnapshots(database: LobbyDatabase, onError: (error: LobbyError) => void): WakeUp {
  const abort = new AbortController()
  const { signal } = abort
  let rung = Promise.withResolvers<void>()
  const ring = () => rung.resolve()
  const listening = keepListening(database, ring, onError, signal)
  return {
    wait: async (ms) => {
      await untilSettled(rung.promise, ms, signal)
      rung = Promise.withResolvers<void>()
    },
    stop: async () => {
      abort.abort()
      ring()
      // A server that no longer answers never confirms the end.
      await untilSettled(listening, END_TIMEOUT_MS)
    },
  }
}

async function keepListening(
  database: LobbyDatabase,
  ring: () => void,
  onError: (error: LobbyError) => void,
  signal: AbortSignal,
): Promise<void> {
  for (let failures = 0; !signal.aborted; failures += 1) {
    try {
      await listenOnce(database, signal, () => {
        failures = 0
        // Something may have been told while nobody listened.
        ring()
      })
    } catch (error) {
      if (!signal.aborted) onError(toLobbyError(error, null))
    }
    await pause(failures, signal)
  }
}

/** Resolves when the connection has ended without an error, or the signal is aborted. */
async function listenOnce(database: LobbyDatabase, signal: AbortSignal, onListening: () => void): Promise<void> {
  const client = database.newClient()
  const ended = Promise.withResolvers<void>()
  ended.promise.catch(() => undefined)
  client.on('error', (error) => ended.reject(error))
  client.on('end', () => ended.resolve())
  const onAbort = () => ended.resolve()
  signal.addEventListener('abort', onAbort)
  try {
    await client.connect()
    client.on('notification', onListening)
    await client.query(`LISTEN ${CHANNEL}`)
    onListening()
    if (!signal.aborted) await ended.promise
  } finally {
    signal.removeEventListener('abort', onAbort)
    await untilSettled(client.end(), END_TIMEOUT_MS)
  }
}
