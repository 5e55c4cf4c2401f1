import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type AdmissionContext, admit, checkGame, type GameCandidate } from '../../../src/desired/admission.ts'
import { engineVersion as version } from '../../support/planning.ts'

const TERRAN = { userId: '7b0c3f50-2f7e-4a63-9a1e-0c6f5f9a1b01', raceName: 'Terran' }
const ZORG = { userId: '7b0c3f50-2f7e-4a63-9a1e-0c6f5f9a1b02', raceName: 'Zorg' }

const game = (changes: Partial<GameCandidate> = {}): GameCandidate => ({
  gameId: 'andromeda',
  engine: 'galaxy',
  engineVersion: '1.0.0',
  imageRef: null,
  state: 'running',
  stopReason: null,
  turnSchedule: null,
  timeZone: 'UTC',
  players: [],
  cpus: null,
  memory: null,
  pids: null,
  allowIncompatibleTo: null,
  ...changes,
})

const context = (changes: Partial<AdmissionContext> = {}): AdmissionContext => ({
  policy: { imageTemplate: 'galaxy-engine:{version}', allowedRegistries: null },
  version: version(),
  stateWriter: null,
  races: null,
  accepted: null,
  ...changes,
})

const problemsOf = (changes: Partial<GameCandidate>, races: readonly string[] | null = null) =>
  checkGame(game(changes), { policy: context().policy, races }).map((each) => each.message)

describe('the fields of a game', () => {
  it.each<[string, Partial<GameCandidate>]>([
    ['the smallest game', {}],
    ['an id that is a lower-case UUID', { gameId: '7b0c3f50-2f7e-4a63-9a1e-0c6f5f9a1b01' }],
    ['an id of 51 characters', { gameId: 'a'.repeat(51) }],
    ['an image alone', { engineVersion: null, imageRef: 'registry.example.com:5000/team/engine:2.0.0' }],
    ['a pre-release with build metadata', { engineVersion: '1.0.0-rc.1+b5' }],
    ['a schedule of five fields', { turnSchedule: '0 18 * * *', timeZone: 'Europe/Berlin' }],
    ['a schedule of six fields', { turnSchedule: '*/10 * * * * *' }],
    ['a schedule of 29 February', { turnSchedule: '0 0 29 2 *' }],
    ['weekdays by name', { turnSchedule: '0 18 * * MON-THU' }],
    ['the least memory Docker takes', { memory: '6Mi' }],
    ['a stop with its reason', { state: 'stopped', stopReason: 'admin_request' }],
    ['players of different races', { players: [TERRAN, ZORG] }],
  ])('are accepted: %s', (_name, changes) => {
    expect(problemsOf(changes)).toEqual([])
  })

  it.each<[Partial<GameCandidate>, string]>([
    [{ gameId: 'Andromeda' }, 'gameId is "Andromeda"; expected at most 51 lower-case letters, digits and inner hyphens'],
    [{ gameId: 'a'.repeat(52) }, `gameId is "${'a'.repeat(52)}"; expected at most 51 lower-case letters, digits and inner hyphens`],
    [{ gameId: '../etc' }, 'gameId is "../etc"; expected at most 51 lower-case letters, digits and inner hyphens'],
    [{ engineVersion: '1.0' }, 'engineVersion is "1.0"; expected a semantic version such as 1.0.0'],
    [{ engineVersion: 'v1.0.0' }, 'engineVersion is "v1.0.0"; expected a semantic version such as 1.0.0'],
    [{ engineVersion: ' 1.0.0' }, 'engineVersion is " 1.0.0"; expected a semantic version such as 1.0.0'],
    [{ engineVersion: null }, 'engineVersion is missing; expected a version such as 1.0.0, or an image'],
    [{ imageRef: 'Team/Engine' }, 'image is "Team/Engine"; expected a repository name in lower case'],
    [{ timeZone: 'Mars/Olympus' }, 'timeZone is "Mars/Olympus"; expected an IANA time zone such as UTC or Europe/Berlin'],
    [{ timeZone: '+02:00' }, 'timeZone is "+02:00"; expected an IANA time zone such as UTC or Europe/Berlin'],
    [{ turnSchedule: '* * *' }, 'turnSchedule is "* * *"; expected a cron expression of 5 or 6 fields such as "0 18 * * *"'],
    [{ turnSchedule: '@daily' }, 'turnSchedule is "@daily"; expected a cron expression of 5 or 6 fields such as "0 18 * * *"'],
    [
      { turnSchedule: 'H H * * *' },
      'turnSchedule is "H H * * *"; expected a cron expression of 5 or 6 fields such as "0 18 * * *", without H',
    ],
    [{ turnSchedule: '0 0 30 2 *' }, 'turnSchedule is "0 0 30 2 *"; expected a cron expression that comes due at least once'],
    [{ cpus: 0.001 }, 'cpus is 0.001; expected cores from 0.01 to 1024, such as 0.5'],
    [{ cpus: Number.NaN }, 'cpus is NaN; expected cores from 0.01 to 1024, such as 0.5'],
    [{ memory: '5Mi' }, 'memory is "5Mi"; expected a size of at least 6Mi, such as 256Mi or 512m'],
    [{ memory: 'much' }, 'memory is "much"; expected a size of at least 6Mi, such as 256Mi or 512m'],
    [{ pids: 0 }, 'pids is 0; expected a whole number from 1 to 4194304'],
    [
      { state: 'stopped' },
      'stopReason is missing; expected one of orphan_cleanup, cancelled, finished, admin_request, timeout for a stopped game',
    ],
    [{ players: [{ ...TERRAN, userId: 'bob' }] }, 'players.0.userId is "bob"; expected a UUID'],
    ...[' ', 'Terran ', 'Ter\tran', 'x'.repeat(65)].map((raceName): [Partial<GameCandidate>, string] => [
      { players: [{ ...TERRAN, raceName }] },
      `players.0.raceName is ${JSON.stringify(raceName)}; expected a name of 1 to 64 characters without control characters or blanks at its ends`,
    ]),
    [
      { players: [TERRAN, { ...ZORG, raceName: 'Terran' }] },
      'players.1.raceName is "Terran"; expected a race that no other player of this game has',
    ],
  ])('are refused with what to write instead: %o', (changes, message) => {
    expect(problemsOf(changes)).toEqual([message])
  })

  it('tell all their problems at once', () => {
    expect(problemsOf({ gameId: '', engineVersion: 'x', timeZone: 'y', pids: -1 })).toHaveLength(4)
  })

  it('after init let the user of a race change, not the races', () => {
    expect(problemsOf({ players: [{ ...ZORG, raceName: 'Terran' }] }, ['Terran'])).toEqual([])
    expect(problemsOf({ players: [TERRAN, ZORG] }, ['Terran'])).toEqual([
      'players is "Terran, Zorg"; expected the races Terran: the game is initialised, so only the user of a race may change',
    ])
  })

  it('never make admission throw or stall, whatever the text', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: fc.constantFrom('a', '-', '/', ':', '@', '.', '_', '0', '*', ' ', 'L', '#', ','), maxLength: 300 }),
    )
    fc.assert(
      fc.property(text, text, text, text, (a, b, c, d) => {
        admit(
          game({ gameId: a, engineVersion: b, imageRef: c, turnSchedule: d, timeZone: a, memory: b, allowIncompatibleTo: c }),
          context(),
        )
        admit(game({ imageRef: c, turnSchedule: a }), context({ version: version({ imageRef: b }), races: [a] }))
      }),
      { numRuns: 300 },
    )
  })
})

describe('admission', () => {
  it('resolves the image by the registry', () => {
    expect(admit(game(), context({ version: version({ imageRef: 'docker.io/library/engine' }) }))).toMatchObject({
      kind: 'admitted',
      image: { imageRef: 'engine:latest', engineVersion: '1.0.0', protocol: 'galaxy', probe: { http: { path: '/healthz', port: 8080 } } },
    })
  })

  it('refuses a version that is not registered, and a disabled one unless the game runs it already', () => {
    const disabled = context({ version: version({ enabled: false }) })
    expect(admit(game(), context({ version: undefined }))).toMatchObject({
      code: 'start_config_invalid',
      message: 'engine version galaxy 1.0.0 is not registered; apply an EngineVersion for it, or choose another',
    })
    expect(admit(game(), disabled)).toMatchObject({
      code: 'start_config_invalid',
      message: 'engine version galaxy 1.0.0 is disabled and starts no new game; enable it, or choose another',
    })
    const accepted = { engine: 'galaxy', engineVersion: '1.0.0', imageRef: 'galaxy-engine:1.0.0' }
    expect(admit(game(), { ...disabled, accepted })).toMatchObject({ kind: 'admitted' })
  })

  it('refuses a version that does not fit what wrote the state', () => {
    const stateWriter = { engine: 'galaxy', version: '0.9.0', imageRef: null }
    expect(admit(game(), context({ stateWriter }))).toMatchObject({ code: 'patch_semver_incompatible' })
    expect(admit(game({ allowIncompatibleTo: '1.0.0' }), context({ stateWriter }))).toMatchObject({ kind: 'admitted' })
  })
})
