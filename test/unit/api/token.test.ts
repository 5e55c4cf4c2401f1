import { describe, expect, it } from 'vitest'
import { parseLifetime } from '../../../src/api/lifetime.ts'
import { bearerToken, createToken } from '../../../src/api/token.ts'
import { isAtLeast, ROLES } from '../../../src/model/role.ts'

describe('how long a token lasts', () => {
  it.each([
    ['30d', 30 * 86_400],
    ['12h', 43_200],
    ['90m', 5_400],
    ['1d12h', 129_600],
    ['3650d', 3_650 * 86_400],
  ])('%s is %d s', (text, seconds) => expect(parseLifetime(text)).toBe(seconds))

  it.each([
    '',
    '0d',
    '30',
    '30s',
    '-1d',
    '+1d',
    '1.5d',
    ' 1d',
    '1d ',
    '1 d',
    'd',
    '3651d',
    '9'.repeat(400),
    '1d'.repeat(20),
    '1e3d',
    '∞d',
    'never',
  ])('is not %j', (text) => expect(parseLifetime(text)).toBeNull())
})

describe('the token of a header', () => {
  const token = createToken()

  it.each([`Bearer ${token}`, `bearer ${token}`, `BEARER   ${token}`])('stands behind its scheme: %s', (header) => {
    expect(bearerToken(header)).toBe(token)
  })

  it.each([
    '',
    token,
    'Bearer',
    'Bearer ',
    `Basic ${token}`,
    `Bearer ${token}x`,
    `Bearer ${token.slice(0, -1)}`,
    `Bearer ${token} ${token}`,
    `Bearer ${token}, Bearer ${token}`,
    `Bearer\t${token}`,
    ` Bearer ${token}`,
    `Bearer ${token.replace('glx_', 'glx-')}`,
    `Bearer ${'x'.repeat(1_000_000)}`,
    `Bearer ${' '.repeat(1_000_000)}`,
  ])('is none in %s', (header) => {
    const startedAt = performance.now()
    expect(bearerToken(header)).toBeNull()
    expect(performance.now() - startedAt).toBeLessThan(100)
  })
})

describe('a role', () => {
  it('may do what those before it may, and nothing of those after it', () => {
    const may = ROLES.map((role) => `${role}: ${ROLES.filter((needed) => isAtLeast(role, needed)).join(' ')}`)
    expect(may).toEqual(['viewer: viewer', 'lobby: viewer lobby', 'operator: viewer lobby operator', 'admin: viewer lobby operator admin'])
  })
})
