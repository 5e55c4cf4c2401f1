import { request } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createToken } from '../../src/api/token.ts'
import { type ApiUnderTest, startApiUnderTest } from './api-server.ts'

let api: ApiUnderTest
beforeAll(async () => {
  api = await startApiUnderTest()
})
afterAll(() => api.stop())

// Which route lets whom in is walked in api-access.test.ts.

describe.each([
  ['an empty token', { authorization: 'Bearer ' }],
  ['another scheme', { authorization: 'Basic Z2FsYXh5OmdhbGF4eQ==' }],
  ['a token of another form', { authorization: 'Bearer galaxy' }],
  ['two tokens', { authorization: `Bearer ${createToken()} ${createToken()}` }],
])('%s', (_case, headers) => {
  it.each(['/api/v1/games', '/api/v1/nothing/here', '/elsewhere'])('is refused at %s', async (path) => {
    const answer = await api.call('GET', path, undefined, headers)
    expect(answer).toMatchObject({
      status: 401,
      type: expect.stringContaining('application/problem+json'),
      body: { code: 'unauthorized', status: 401, detail: 'the token is not known' },
    })
    expect(answer.headers.get('www-authenticate')).toContain('Bearer')
  })
})

describe('health', () => {
  it.each(['', '/api/v1'])('answers below "%s" without a token', async (prefix) => {
    expect(await api.call('GET', `${prefix}/livez`, undefined, {})).toMatchObject({ status: 200, body: { ok: true } })
    expect(await api.call('GET', `${prefix}/readyz`, undefined, {})).toMatchObject({ status: 200, body: { ok: true } })
  })

  it('tells details to a caller with the token only', async () => {
    expect((await api.call('GET', '/readyz?verbose', undefined, {})).body).toEqual({ ok: true })
    expect((await api.call('GET', '/readyz?verbose')).body).toMatchObject({ leader: true, checks: [{ name: 'docker', ok: true }] })
  })

  it('is not ready while a check fails, and is ready on a standby', async () => {
    api.view.dockerOk = false
    expect(await api.call('GET', '/readyz')).toMatchObject({ status: 503, body: { ok: false } })
    api.view.dockerOk = true
    api.view.leads = false
    expect((await api.call('GET', '/readyz')).status).toBe(200)
    api.view.leads = true
  })
})

describe('hostile paths', () => {
  it.each(['..%2f..%2fetc', '%2e%2e', 'a%00b', 'UPPER', 'a_b', '-a', 'a'.repeat(52), '%E2%80%AE', "a'--", 'a%0ab', '*'])(
    'the game id %s is a bad request',
    async (id) => {
      const answer = await rawGet(`/api/v1/games/${id}`)
      expect([answer.status, answer.code]).toEqual([400, 'invalid_request'])
    },
  )

  it.each(['/api/v1/games/../../livez', '/api/v1/games//x', '//api/v1/games', '/api/v1/games/a/../b', '/api/v1/games/%'])(
    '%s finds nothing',
    async (path) => {
      expect([400, 404]).toContain((await rawGet(path)).status)
    },
  )
})

describe.each([
  ['a malformed percent escape', '/api/v1/games/%zz', 400],
  ['a malformed percent escape outside of the API', '/%zz', 400],
  ['half an escape of UTF-8', '/api/v1/games/%E2%80', 400],
  ['an endless id', `/api/v1/games/${'a'.repeat(500)}`, 414],
])('a path with %s', (_case, path, status) => {
  it('is a problem document', async () => {
    expect(await rawGet(path)).toEqual({ status, code: 'invalid_request', type: expect.stringContaining('application/problem+json') })
  })

  it('is not even looked at without a token', async () => {
    expect(await rawGet(path, {})).toEqual({ status: 401, code: 'unauthorized', type: expect.stringContaining('application/problem+json') })
  })
})

/** fetch would tidy the path up before sending it. */
function rawGet(
  path: string,
  headers: Readonly<Record<string, string>> = { authorization: `Bearer ${api.token}` },
): Promise<{ status: number; code: string; type: string }> {
  const { hostname, port } = new URL(api.url)
  return new Promise((resolve, reject) => {
    const call = request({ hostname, port, path, headers }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          code: JSON.parse(Buffer.concat(chunks).toString() || '{}').code,
          type: response.headers['content-type'] ?? '',
        }),
      )
    })
    call.on('error', reject)
    call.end()
  })
}
