import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createToken } from '../../src/api/token.ts'
import { parseExposition } from '../support/prometheus-text.ts'
import { type ApiUnderTest, startApiUnderTest } from './api-server.ts'

describe('GET /metrics', () => {
  let api: ApiUnderTest
  beforeAll(async () => {
    api = await startApiUnderTest()
  })
  afterAll(() => api.stop())

  it('is Prometheus’ text, every family with its type and help', async () => {
    const answer = await scrape(api, { authorization: `Bearer ${api.token}` })
    expect(answer.status).toBe(200)
    expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
    const text = await answer.text()
    const { types, samples } = parseExposition(text)
    for (const { name } of samples) expect(types.has(name) || types.has(name.replace(/_(bucket|sum|count)$/, '')), name).toBe(true)
    expect([...text.matchAll(/^# HELP (\S+) \S/gm)].map(([, name]) => name)).toEqual([...types.keys()])
    expect(types.get('reconcile_total')).toBe('counter')
    expect(types.get('reconcile_time_seconds')).toBe('histogram')
  })

  it.each([
    ['no token', {}],
    ['an unknown token', { authorization: `Bearer ${createToken()}` }],
  ])('is refused with %s', async (_, headers) => {
    const answer = await scrape(api, headers)
    expect(answer.status).toBe(401)
    expect(answer.headers.get('www-authenticate')).toContain('Bearer')
    expect(await answer.json()).toMatchObject({ code: 'unauthorized' })
  })

  it('says nothing of the token, nor of the database’s password', async () => {
    const text = await (await scrape(api, { authorization: `Bearer ${api.token}` })).text()
    expect(text).not.toContain(api.token)
    expect(text).not.toMatch(/postgres:|password/)
  })
})

describe('GET /metrics with GALAXY_METRICS_OPEN', () => {
  let api: ApiUnderTest
  beforeAll(async () => {
    api = await startApiUnderTest({ env: { GALAXY_METRICS_OPEN: 'true' } })
  })
  afterAll(() => api.stop())

  it('wants no token, while all else does', async () => {
    expect((await scrape(api, {})).status).toBe(200)
    expect((await api.call('GET', '/api/v1/games', undefined, {})).status).toBe(401)
  })
})

function scrape(api: ApiUnderTest, headers: Readonly<Record<string, string>>): Promise<Response> {
  return fetch(`${api.url}/metrics`, { headers })
}
