import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ApiUnderTest, startApiUnderTest } from './api-server.ts'

let api: ApiUnderTest
beforeAll(async () => {
  api = await startApiUnderTest()
})
afterAll(() => api.stop())

describe('without a token', () => {
  it('the document is told, and is the one in the repository', async () => {
    const { status, body } = await api.call('GET', '/api/v1/openapi.json', undefined, {})
    expect(status).toBe(200)
    expect(body).toEqual(JSON.parse(await readFile(new URL('../../schemas/openapi.json', import.meta.url), 'utf8')))
  })

  it('the page is shown, and may do nothing but be read', async () => {
    const answer = await fetch(`${api.url}/api/v1/docs`)
    expect(answer.status).toBe(200)
    expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect(answer.headers.get('content-security-policy')).toMatch(/^default-src 'none'; style-src 'sha256-[^']+';/)
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff')
    expect(await answer.text()).toContain('<details id="applyGame">')
  })
})
