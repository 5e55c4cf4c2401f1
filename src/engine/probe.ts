import { connect } from 'node:net'
import { request } from 'undici'

export type ProbeCall = { readonly http: { readonly path: string; readonly port: number } } | { readonly tcp: { readonly port: number } }

/** See {@link probeEngine}. */
export type ProbeEngine = typeof probeEngine

/**
 * Asks an engine once. Resolves when it serves: any 2xx, or an accepted connection. Redirects are not followed and the
 * answer's body is not read: an engine is untrusted.
 *
 * @param address an address taken from the runtime's inspect, never from a row or a label
 * @throws whatever says why not
 */
export async function probeEngine(address: string, probe: ProbeCall, signal: AbortSignal): Promise<void> {
  return 'http' in probe ? askHttp(address, probe.http.port, probe.http.path, signal) : askTcp(address, probe.tcp.port, signal)
}

async function askHttp(address: string, port: number, path: string, signal: AbortSignal): Promise<void> {
  const host = address.includes(':') ? `[${address}]` : address
  const { statusCode, body } = await request(`http://${host}:${port}${path}`, { signal, reset: true })
  // Destroying an unread body is reported as its error.
  body.once('error', () => {})
  body.destroy()
  if (statusCode < 200 || statusCode > 299) throw new Error(`${path} on port ${port} answered ${statusCode}`)
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
