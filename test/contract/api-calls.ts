import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { text } from 'node:stream/consumers'
import type { DockerAddress } from '../../src/local/docker-address.ts'

export interface ApiAnswer {
  readonly status: number
  /** Parsed JSON; Docker's own message where it refused; null where there is no body. */
  readonly body: unknown
}

/** Sends one call of the Engine API as it stands, for what our own adapter never asks. */
export async function ask(address: DockerAddress, method: string, path: string, body?: unknown): Promise<ApiAnswer> {
  const place = address.kind === 'socket' ? { socketPath: address.socketPath } : { host: address.host, port: address.port }
  const headers = body === undefined ? {} : { 'content-type': 'application/json' }
  const call = request({ ...place, method, path: `/v1.41${path}`, headers, agent: false })
  call.end(body === undefined ? undefined : JSON.stringify(body))
  const [response] = (await once(call, 'response')) as [IncomingMessage] // Node's event
  const said = (await text(response)).trim()
  const status = response.statusCode ?? 0
  if (said === '') return { status, body: null }
  const lines = said.split('\n')
  return { status, body: lines.length > 1 ? lines.map((line): unknown => JSON.parse(line)) : messageOf(JSON.parse(said)) }
}

function messageOf(json: unknown): unknown {
  const isMessage = typeof json === 'object' && json !== null && 'message' in json && Object.keys(json).length === 1
  return isMessage ? json.message : json
}

/** Names of an object's fields, of those within too: `State.Health.Status`. Lists show their first member. */
export function fieldsOf(value: unknown, deep: readonly string[], prefix = ''): readonly string[] {
  if (Array.isArray(value)) return fieldsOf(value[0], deep, prefix)
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value)
    .flatMap(([name, member]) => [`${prefix}${name}`, ...(deep.includes(name) ? fieldsOf(member, deep, `${prefix}${name}.`) : [])])
    .sort()
}
