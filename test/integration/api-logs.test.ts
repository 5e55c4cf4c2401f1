import { setImmediate as nextTurn } from 'node:timers/promises'
import { connect } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createToken, hashToken } from '../../src/api/token.ts'
import { createTokenRow, revokeToken } from '../../src/api/token-store.ts'
import { connectClient } from '../../src/cli/client.ts'
import { logs } from '../../src/cli/logs.ts'
import type { LogOptions } from '../../src/model/log-options.ts'
import { recordedTerminal } from '../support/recorded-terminal.ts'
import { until } from '../support/until.ts'
import { type ApiUnderTest, startApiUnderTest } from './api-server.ts'

let api: ApiUnderTest
/** Followed logs that the container's side still serves. */
let open: number
let asked: LogOptions | null
beforeEach(async () => {
  api = await startApiUnderTest({ env: { GALAXY_API_STREAMS_PER_TOKEN: '3' } })
  open = 0
  asked = null
})
afterEach(() => api.stop())

const path = (query = '') => `${api.url}/api/v1/games/g/logs${query}`
const bearer = (token = api.token) => ({ headers: { authorization: `Bearer ${token}` } })

/** What a container writes: these chunks, then nothing until somebody ends it. */
function writes(chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): void {
  api.view.logs = async function* (options, signal) {
    asked = options
    open += 1
    try {
      yield* chunks
      if (options.follow) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
    } finally {
      open -= 1
    }
  }
}

const someLines = [Buffer.from('out 1\n'), Buffer.from('\u001b[31merr 1\u001b[0m\n')]

describe('a log', () => {
  it('is told as it was written, and which part of it is asked for', async () => {
    writes(someLines)
    const answer = await fetch(path('?tail=20&timestamps=true&since=2026-01-31T18:00:00Z'), bearer())
    expect([answer.status, answer.headers.get('content-type'), answer.headers.get('x-content-type-options')]).toEqual([
      200,
      'text/plain; charset=utf-8',
      'nosniff',
    ])
    expect(await answer.text()).toBe('out 1\n\u001b[31merr 1\u001b[0m\n')
    expect(asked).toEqual({ follow: false, tail: 20, timestamps: true, sinceMs: Date.UTC(2026, 0, 31, 18) })
    await fetch(path('?since=10m&tail=all'), bearer()).then((each) => each.text())
    expect(asked).toMatchObject({ tail: null, sinceMs: expect.closeTo(Date.now() - 600_000, -4) })
  })

  it.each(['tail=-1', 'tail=1e9', 'tail=9999999', 'since=yesterday', 'since=1', 'follow=yes', 'lines=1', 'follow=true&follow=true'])(
    '?%s is refused',
    async (query) => {
      writes(someLines)
      expect(await api.call('GET', `/api/v1/games/g/logs?${query}`)).toMatchObject({ status: 400, body: { code: 'invalid_request' } })
      expect(open).toBe(0)
    },
  )

  it('of a game without a container says so', async () => {
    expect(await api.call('GET', '/api/v1/games/g/logs')).toMatchObject({ status: 404, body: { code: 'not_found' } })
  })

  it('that breaks off does not look like one that ended', async () => {
    writes(
      (async function* () {
        yield Buffer.from('half')
        await nextTurn()
        throw new Error('Docker went away')
      })(),
    )
    const answer = await fetch(path(), bearer())
    await expect(answer.text()).rejects.toThrow()
  })
})

describe('a followed log', () => {
  it('ends on our side as soon as its reader is gone', async () => {
    writes(someLines)
    const reader = new AbortController()
    const answer = await fetch(path('?follow=true'), { ...bearer(), signal: reader.signal })
    await answer.body?.getReader().read()
    expect(open).toBe(1)
    reader.abort()
    await until(
      () => open,
      (count) => count === 0,
      'it is ended',
    )
  })

  it('is counted per token, and one too many is refused until another has ended', async () => {
    writes(someLines)
    const readers = Array.from({ length: 3 }, () => new AbortController())
    for (const { signal } of readers) await fetch(path('?follow=true'), { ...bearer(), signal })
    expect(await api.call('GET', '/api/v1/games/g/logs')).toMatchObject({ status: 429, body: { code: 'too_many_requests' } })
    const other = await fetch(path(), bearer(await token('other')))
    expect(other.status).toBe(200)
    await other.text()
    readers[0]?.abort()
    await until(
      () => open,
      (count) => count === 2,
      'it is ended',
    )
    expect((await fetch(path(), bearer())).status).toBe(200)
    for (const reader of readers) reader.abort()
  })

  it('ends within seconds when its token is revoked or expires, and no other does', async () => {
    writes(someLines)
    const [revoked, expired, good] = await Promise.all(['revoked', 'expired', 'good'].map(token))
    const [ofRevoked, ofExpired] = await Promise.all([revoked, expired].map((each) => fetch(path('?follow=true'), bearer(each))))
    const stays = new AbortController()
    await fetch(path('?follow=true'), { ...bearer(good), signal: stays.signal })
    await revokeToken(api.pool.db, 'revoked', 'local')
    await api.pool.db
      .updateTable('api_tokens')
      .set({ expires_at: new Date(0) })
      .where('name', '=', 'expired')
      .execute()
    const startedMs = performance.now()
    await Promise.all([ofRevoked, ofExpired].map((answer) => expect(answer?.text()).resolves.toContain('out 1')))
    expect(performance.now() - startedMs).toBeLessThan(5_000)
    expect(open).toBe(1)
    stays.abort()
  })

  it('does not hold up the end of the API', async () => {
    writes(someLines)
    await fetch(path('?follow=true'), bearer())
    const startedMs = performance.now()
    await api.stop()
    expect(performance.now() - startedMs).toBeLessThan(2_000)
    expect(open).toBe(0)
    api = await startApiUnderTest()
  })

  it('holds its container back while nobody reads, instead of filling the memory', async () => {
    let written = 0
    const chunk = Buffer.alloc(65_536, 'x')
    writes(
      (async function* () {
        for (; written < 4_000; written += 1) {
          yield chunk
          await nextTurn()
        }
      })(),
    )
    const socket = connect(Number(new URL(api.url).port), '127.0.0.1')
    socket.write(`GET /api/v1/games/g/logs?follow=true HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${api.token}\r\n\r\n`)
    socket.pause()
    let before = -1
    await until(
      () => {
        const isStill = written > 0 && written === before
        before = written
        return isStill
      },
      Boolean,
      'it is held back',
    )
    // What the kernel's buffers take; nothing like the 250 MB that are there.
    expect(written * chunk.length).toBeLessThan(32 * 1024 ** 2)
    socket.destroy()
    await until(
      () => open,
      (count) => count === 0,
      'it is ended',
    )
  })
})

describe('galaxy logs', () => {
  it('prints what was written into a pipe, and what can be read on a terminal', async () => {
    writes(someLines)
    const options = { follow: false, tail: '2', since: null, timestamps: false }
    const pipe = recordedTerminal()
    await logs(pipe, connectClient(api), 'g', options)
    expect(pipe.printed()).toBe('out 1\n\u001b[31merr 1\u001b[0m\n')
    const terminal = recordedTerminal({ isStdoutTty: true })
    await logs(terminal, connectClient(api), 'g', options)
    expect(terminal.printed()).toBe('out 1\nerr 1\n')
  })

  it('says why there is none', async () => {
    const asked = logs(recordedTerminal(), connectClient(api), 'g', { follow: true, tail: null, since: null, timestamps: false })
    await expect(asked).rejects.toThrow('game g has no container now')
  })
})

async function token(name: string): Promise<string> {
  const secret = createToken()
  await createTokenRow(api.pool.db, { name, role: 'viewer', hash: hashToken(secret), lifetimeS: null, createdBy: 'local' })
  return secret
}
