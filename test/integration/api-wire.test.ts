import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createLog } from '../../src/log.ts'
import { FORGED } from '../support/openapi-arbitraries.ts'
import { type ApiUnderTest, gameBody, startApiUnderTest } from './api-server.ts'

let api: ApiUnderTest
const lines: string[] = []
beforeAll(async () => {
  api = await startApiUnderTest({ log: createLog('trace', { write: (line: string) => void lines.push(line) }) })
})
afterAll(() => api.stop())

describe('what is no HTTP request', () => {
  it.each([
    ['no request line', 'hello\r\n\r\n', 400],
    ['another protocol’s greeting', '\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003', 400],
    ['an unknown method', 'FROB /api/v1/games HTTP/1.1\r\nHost: x\r\n\r\n', 400],
    ['a header with a NUL', 'GET /api/v1/games HTTP/1.1\r\nHost: x\r\nA: b\u0000c\r\n\r\n', 400],
    ['a header without a colon', 'GET /api/v1/games HTTP/1.1\r\nHost: x\r\nforged\r\n\r\n', 400],
    ['a folded header', 'GET /api/v1/games HTTP/1.1\r\nHost: x\r\nA: b\r\n c\u0001\r\n\r\n', 400],
    ['a request line with a bare LF', 'GET /api/v1/games\nHTTP/1.1\r\n\r\n', 400],
    ['two lengths', 'POST /api/v1/games HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab', 400],
    [
      'a length and chunks',
      'POST /api/v1/games HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      400,
    ],
    ['a chunk of no length', 'POST /x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n', 400],
    ['headers without end', `GET /api/v1/games HTTP/1.1\r\nHost: x\r\nA: ${'b'.repeat(20_000)}\r\n\r\n`, 431],
    ['a path without end', `GET /${'b'.repeat(20_000)} HTTP/1.1\r\nHost: x\r\n\r\n`, 431],
  ])('is refused with a problem: %s', async (_case, bytes, status) => {
    const answer = await speak(bytes)
    expect(answer).toMatchObject({ status, type: 'application/problem+json; charset=utf-8', body: { code: 'invalid_request', status } })
    expect(answer.body).toHaveProperty('requestId')
  })
})

describe('a target that leads elsewhere', () => {
  it.each([
    'GET /api/v1/../../etc/passwd',
    'GET /api/v1/games/..',
    'GET /api/v1/games/%2e%2e',
    'GET /api/v1/games/%2e%2e%2fversions',
    'GET //api/v1/games',
    'GET /api//v1/games',
    'GET /api/v1/games/',
    'GET /API/V1/GAMES',
    'GET /api/v1/games;x=y',
    'GET /api/v1/games/%00',
    'GET /api/v1/games/a%0d%0aset-cookie:x',
    'GET http://elsewhere/api/v1/nothing',
    'OPTIONS *',
    'GET /api/v1/games/%',
    'GET /api/v1/games/%c0%ae',
  ])('is nothing, and is told so in our own words: %s', async (line) => {
    const answer = await speak(`${line} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${api.token}\r\nConnection: close\r\n\r\n`)
    expect([400, 404]).toContain(answer.status)
    expect(answer.type).toBe('application/problem+json; charset=utf-8')
    expect(answer.head.toLowerCase()).not.toContain('set-cookie')
  })
})

describe('a client that expects what nobody knows', () => {
  it('is served all the same', async () => {
    const answer = await speak('GET /api/v1/nothing HTTP/1.1\r\nHost: x\r\nExpect: miracles\r\nConnection: close\r\n\r\n')
    expect(answer).toMatchObject({ status: 401, type: 'application/problem+json; charset=utf-8' })
  })
})

describe('a body', () => {
  const restart = '/api/v1/admin/runtimes/bodies/restart'
  const asked = (body: string, type = 'application/json') =>
    api.call('POST', `${restart}?dryRun=true`, body, { authorization: `Bearer ${api.token}`, ...(type !== '' && { 'content-type': type }) })

  beforeAll(async () => {
    await api.call('PUT', '/api/v1/games/bodies', gameBody('bodies'))
  })

  it.each(['', 'null', '{}'])('of a verb that needs none may be %j', async (body) => {
    expect((await asked(body)).status).toBe(200)
  })

  it.each([
    ['{"dryRun":true}', 'application/json', 400],
    ['{', 'application/json', 400],
    ['{}', 'text/plain', 415],
    ['{}', 'application/jsonish', 415],
    ['a=b', 'application/x-www-form-urlencoded', 415],
  ])('that is none is refused: %s as %s', async (body, type, status) => {
    expect(await asked(body, type)).toMatchObject({ status, body: { code: 'invalid_request' } })
  })

  it('where none is expected is refused, so that a wish in it is not overlooked', async () => {
    const answer = await api.call('POST', '/api/v1/manifests/prune', { dryRun: true })
    expect(answer).toMatchObject({ status: 400, body: { detail: 'body: this takes none' } })
    expect((await api.call('POST', '/api/v1/manifests/prune?dryRun=true', {})).status).toBe(200)
    expect((await api.call('DELETE', '/api/v1/games/bodies?dryRun=true', { purgeState: true })).status).toBe(400)
  })

  it('nested deeper than anybody can follow is refused before it is followed', async () => {
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`
    for (const [method, path] of [
      ['PUT', '/api/v1/games/bodies'],
      ['POST', restart],
      ['POST', '/api/v1/manifests/apply'],
    ] as const)
      expect(await api.call(method, path, deep)).toMatchObject({
        status: 400,
        body: { detail: 'body: expected JSON of at most 64 levels, found more' },
      })
  })

  it('longer than is taken is refused', async () => {
    expect((await api.call('PUT', '/api/v1/games/bodies', `"${'x'.repeat(1_100_000)}"`)).status).toBe(413)
  })
})

describe('the log', () => {
  it('has nothing of headers that callers may fill as they like', async () => {
    lines.splice(0)
    const evil = '\u0009\u0085{"level":"fatal","msg":"forged"}\u009b31m'
    const named = ['User-Agent', 'Referer', 'X-Forwarded-For', 'X-Request-Id', 'Request-Id', 'Traceparent', 'Last-Event-ID', 'If-Match']
    const headers = named.map((name) => `${name}: ${evil}\r\n`).join('')
    const head = `Host: ${'x'.repeat(300)}\r\nAuthorization: Bearer ${api.token}\r\n${headers}Connection: close\r\n\r\n`
    const answer = await speak(`POST /api/v1/manifests/prune?dryRun=true HTTP/1.1\r\n${head}`)
    expect(answer.status).toBe(200)
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([{ msg: 'operator asked', path: '/api/v1/manifests/prune' }])
    expect(`${lines.join('')}${answer.head}`).not.toMatch(/forged|xxx|31m/)
  })

  it('has one line for what an operator did, whatever was in the request', async () => {
    lines.splice(0)
    const evil = encodeURIComponent(FORGED)
    await api.call('PUT', `/api/v1/admin/engine-versions/${evil}`, { forged: FORGED })
    await api.call('DELETE', `/api/v1/admin/tokens/${evil}?dryRun=true`)
    await api.call('POST', '/api/v1/manifests/prune?dryRun=true')
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([{ msg: 'operator asked', path: '/api/v1/manifests/prune' }])
    expect(lines.join('')).not.toContain('forged')
  })
})

describe('what was to be expected', () => {
  it('on a standby is refused, and is no error in the log', async () => {
    api.view.leads = false
    lines.splice(0)
    const asked = ['GET /api/v1/games/bodies/plan', 'GET /api/v1/games/bodies/diff', 'GET /api/v1/usage'].map((line) => line.split(' '))
    for (const [method = '', path = ''] of asked) expect((await api.call(method, path)).status).toBe(503)
    api.view.leads = true
    const told = lines.map((line): unknown => JSON.parse(line))
    expect(told).toHaveLength(asked.length)
    for (const line of told) expect(line).toMatchObject({ level: 'debug', msg: 'request refused', code: 'service_unavailable' })
    expect(lines.join('')).not.toContain('stack')
  })
})

describe('an Authorization header', () => {
  it.each([
    'Bearer',
    'Bearer ',
    'Basic YWRtaW46YWRtaW4=',
    'Bearer glx_',
    `Bearer glx_${'A'.repeat(42)}`,
    `Bearer glx_${'A'.repeat(43)}`,
    `Bearer glx_${'A'.repeat(44)}`,
    `Bearer GLX_${'A'.repeat(43)}`,
    `Bearer glx_${'A'.repeat(42)}=`,
    `Bearer glx_${'A'.repeat(42)}\u00e9`,
    `Bearer\tglx_${'A'.repeat(43)}`,
    `Token glx_${'A'.repeat(43)}`,
    'Bearer TOKEN,TOKEN',
    'Bearer TOKEN x',
    'BearerTOKEN',
    'TOKEN',
    'Bearer "TOKEN"',
    "Bearer ' OR true --",
    'Bearer null',
    'Bearer __proto__',
    'Bearer ..%2f..%2f',
    'Bearer \u001b[2J',
  ])('that is none of ours is refused, and not repeated anywhere: %j', async (header) => {
    lines.splice(0)
    const sent = header.replaceAll('TOKEN', api.token)
    const answer = await speak(`GET /api/v1/games HTTP/1.1\r\nHost: x\r\nAuthorization: ${sent}\r\nConnection: close\r\n\r\n`)
    // An escape is no character of a header.
    expect([400, 401]).toContain(answer.status)
    expect(answer.type).toBe('application/problem+json; charset=utf-8')
    expect(`${answer.head}${JSON.stringify(answer.body)}`).not.toContain('glx_')
    expect(lines).toEqual([])
  })
})

interface Said {
  readonly status: number
  readonly type: string
  readonly head: string
  readonly body: unknown
}

/** What comes back for these very bytes, until the other side has said all. */
function speak(bytes: string): Promise<Said> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(api.url).port), '127.0.0.1', () => socket.write(bytes, 'latin1'))
    const chunks: Buffer[] = []
    socket.setTimeout(10_000, () => socket.destroy(new Error('nothing came back')))
    socket.on('data', (chunk) => chunks.push(Buffer.from(chunk)))
    socket.on('error', reject)
    socket.on('close', () => {
      const [head = '', body = ''] = Buffer.concat(chunks).toString('utf8').split('\r\n\r\n')
      const type = /^content-type: (.*)$/im.exec(head)?.[1] ?? ''
      resolve({ status: Number(head.split(' ')[1]), type: type.trim(), head, body: body === '' ? null : JSON.parse(body) })
    })
  })
}
