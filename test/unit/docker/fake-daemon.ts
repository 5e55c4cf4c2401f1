import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { CallObserver } from '../../../src/docker/calls.ts'
import { connectDocker, type DockerClients } from '../../../src/docker/client.ts'

/** An answer as a daemon once gave it; a function writes its own. */
export type Answer = { readonly status: number; readonly json?: unknown } | ((response: ServerResponse, request: IncomingMessage) => void)

export interface FakeDaemon {
  readonly clients: DockerClients
  /** `METHOD /path?query` of every request but `/version`, without the API version. */
  readonly requests: string[]
  /** How each call but `version` ended, as the controller is told for its metrics: `kind outcome`. */
  readonly outcomes: readonly string[]
  close(): Promise<void>
}

export const never = new AbortController().signal

/**
 * A server on a unix socket that gives recorded answers: for each `METHOD /path` in turn, the last one again and again.
 */
export async function startFakeDaemon(script: Readonly<Record<string, readonly Answer[]>>, callMs = 2_000): Promise<FakeDaemon> {
  const folder = await mkdtemp(path.join(tmpdir(), 'fake-daemon-'))
  const socketPath = path.join(folder, 'docker.sock')
  const requests: string[] = []
  const outcomes: string[] = []
  const counts = new Map<string, number>()
  const server = createServer((request, response) => {
    request.resume()
    const url = (request.url ?? '').replace(/^\/v1\.\d+/, '')
    if (url.startsWith('/version')) return reply(response, 200, { Version: '20.10.24', ApiVersion: '1.41', MinAPIVersion: '1.12' })
    requests.push(`${request.method} ${url.replace(/\?$/, '')}`)
    const key = `${request.method} ${url.split('?')[0]}`
    const answers = script[key] ?? []
    const count = counts.get(key) ?? 0
    counts.set(key, count + 1)
    const answer = answers[Math.min(count, answers.length - 1)] ?? { status: 501, json: { message: `not in the script: ${key}` } }
    if (typeof answer === 'function') answer(response, request)
    else reply(response, answer.status, answer.json)
  })
  await new Promise<void>((resolve) => server.listen(socketPath, resolve))
  const onCall: CallObserver = (kind, _ms, outcome) => {
    if (kind !== 'version') outcomes.push(`${kind} ${outcome}`)
  }
  const clients = await connectDocker({ address: { kind: 'socket', socketPath }, callMs, signal: never, onCall })
  return {
    clients,
    requests,
    outcomes,
    close: async () => {
      clients.close()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await rm(folder, { recursive: true })
    },
  }
}

export function refusal(status: number, message: string): Answer {
  return { status, json: { message } }
}

/** Writes these chunks and ends the answer well. */
export function chunks(...parts: readonly (string | Buffer)[]): Answer {
  return (response) => {
    response.writeHead(200, { 'content-type': 'application/json' })
    for (const part of parts) response.write(part)
    response.end()
  }
}

/** Writes these chunks and breaks the connection. */
export function cut(...parts: readonly string[]): Answer {
  return (response) => {
    response.writeHead(200, { 'content-type': 'application/json' })
    for (const part of parts) response.write(part)
    setTimeout(() => response.destroy(), 20)
  }
}

/** Writes these chunks and then nothing more. */
export function hang(...parts: readonly string[]): Answer {
  return (response) => {
    if (parts.length === 0) return
    response.writeHead(200, { 'content-type': 'application/json' })
    for (const part of parts) response.write(part)
  }
}

function reply(response: ServerResponse, status: number, json: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(status === 204 || status === 304 || json === undefined ? undefined : JSON.stringify(json))
}
