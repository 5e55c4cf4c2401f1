import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest'
import { type ApplyRequest, applyDocuments } from '../../src/desired/apply.ts'
import { deleteGame } from '../../src/desired/delete-game.ts'
import { readDesired } from '../../src/desired/rows.ts'
import { documents, game, openSetting, POLICY, type Setting, version, writesOf } from './manifest-builders.ts'

let setting: Setting

beforeAll(async () => {
  setting = await openSetting(inject('postgresUrl'))
})
afterAll(() => setting.end())
beforeEach(async () => {
  await sql`DELETE FROM desired_games; DELETE FROM desired_games; DELETE FROM engine_versions; DELETE FROM game_status; DELETE FROM player_mappings`.execute(
    setting.term.db,
  )
  await apply([version('1.0.0'), version('1.1.0')])
})

const apply = (texts: string[], changes: Partial<ApplyRequest> = {}) =>
  applyDocuments(setting.term.db, {
    documents: documents(...texts),
    source: 'api',
    sourceRef: ({ path, line }) => `${path}:${line}`,
    force: false,
    dryRun: false,
    policy: POLICY,
    ...changes,
  })
const rowOf = async (gameId: string) => (await readDesired(setting.term.db, [gameId])).games[0]
const lobby = (statement: string) => sql.raw(statement).execute(setting.term.db)

describe('applying documents', () => {
  it('creates games and versions, and tells each field it set', async () => {
    const results = await apply([
      game('andromeda', 'engineVersion: 1.0.0, turnSchedule: "0 18 * * *", resources: {memory: 256Mi}'),
      version('1.0.1', 'enabled: false'),
    ])
    expect(results).toEqual([
      {
        kind: 'Game',
        name: 'andromeda',
        outcome: 'created',
        problem: null,
        code: null,
        changes: [
          { path: 'engineVersion', before: undefined, after: '1.0.0' },
          { path: 'turnSchedule', before: undefined, after: '0 18 * * *' },
          { path: 'resources.memory', before: undefined, after: '256Mi' },
        ],
      },
      {
        kind: 'EngineVersion',
        name: 'galaxy/1.0.1',
        outcome: 'created',
        problem: null,
        code: null,
        changes: [
          { path: 'engine', before: undefined, after: 'galaxy' },
          { path: 'version', before: undefined, after: '1.0.1' },
          { path: 'enabled', before: undefined, after: false },
        ],
      },
    ])
    expect(await rowOf('andromeda')).toMatchObject({ managedBy: 'api', writtenBy: 'api', writtenRef: 'a.yaml:1', memory: '256Mi' })
  })

  it('changes what differs, from before to after, and writes nothing the second time', async () => {
    const first = game('andromeda', 'engineVersion: 1.0.0, timeZone: Europe/Berlin')
    const second = game('andromeda', 'engineVersion: 1.0.0, paused: true, resources: {cpus: 0.5}')
    await apply([first])
    expect(await apply([second])).toMatchObject([
      {
        outcome: 'changed',
        changes: [
          { path: 'paused', before: false, after: true },
          { path: 'timeZone', before: 'Europe/Berlin', after: 'UTC' },
          { path: 'resources.cpus', before: null, after: 0.5 },
        ],
      },
    ])
    const before = await writesOf(setting)
    expect(await apply([second, version('1.0.0')])).toMatchObject([{ outcome: 'unchanged', changes: [] }, { outcome: 'unchanged' }])
    expect(await writesOf(setting)).toBe(before)
  })

  it('writes nothing in a dry run, and finds what the same documents would do', async () => {
    const before = await writesOf(setting)
    const texts = [version('2.0.0'), game('andromeda', 'engineVersion: 2.0.0'), game('pegasus', 'engineVersion: 3.0.0')]
    expect(await apply(texts, { dryRun: true })).toMatchObject([{ outcome: 'created' }, { outcome: 'created' }, { outcome: 'refused' }])
    expect(await writesOf(setting)).toBe(before)
  })

  it('refuses one document without stopping the others', async () => {
    const results = await apply([game('a', 'engineVersion: 9.9.9'), game('b')])
    expect(results).toMatchObject([
      {
        outcome: 'refused',
        code: 'start_config_invalid',
        problem: 'engine version galaxy 9.9.9 is not registered; apply an EngineVersion for it, or choose another',
      },
      { outcome: 'created' },
    ])
    expect(await rowOf('b')).toBeDefined()
  })

  it('uses an engine version that comes in the same batch, in whatever order', async () => {
    expect(await apply([game('a', 'engineVersion: 3.0.0'), version('3.0.0')])).toMatchObject([
      { outcome: 'created' },
      { outcome: 'created' },
    ])
  })

  it('refuses a change of an image that games desire, also in a dry run', async () => {
    await apply([game('andromeda')])
    const change = [version('1.0.0', 'image: "other:1"')]
    const problem = expect.stringContaining('engine version galaxy 1.0.0 is desired by andromeda')
    expect(await apply(change, { dryRun: true })).toMatchObject([{ outcome: 'refused', code: 'conflict', problem }])
    expect(await apply(change)).toMatchObject([{ outcome: 'refused', code: 'conflict', problem }])
    expect(await apply([version('1.0.0', 'enabled: false')])).toMatchObject([{ outcome: 'changed' }])
  })
})

describe('a version that an operator disabled', () => {
  it('stays so while documents do not say otherwise', async () => {
    await sql`UPDATE engine_versions SET enabled = false WHERE version = '1.1.0'`.execute(setting.term.db)
    expect(await apply([version('1.1.0')])).toMatchObject([{ outcome: 'unchanged' }])
    const changes = [{ path: 'enabled', before: false, after: true }]
    expect(await apply([version('1.1.0', 'enabled: true')])).toMatchObject([{ outcome: 'changed', changes }])
  })
})

describe('ownership', () => {
  beforeEach(() => lobby("INSERT INTO desired_games (game_id, engine_version) VALUES ('andromeda', '1.0.0')"))

  it('refuses another source’s change of the spec, naming the owner', async () => {
    const before = await writesOf(setting)
    expect(await apply([game('andromeda', 'engineVersion: 1.0.0, timeZone: Europe/Berlin')])).toMatchObject([
      {
        outcome: 'refused',
        code: 'conflict',
        problem: 'game andromeda is managed by lobby, not by api; change it there, or take it over with --force-conflicts',
      },
    ])
    expect(await writesOf(setting)).toBe(before)
  })

  it('lets anybody stop, pause and ask for a restart', async () => {
    const text = game('andromeda', 'engineVersion: 1.0.0, state: Stopped, stopReason: timeout, paused: true, restartToken: a')
    expect(await apply([text])).toMatchObject([{ outcome: 'changed' }])
    expect(await rowOf('andromeda')).toMatchObject({
      managedBy: 'lobby',
      state: 'stopped',
      stopReason: 'timeout',
      paused: true,
      restartToken: 'a',
    })
  })

  it('is taken over by force, and says so', async () => {
    expect(await apply([game('andromeda')], { force: true })).toMatchObject([
      { outcome: 'changed', changes: [{ path: 'managedBy', before: 'lobby', after: 'api' }] },
    ])
    expect(await rowOf('andromeda')).toMatchObject({ managedBy: 'api' })
  })

  it('of an adopted game is anybody’s for the taking', async () => {
    await lobby("UPDATE desired_games SET managed_by = 'reconciler'")
    expect(await apply([game('andromeda', 'engineVersion: 1.0.0, timeZone: Europe/Berlin')])).toMatchObject([{ outcome: 'changed' }])
    expect(await rowOf('andromeda')).toMatchObject({ managedBy: 'api' })
  })

  it('of a game on its way out refuses every change', async () => {
    await lobby("INSERT INTO desired_games (game_id, engine_version) VALUES ('gone', '1.0.0')")
    await lobby("DELETE FROM desired_games WHERE game_id = 'gone'")
    expect(await apply([game('gone', 'engineVersion: 1.0.0, paused: true')])).toMatchObject([
      { code: 'conflict', problem: 'game gone is being deleted; wait until its row is gone, then apply again' },
    ])
  })
})

describe('patch compatibility', () => {
  beforeEach(async () => {
    await apply([game('andromeda')])
    await lobby("INSERT INTO game_status (game_id, state_engine, state_version) VALUES ('andromeda', 'galaxy', '1.0.0')")
  })

  it('holds at this door against what last wrote the state', async () => {
    expect(await apply([game('andromeda', 'engineVersion: 1.1.0')])).toMatchObject([
      { outcome: 'refused', code: 'patch_semver_incompatible', problem: expect.stringContaining('set allowIncompatibleTo to 1.1.0') },
    ])
    expect(await apply([game('andromeda', 'engineVersion: 1.1.0, allowIncompatibleTo: 1.1.0')])).toMatchObject([{ outcome: 'changed' }])
  })
})

describe('the players of an initialised game', () => {
  const players = (userId: string, race: string) => `engineVersion: 1.0.0, players: [{userId: ${userId}, raceName: ${race}}]`
  const [first, second] = ['00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000002']

  it('may hand their races over, and no race may come or go', async () => {
    await apply([game('andromeda', players(first, 'Terran'))])
    await lobby(`INSERT INTO player_mappings VALUES ('andromeda', 'Terran', '${first}', '${second}')`)
    expect(await apply([game('andromeda', players(first, 'Zerg'))])).toMatchObject([
      { outcome: 'refused', code: 'start_config_invalid', problem: expect.stringContaining('only the user of a race may change') },
    ])
    expect(await apply([game('andromeda', players(second, 'Terran'))])).toMatchObject([{ outcome: 'changed' }])
  })
})

describe('deleting a game', () => {
  const request = { gameId: 'andromeda', source: 'api', sourceRef: null, purge: false }

  it('sets the tombstone once', async () => {
    await apply([game('andromeda')])
    expect(await deleteGame(setting.term.db, { ...request, purge: true })).toEqual({ kind: 'deleted' })
    expect(await rowOf('andromeda')).toMatchObject({ deletedAt: expect.any(Date), purgeState: true })
    expect(await deleteGame(setting.term.db, request)).toEqual({ kind: 'already_deleting' })
    expect(await deleteGame(setting.term.db, { ...request, gameId: 'nobody' })).toEqual({ kind: 'not_found' })
  })

  it('is refused for a row that has changed since, or has another owner', async () => {
    await apply([game('andromeda')])
    const seen = await rowOf('andromeda')
    await apply([game('andromeda', 'engineVersion: 1.0.0, paused: true')])
    expect(await deleteGame(setting.term.db, { ...request, ifMatch: seen?.resourceVersion })).toMatchObject({ kind: 'precondition_failed' })
    expect(await deleteGame(setting.term.db, { ...request, onlyIfManagedBy: 'lobby' })).toEqual({
      kind: 'conflict',
      message: 'game andromeda is managed by api, not by lobby',
    })
    expect(await rowOf('andromeda')).toMatchObject({ deletedAt: null })
  })
})
