import { afterAll, describe, expect, it } from 'vitest'
import { LobbyClient, STOP_REASONS } from '../../../src/lobby/client.ts'

/** Nothing answers here: whatever got as far as I/O would fail otherwise than with a TypeError. */
const lobby = new LobbyClient({ connectionString: 'postgres://127.0.0.1:1/none' })
afterAll(() => lobby.close())

const USER = '7b0c7f3e-0000-4000-8000-000000000001'
const TERRAN = { userId: USER, raceName: 'Terran' }

/** As from JavaScript, or from a message that nobody has checked. */
const unchecked = (value: unknown) => value as never

describe('arguments of the lobby client', () => {
  it.each(['bored', '', 'Cancelled', 'toString', null, undefined, 5])('refuses %j as a stop reason, before any I/O', async (reason) => {
    const failure = await failureOf(lobby.publishStopJob('andromeda', unchecked(reason)))
    expect(failure).toBeInstanceOf(TypeError)
    for (const known of STOP_REASONS) expect(String(failure)).toContain(known)
  })

  it.each(['', 'Andromeda', 'andromeda-', '-', 'a b', 'a'.repeat(52), 'a\n', undefined, 7])(
    'refuses %j as a game id at every method',
    async (id) => {
      const gameId = unchecked(id)
      const calls = [
        () => lobby.publishStartJob(gameId, { version: '1.0.0' }),
        () => lobby.publishStopJob(gameId, 'cancelled'),
        () => lobby.publishPatchJob(gameId, { version: '1.0.0' }),
        () => lobby.setPlayers(gameId, []),
        () => lobby.deleteGame(gameId),
        () => lobby.getRuntime(gameId),
      ]
      for (const call of calls) {
        const failure = await failureOf(call())
        expect(failure).toBeInstanceOf(TypeError)
        expect(String(failure)).toMatch(/^TypeError: gameId is .*; expected at most 51/)
      }
    },
  )

  it.each<[string, unknown]>([
    ['imageRef', ''],
    ['imageRef', 'an image'],
    ['imageRef', 'x'.repeat(513)],
    ['target', undefined],
    ['target', ['1.0.0']],
    ['target.versoin', { versoin: '1.0.0' }],
    ['version', {}],
    ['version', { version: '1.0' }],
    ['version', { version: 'v1.0.0' }],
    ['version', { version: '1.00.0' }],
    ['version', { version: 1 }],
    ['engine', { version: '1.0.0', engine: 'Chess' }],
    ['imageRef', { version: '1.0.0', imageRef: 'a\0b' }],
  ])('names %s in refusing to start %j', async (field, target) => {
    await refuses(field, lobby.publishStartJob('andromeda', unchecked(target)))
  })

  it.each<[string, object]>([
    ['options.colour', { colour: 'red' }],
    ['options.turnSchedule', { turnSchedule: 'daily' }],
    ['options.timeZone', { timeZone: '' }],
    ['options.timeZone', { timeZone: null }],
    ['options.cpus', { cpus: 0 }],
    ['options.cpus', { cpus: Number.NaN }],
    ['options.cpus', { cpus: '1' }],
    ['options.memory', { memory: 'Mi' }],
    ['options.pids', { pids: 1.5 }],
    ['options.labels', { labels: ['a'] }],
    ['options.labels.tier', { labels: { tier: 1 } }],
    ['options.paused', { paused: 'yes' }],
    ['options.allowIncompatibleTo', { allowIncompatibleTo: '2' }],
    ['options.players', { players: {} }],
    ['options.players[0].userId', { players: [{ userId: 'me', raceName: 'Terran' }] }],
    ['options.players[0].raceName', { players: [{ userId: USER, raceName: ' ' }] }],
    ['options.players[0].raceName', { players: [{ userId: USER, raceName: 'x'.repeat(65) }] }],
    ['options.players[0].raceName', { players: [{ userId: USER, raceName: 'Terran ' }] }],
    ['options.players[1].raceName', { players: [TERRAN, { ...TERRAN, userId: USER.replace('1', '2') }] }],
    ['options.players[0].race', { players: [{ userId: USER, race: 'Terran' }] }],
  ])('names %s in refusing options %j', async (field, options) => {
    await refuses(field, lobby.publishStartJob('andromeda', { version: '1.0.0' }, options))
  })

  it('names the race that two players have, where both are', async () => {
    const failure = await failureOf(lobby.setPlayers('andromeda', [TERRAN, TERRAN]))
    expect(String(failure)).toBe('TypeError: players[1].raceName is "Terran"; expected a race other than that of players[0]')
  })

  it('refuses patches and deletions that say something else', async () => {
    await refuses('version', lobby.publishPatchJob('andromeda', unchecked({ imageRef: 'engine:1' })))
    await refuses('allowIncompatible', lobby.publishPatchJob('andromeda', unchecked({ version: '2.0.0', allowIncompatible: '2.0.0' })))
    await refuses('options.purge', lobby.deleteGame('andromeda', unchecked({ purge: true })))
    await refuses('options.purgeState', lobby.deleteGame('andromeda', unchecked({ purgeState: 1 })))
  })

  it('lets through what the schema takes', async () => {
    const calls = [
      lobby.publishStartJob('7b0c7f3e-0000-4000-8000-00000000000a', 'registry.example.com:5000/team/engine@sha256:0'),
      lobby.publishStartJob('a', { version: '1.0.0-rc.1+build.5', engine: 'chess', imageRef: 'chess' }),
      lobby.publishStartJob(
        'a',
        { version: '1.0.0' },
        { cpus: null, memory: '512m', pids: null, turnSchedule: null, allowIncompatibleTo: null },
      ),
      lobby.setPlayers('a', [{ userId: USER.toUpperCase(), raceName: '🪐'.repeat(64) }]),
    ]
    for (const call of calls) expect(await failureOf(call)).toMatchObject({ code: 'service_unavailable' })
  })

  it('needs to know the database, once', () => {
    expect(() => new LobbyClient(unchecked({}))).toThrow(TypeError)
    expect(() => new LobbyClient(unchecked({ connectionString: 'postgres://x/y', pool: {} }))).toThrow(TypeError)
  })
})

async function refuses(field: string, call: Promise<unknown>): Promise<void> {
  const failure = await failureOf(call)
  expect(failure).toBeInstanceOf(TypeError)
  expect(String(failure)).toContain(`TypeError: ${field} is `)
}

async function failureOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => expect.fail('expected a failure'),
    (error: unknown) => error,
  )
}
