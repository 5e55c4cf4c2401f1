import { connect } from 'node:net'
import { request } from 'undici'
import { type EngineAddress, hostHeaderOf, originOf } from './address.ts'

export type ProbeCall = { readonly http: { readonly path: string; readonly port: number } } | { readonly tcp: { readonly port: number } }

export interface ProbedEngine {
  readonly address: string
  /** Whom the question is meant for; see {@link EngineAddress}. */
  readonly name: string
  readonly probe: ProbeCall
}

/** See {@link probeEngine}. */
export type ProbeEngine = typeof probeEngine

/**
 * Asks an engine once. Resolves when it serves: any 2xx, or an accepted connection. Redirects are not followed and the
 * answer's body is not read: an engine is untrusted.
 *
 * @param target its address taken from the runtime's inspect, never from a row or a label
 * @throws whatever says why not
 */
export async function probeEngine({ address, name, probe }: ProbedEngine, signal: AbortSignal): Promise<void> {
  if ('tcp' in probe) return askTcp(address, probe.tcp.port, signal)
  const { port, path } = probe.http
  return askHttp({ host: address, name, port }, path, signal)
}

async function askHttp(address: EngineAddress, path: string, signal: AbortSignal): Promise<void> {
  const headers = { host: hostHeaderOf(address) }
  const { statusCode, body } = await request(`${originOf(address)}${path}`, { headers, signal, reset: true })
  // Destroying an unread body is reported as its error.
  body.once('error', () => {})
  body.destroy()
  if (statusCode < 200 || statusCode > 299) throw new Error(`${path} on port ${address.port} answered ${statusCode}`)
}

function askTcp(address: string, port: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: address, port, signal })
    socket.once('connect', () => {
      socket.destroy()
      resolve()
    })
    socket.once('error', reject)
  })
}
