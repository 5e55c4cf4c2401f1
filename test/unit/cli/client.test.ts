import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type ApiClient, ApiFailure, connectClient } from '../../../src/cli/client.ts'

const asked: { line: string; headers: Readonly<Record<string, unknown>>; body: string }[] = []
let answer = { status: 200, body: '{}' }
const server = createServer((request, response) => {
  let body = ''
  request.on('data', (chunk: Buffer) => {
    body += chunk.toString()
  })
  request.on('end', () => {
    asked.push({ line: `${request.method} ${request.url}`, headers: request.headers, body })
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end(answer.body)
  })
})
let client: ApiClient

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo // of TCP, since it listens on a port
  client = connectClient({ url: `http://127.0.0.1:${port}/`, token: 'glx_secret' })
})
beforeEach(() => {
  asked.splice(0)
  answer = { status: 200, body: '{}' }
})
afterAll(() => server.close())

describe('a call', () => {
  it('has its path filled, whatever the values are, and its query written without what is left out', async () => {
    await client.call('GET /games/{id}/operations', { path: { id: '../a b?&#/%2e' }, query: { limit: 5, continue: undefined } })
    await client.call('GET /games', { query: { labelSelector: 'tier=free,region!=eu&x' } })
    await client.call('GET /versions', {})
    expect(asked.map(({ line }) => line)).toEqual([
      'GET /api/v1/games/..%2Fa%20b%3F%26%23%2F%252e/operations?limit=5',
      'GET /api/v1/games?labelSelector=tier%3Dfree%2Cregion%21%3Deu%26x',
      'GET /api/v1/versions',
    ])
  })

  it('carries token, headers and body', async () => {
    const body = { files: [{ path: 'a.yaml', text: 'kind: Game' }] }
    await client.call('POST /manifests/apply', { body })
    await client.call('DELETE /games/{id}', { path: { id: 'a' }, headers: { 'If-Match': '"7"' } })
    expect(asked).toMatchObject([
      { body: JSON.stringify(body), headers: { authorization: 'Bearer glx_secret', 'content-type': 'application/json' } },
      { body: '', headers: { 'if-match': '"7"' } },
    ])
    expect(asked[1]?.headers).not.toHaveProperty('content-type')
  })

  it('that is refused fails with the problem’s own words', async () => {
    answer = { status: 409, body: JSON.stringify({ title: 'Conflict', detail: 'somebody manages it', code: 'conflict', status: 409 }) }
    const failure = await client.call('GET /versions', {}).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(ApiFailure)
    expect(failure).toMatchObject({ message: 'somebody manages it', code: 'conflict', status: 409 })
  })
})
