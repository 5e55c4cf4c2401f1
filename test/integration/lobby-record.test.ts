import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pino } from 'pino'
import { afterEach, describe, expect, it } from 'vitest'
import { logLobbyRecord } from '../../src/lobby-record.ts'

const endings: (() => void)[] = []

afterEach(() => {
  for (const end of endings.splice(0)) end()
})

async function lobby(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  endings.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/` // it listens on TCP
}

async function logged(url: string): Promise<Readonly<Record<string, unknown>>> {
  const lines: string[] = []
  const log = pino({}, { write: (line: string) => lines.push(line) })
  await logLobbyRecord(url, 'andromeda', 'op-1', log, new AbortController().signal)
  expect(lines).toHaveLength(1)
  return JSON.parse(lines[0] ?? '')
}

describe('the lobby’s record of a game that starts', () => {
  it('is logged with status and target version', async () => {
    const paths: (string | undefined)[] = []
    const url = await lobby((request, response) => {
      paths.push(request.url)
      response.end('{"status": "enrolling", "target_version": "1.0.0", "more": {}}')
    })
    expect(await logged(url)).toMatchObject({
      gameId: 'andromeda',
      operationId: 'op-1',
      lobbyStatus: 'enrolling',
      lobbyTargetVersion: '1.0.0',
    })
    expect(paths).toEqual(['/games/andromeda'])
  })

  it.each<[string, RequestListener]>([
    ['never answers', () => {}],
    ['refuses', (_, response) => response.writeHead(500).end()],
    ['redirects', (_, response) => response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end()],
    ['answers without end', (_, response) => void response.write('x'.repeat(1_000_000))],
    ['answers no JSON', (_, response) => response.end('hello')],
  ])('is not waited for when the lobby %s', async (_, listener) => {
    const startedMs = performance.now()
    expect(await logged(await lobby(listener))).toMatchObject({ msg: 'lobby record not had', error: expect.any(String) })
    expect(performance.now() - startedMs).toBeLessThan(3_000)
  })
})
