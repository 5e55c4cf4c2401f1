import { describe, expect, it } from 'vitest'
import { formatPosition, isNoLater, parsePosition } from '../../../src/api/watch/position.ts'

describe('a position of the watch', () => {
  it.each([
    [{ seen: '812:812:' }],
    [{ seen: '812:830:813,820' }],
    [{ seen: '812:815:813', next: { snapshot: '815:820:', through: 4711 } }],
  ])('%j is understood as it was written', (position) => {
    expect(parsePosition(formatPosition(position))).toEqual(position)
  })

  it.each([
    '',
    '812',
    '812:812',
    '0:5:',
    '9:5:',
    '5:9:9',
    '5:9:4',
    '5:9:7,6',
    '5:9:6,6',
    '5:9:6,',
    '5:9:~5:9:',
    '5:9:~5:9:~x',
    '5:9:~5:9:~1~2',
    '-5:9:',
    '5:9: ',
    `5:99999999999999999999:`,
    `5:9:${'6,'.repeat(3_000)}7`,
  ])('%# is none', (text) => {
    expect(parsePosition(text)).toBeNull()
  })

  it.each([
    ['5:9:', '5:9:', true],
    ['5:9:5', '9:9:', true],
    ['9:9:', '12:15:13', true],
    ['12:15:13', '9:9:', false],
    ['100:100:', '99:101:99', false],
  ])('%s is no later than %s: %s', (snapshot, than, expected) => {
    expect(isNoLater(snapshot, than)).toBe(expected)
  })
})
