import { describe, expect, it } from 'vitest'
import { readRefusal, readState } from '../../../src/engine/answer.ts'
import { parseJson } from '../../../src/engine/json.ts'
import { timed } from '../../support/cpu-time.ts'

const id = (number: number): string => `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`
const player = (number: number, over: object = {}) => ({ id: id(number), raceName: `race ${number}`, planets: 1, population: 10, ...over })
const stateWith = (over: object) => ({ turn: 3, finished: false, players: [player(1), player(2)], ...over })
const bytes = (text: string): Buffer => Buffer.from(text)
const read = (value: unknown) => readState(bytes(typeof value === 'string' ? value : JSON.stringify(value)))

describe('a state', () => {
  it('is taken as it stands', () => {
    expect(read(stateWith({}))).toEqual({ kind: 'read', value: stateWith({}) })
  })

  it.each([
    ['without players', stateWith({ players: [] })],
    ['of the last turn there can be', stateWith({ turn: 2_147_483_647, finished: true })],
    ['of a thousand players', stateWith({ players: Array.from({ length: 1_000 }, (_, number) => player(number)) })],
    ['with fractions of a planet', stateWith({ players: [player(1, { planets: 0.5, population: 1e9 })] })],
    ['of a race whose name has 64 characters', stateWith({ players: [player(1, { raceName: '🪐'.repeat(64) })] })],
  ])('%s is valid', (_, state) => {
    expect(read(state)).toEqual({ kind: 'read', value: state })
  })

  it('loses the fields that nobody asked for, those of the prototype too', () => {
    const text = JSON.stringify(stateWith({ mood: 'calm', players: [player(1, { colour: 'red' })] }))
    const hostile = text.replace(
      '{',
      String.raw`{"__proto__":{"isAdmin":true},"\u005f_proto__":{"isAdmin":true},"constructor":{"prototype":{}},`,
    )
    const reading = read(hostile)
    expect(reading).toEqual({ kind: 'read', value: stateWith({ players: [player(1)] }) })
    expect(Object.keys(reading.kind === 'read' ? reading.value : {})).toEqual(['turn', 'finished', 'players'])
  })

  it('has its ids in lower case, as the database will say them', () => {
    const reading = read(stateWith({ players: [player(1, { id: 'ABCDEF00-0000-4000-8000-000000000001' })] }))
    expect(reading).toMatchObject({ value: { players: [{ id: 'abcdef00-0000-4000-8000-000000000001' }] } })
  })

  it.each<readonly [string, unknown, RegExp]>([
    ['that is empty', '', /expected JSON, found: nothing/],
    ['that is no JSON', '<html>', /expected JSON, found: .*<html>/],
    ['that is cut off', '{"turn":3,"fin', /expected JSON/],
    ['that is a list', [], /expected object, received array/],
    ['that is null', 'null', /expected object, received null/],
    ['without a turn', stateWith({ turn: undefined }), /turn: .*expected number/],
    ['of a turn in words', stateWith({ turn: '3' }), /turn: .*expected number, received string/],
    ['of half a turn', stateWith({ turn: 1.5 }), /turn: .*expected int/],
    ['before the first turn', stateWith({ turn: -1 }), /turn: .*>=0/],
    ['of a turn that no database holds', stateWith({ turn: 2_147_483_648 }), /turn: .*<=2147483647/],
    ['of a turn without end', '{"turn":1e999,"finished":false,"players":[]}', /turn/],
    ['that may be finished', stateWith({ finished: 1 }), /finished: .*expected boolean/],
    ['whose players are a mapping', stateWith({ players: {} }), /players: .*expected array/],
    ['of 1001 players', stateWith({ players: Array.from({ length: 1_001 }, (_, number) => player(number)) }), /players: .*<=1000/],
    ['of a player who is null', stateWith({ players: [null] }), /players\.0: .*received null/],
    ['of a player without a UUID', stateWith({ players: [player(1, { id: 'one' })] }), /players\.0\.id: expected a UUID/],
    ['of a race without a name', stateWith({ players: [player(1, { raceName: '' })] }), /raceName: expected 1 to 64/],
    ['of a race whose name is too long', stateWith({ players: [player(1, { raceName: 'x'.repeat(65) })] }), /raceName: expected 1 to 64/],
    ['of a race whose name has a NUL', stateWith({ players: [player(1, { raceName: 'a\0b' })] }), /raceName: expected/],
    ['of a race with half a surrogate pair', stateWith({ players: [player(1, { raceName: 'a\ud800' })] }), /raceName: expected/],
    ['of a negative number of planets', stateWith({ players: [player(1, { planets: -1 })] }), /planets: .*>=0/],
    [
      'of a population without end',
      '{"turn":1,"finished":false,"players":[{"id":"x","raceName":"y","planets":1,"population":1e999}]}',
      /population/,
    ],
    [
      'that names an id twice',
      stateWith({ players: [player(1), player(1, { raceName: 'other' })] }),
      /players: expected players whose ids differ/,
    ],
    [
      'that names an id twice in other letters',
      stateWith({
        players: [player(1, { id: 'abcdef00-0000-4000-8000-000000000001' }), player(2, { id: 'ABCDEF00-0000-4000-8000-000000000001' })],
      }),
      /players whose ids differ/,
    ],
    [
      'that names a race twice',
      stateWith({ players: [player(1), player(2, { raceName: 'race 1' })] }),
      /players: expected players whose race names differ/,
    ],
  ])('%s is no state, and the reason says so', (_, value, why) => {
    expect(read(value)).toMatchObject({ kind: 'unusable', why: expect.stringMatching(why) })
  })

  it('in broken UTF-8 is no state', () => {
    expect(readState(Buffer.from([0x22, 0xff, 0x22]))).toMatchObject({ kind: 'unusable' })
  })

  it('with thousands of faults is told in few words', () => {
    const reading = read(stateWith({ players: Array.from({ length: 1_000 }, () => ({})) }))
    expect(reading).toMatchObject({ kind: 'unusable', why: expect.stringMatching(/; and 3997 more$/) })
  })
})

describe('JSON', () => {
  it.each([
    ['of 64 levels', '['.repeat(64) + ']'.repeat(64)],
    ['with brackets in a text', JSON.stringify(`${'['.repeat(1_000)}"\\"${'{'.repeat(1_000)}`)],
    ['of many values', `[${'1,'.repeat(400_000)}1]`],
  ])('%s is read', (_, text) => {
    expect(parseJson(bytes(text))).toEqual({ kind: 'read', value: JSON.parse(text) })
  })

  it.each([
    ['of 65 levels', '['.repeat(65) + ']'.repeat(65), /64 levels/],
    ['of half a million levels', '{"a":'.repeat(500_000), /64 levels/],
    ['of a million empty mappings', `[${'{},'.repeat(1_000_000)}{}]`, /500000 values/],
  ])('%s is refused before it is built', (_, text, why) => {
    const { cpuMs, result } = timed(() => parseJson(bytes(text)))
    expect(result).toMatchObject({ kind: 'unusable', why: expect.stringMatching(why) })
    expect(cpuMs).toBeLessThan(1_000)
  })
})

describe('a refusal', () => {
  it.each([
    ['as the contract has it', '{"error":{"code":"turn_ahead","message":"turn 3 is next"}}', 'turn_ahead', 'turn_ahead: turn 3 is next'],
    ['whose code is none', '{"error":{"code":"DROP TABLE","message":"x"}}', null, 'DROP TABLE: x'],
    ['in another form', '{"message":"no"}', null, '{"message":"no"}'],
    ['in plain text', 'go away\n', null, 'go away'],
    ['without a word', '', null, ''],
    ['in colours and over several lines', '\u001b[31mred\u001b[0m\r\nalert\u0007 \u202eevil\u2028end', null, 'red alert evil end'],
    ['that sets a title', '\u001b]0;owned\u0007after\u009b2J', null, 'after'],
  ])('%s is told', (_, text, code, message) => {
    expect(readRefusal(bytes(text))).toEqual({ code, message })
  })

  it('is cut to 300 characters', () => {
    const { message } = readRefusal(bytes('🪐'.repeat(5_000)))
    expect([[...message].length, message.isWellFormed(), message.endsWith('…')]).toEqual([300, true, true])
  })

  it('that is not UTF-8 is told all the same', () => {
    expect(readRefusal(Buffer.from([0x6e, 0x6f, 0xff])).message).toBe('no\ufffd')
  })
})
