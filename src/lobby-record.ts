import { request } from 'undici'
import { z } from 'zod'
import type { Log } from './log.ts'
import { messageOf } from './model/errors.ts'

const TIMEOUT_MS = 1_000
const MAX_BYTES = 64 * 1024

const recordShape = z.object({ status: z.string().max(200).optional(), target_version: z.string().max(200).optional() })

/**
 * Asks the lobby for its record of a game that starts, for the log alone (spec 4, "Snapshots to the lobby"). Never throws and
 * never waits longer than a second: no start depends on it.
 */
export async function logLobbyRecord(lobbyUrl: string, gameId: string, operationId: string, log: Log, signal: AbortSignal): Promise<void> {
  try {
    const { status, target_version } = await readRecord(lobbyUrl, gameId, AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]))
    log.info({ gameId, operationId, lobbyStatus: status, lobbyTargetVersion: target_version }, 'lobby record')
  } catch (error) {
    if (!signal.aborted) log.info({ gameId, operationId, error: messageOf(error) }, 'lobby record not had')
  }
}

async function readRecord(lobbyUrl: string, gameId: string, signal: AbortSignal): Promise<z.infer<typeof recordShape>> {
  const url = `${lobbyUrl.replace(/\/+$/, '')}/games/${encodeURIComponent(gameId)}`
  const { statusCode, body } = await request(url, { signal, headers: { accept: 'application/json' } })
  const text = await readAtMost(body, MAX_BYTES)
  if (statusCode !== 200) throw new Error(`the lobby answered ${statusCode}`)
  return recordShape.parse(JSON.parse(text))
}

async function readAtMost(body: AsyncIterable<Uint8Array>, limit: number): Promise<string> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of body) {
    size += chunk.length
    if (size > limit) throw new Error(`the lobby answered more than ${limit} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
