import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { sql } from 'kysely'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type ApiServer, buildServer } from '../../src/api/server.ts'
import { until } from '../support/until.ts'
import { type ApiUnderTest, startApiUnderTest } from './api-server.ts'

const MIB = 1024 ** 2
const PATIENCE = { headersMs: 300, requestMs: 600, checkMs: 50, silentMs: 1_000, unreadBytes: 32 * MIB }
/** A loaded machine is slow itself; without a bound these would take a minute or for ever. */
const SOON_MS = 10_000
const CONNECTIONS = 60
/** More than the kernel takes for a reader who does not. */
const LIST = '/api/v1/games?limit=180'

let api: ApiUnderTest
/** The same API with less patience. */
let app: ApiServer
let url: string
const sockets: Socket[] = []
beforeAll(async () => {
  api = await startApiUnderTest({ env: { GALAXY_API_CONNECTIONS: String(CONNECTIONS) } })
  app = buildServer(api.options, PATIENCE)
  url = await app.listen({ host: '127.0.0.1', port: 0 })
  const players = Array.from({ length: 1_000 }, (_, index) => ({
    userId: '7b0c0000-0000-4000-8000-000000000000',
    raceName: `race ${index}`,
  }))
  await sql`INSERT INTO desired_games (game_id, engine_version, players)
    SELECT 'large-' || n, '1.0.0', ${JSON.stringify(players)}::jsonb FROM generate_series(1, 180) n`.execute(api.pool.db)
  // The first time all of them are read, which is slow.
  await fetch(`${url}${LIST}`, bearer()).then((answer) => answer.text())
})
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  await until(connections, (count) => count === 0, 'nobody is connected any more')
})
afterAll(async () => {
  await app.close()
  await api.stop()
})

describe('a client that is slow to ask', () => {
  it.each([
    ['says nothing at all', '', ''],
    ['sends its headers byte by byte', 'GET /api/v1/games HTTP/1.1\r\nhost: x\r\nx-a: ', 'a'],
    [
      'sends a body byte by byte',
      `PUT /api/v1/games/a HTTP/1.1\r\nhost: x\r\nAUTHORIZATION\r\ncontent-type: application/json\r\ncontent-length: 9999\r\n\r\n`,
      ' ',
    ],
    [
      'sends a body in chunks without end',
      `PUT /api/v1/games/a HTTP/1.1\r\nhost: x\r\nAUTHORIZATION\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n`,
      '1\r\n \r\n',
    ],
    [
      'sends a body without being let in',
      'PUT /api/v1/games/a HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 9999\r\n\r\n',
      ' ',
    ],
  ])('is cut off, and others are served meanwhile: it %s', async (_case, head, drop) => {
    const slow = Array.from({ length: 40 }, () => open(head.replace('AUTHORIZATION', `authorization: Bearer ${api.token}`)))
    const dripping = setInterval(() => {
      for (const { socket } of slow) if (socket.writable) socket.write(drop)
    }, 20)
    try {
      while (slow.some(({ socket }) => !socket.closed)) {
        expect((await fetch(`${url}/api/v1/games/none`, bearer())).status).toBe(404)
        expect(performance.now() - (slow[0]?.openedMs ?? 0)).toBeLessThan(SOON_MS)
        await delay(20)
      }
    } finally {
      clearInterval(dripping)
    }
    for (const { text } of slow) expect(text()).toMatch(/^(HTTP\/1\.1 (408|401) .*"code":"(invalid_request|unauthorized)"|$)/s)
  })
})

describe('a client that does not take its answer', () => {
  it('is cut off', async () => {
    await beginToRead(LIST)
    const startedMs = performance.now()
    expect(await connections()).toBe(1)
    await until(connections, (count) => count === 0, 'it is cut off', SOON_MS)
    expect(performance.now() - startedMs).toBeGreaterThan(PATIENCE.silentMs / 4)
  })

  it('takes no memory from others: of too much that is not taken, what waits the longest goes', async () => {
    const bytes = (await (await fetch(`${url}${LIST}`, bearer())).text()).length
    const allowed = Math.floor(PATIENCE.unreadBytes / bytes)
    expect(allowed).toBeLessThan(5)
    for (let reader = 0; reader < 12; reader += 1) {
      await beginToRead(LIST)
      expect(await connections()).toBeLessThanOrEqual(allowed + 1)
    }
    expect((await fetch(`${url}${LIST}`, bearer())).status).toBe(200)
  })
})

describe('a connection too many', () => {
  it('is closed unheard, and there is room again when another one ends', async () => {
    const held = Array.from({ length: CONNECTIONS }, () => open('GET /api/v1/games/none HTTP/1.1\r\nhost: x\r\n\r\n'))
    await until(
      () => held.filter(({ text }) => text().includes('401')).length,
      (count) => count === CONNECTIONS,
      'all are heard',
    )
    const refused = open('GET /api/v1/games/none HTTP/1.1\r\nhost: x\r\n\r\n')
    await until(() => refused.socket.closed, Boolean, 'it is closed')
    expect(refused.text()).toBe('')
    held[0]?.socket.destroy()
    await until(connections, (count) => count < CONNECTIONS, 'one is gone')
    expect((await fetch(`${url}/livez`, bearer())).status).toBe(200)
  })
})

describe('a reader of what goes on', () => {
  it('may hear nothing for as long as there is nothing to say', async () => {
    api.view.logs = async function* (_options, signal) {
      yield Buffer.from('begun\n')
      await delay(2 * PATIENCE.silentMs, undefined, { signal })
      yield Buffer.from('ended\n')
    }
    const answer = await fetch(`${url}/api/v1/games/g/logs?follow=true`, bearer())
    expect(await answer.text()).toBe('begun\nended\n')
  })
})

/** Takes the first piece of an answer, and nothing more. */
async function beginToRead(path: string): Promise<void> {
  const { socket } = open(`GET ${path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${api.token}\r\n\r\n`)
  await once(socket, 'data')
  socket.pause()
}

function open(bytes: string) {
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  let text = ''
  socket.setEncoding('latin1').on('data', (chunk) => {
    text = (text + chunk.toString()).slice(0, 2_000)
  })
  // Being cut off may be a reset.
  socket.on('error', () => undefined)
  socket.write(bytes)
  sockets.push(socket)
  return { socket, openedMs: performance.now(), text: () => text }
}

/** As the server counts them: a reader that is paused does not hear its end. */
function connections(): Promise<number> {
  return new Promise((resolve, reject) => app.server.getConnections((error, count) => (error === null ? resolve(count) : reject(error))))
}

function bearer() {
  return { headers: { authorization: `Bearer ${api.token}`, connection: 'close' } }
}
