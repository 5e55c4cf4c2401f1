import { rename, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { sql } from 'kysely'
import { beforeEach, describe, expect, it } from 'vitest'
import { listManifests } from '../../src/api/reads/manifests.ts'
import { openPool } from '../../src/database/pool.ts'
import { confirmPrune } from '../../src/desired/manifest/prune.ts'
import { game, startRescans, version, writesOf } from './manifest-builders.ts'
import { watchedFolder } from './manifest-watched.ts'

const { setting, folder, rescans, gamesNow, idsNow } = watchedFolder()

const GONE = /^root\/c\.yaml document Game\/c, gone since 20\d\d-\d\d-\d\dT[\d:.]+Z$/

describe('pruning', () => {
  beforeEach(async () => {
    await folder.write('a.yaml', game('a'), game('b'))
    await folder.write('c.yaml', game('c'))
    await folder.write('d.yaml', game('d'))
    await rescans.after(0)
  })

  it('deletes what is gone for two rescans five seconds apart, and says what it waits for', async () => {
    await folder.remove('c.yaml')
    const first = await rescans.after(10_000)
    expect(first.waiting).toEqual([
      { kind: 'Game', name: 'c', waiting: 'gone from the folder; deleted if it is still gone at a rescan at least 5 s later' },
    ])
    expect((await rescans.after(1_000)).deleted).toEqual([])
    expect(await idsNow()).toEqual(['a', 'b', 'c', 'd'])
    expect((await rescans.after(4_000)).deleted).toEqual(['Game c'])
    expect(await gamesNow()).toMatchObject({
      c: { writtenBy: 'manifest:root', writtenRef: expect.stringMatching(GONE), purgeState: false },
    })
    const before = await writesOf(setting)
    expect((await rescans.after(10_000)).waiting).toEqual([])
    expect(await writesOf(setting)).toBe(before)
    expect((await listManifests(setting.term.db)).files.map(({ path }) => path)).toEqual(['a.yaml', 'd.yaml', 'versions.yaml'])
  })

  it('takes a document back that reappears, in the same file or in another', async () => {
    await folder.remove('c.yaml')
    await folder.write('a.yaml', game('a'))
    await rescans.after(10_000)
    await folder.write('c.yaml', game('c'))
    await folder.write('moved.yaml', game('b'))
    expect((await rescans.after(10_000)).waiting).toEqual([])
    for (let round = 0; round < 3; round += 1) expect((await rescans.after(60_000)).deleted).toEqual([])
    expect(await idsNow()).toEqual(['a', 'b', 'c', 'd'])
  })

  it('row 52: survives a file that is cut at a document border while it is rewritten', async () => {
    await folder.write('a.yaml', game('a'))
    await rescans.after(10_000)
    await folder.write('a.yaml', game('a'), game('b'))
    await rescans.after(10_000)
    expect(await idsNow()).toEqual(['a', 'b', 'c', 'd'])
  })

  it.each<[string, () => Promise<void>, string]>([
    ['another file is bad', () => folder.write('d.yaml', 'kind: [').then(() => folder.remove('c.yaml')), 'but d.yaml has a problem'],
    [
      'another file is being written',
      () => writeFile(join(folder.dir, 'd.yaml'), game('d', 'engineVersion: 1.0.0, paused: true')).then(() => folder.remove('c.yaml')),
      'but d.yaml is being written',
    ],
    [
      'more than half would go at once',
      () => Promise.all(['a.yaml', 'c.yaml'].map(folder.remove)).then(() => {}),
      'but 3 of 4 games would go at once',
    ],
    [
      'the folder is empty',
      () => Promise.all(['a.yaml', 'c.yaml', 'd.yaml', 'versions.yaml'].map(folder.remove)).then(() => {}),
      'but the folder holds no manifest at all',
    ],
  ])('row 36: waits while %s', async (_name, change, reason) => {
    await change()
    await rescans.after(10_000)
    if (reason.includes('written')) await utimes(join(folder.dir, 'd.yaml'), new Date(), new Date())
    const report = await rescans.after(10_000)
    expect(report.waiting.map(({ waiting }) => waiting)).toContain(`gone from the folder, ${reason}; galaxy prune --confirm deletes it`)
    const before = await writesOf(setting)
    if (!reason.includes('written')) for (let round = 0; round < 3; round += 1) await rescans.after(60_000)
    expect(await writesOf(setting)).toBe(before)
    expect(await idsNow()).toEqual(['a', 'b', 'c', 'd'])
  })

  it('deletes half of the games at once, no more', async () => {
    await folder.remove('c.yaml')
    await folder.remove('d.yaml')
    await rescans.after(10_000)
    expect((await rescans.after(10_000)).deleted).toEqual(['Game c', 'Game d'])
  })

  it('row 36: does nothing while the folder is away', async () => {
    const games = await gamesNow()
    await rename(folder.dir, `${folder.dir}-away`)
    await rescans.after(60_000)
    const before = await writesOf(setting)
    for (let round = 0; round < 3; round += 1) expect((await rescans.after(60_000)).unavailable).toContain('cannot be read')
    expect(await writesOf(setting)).toBe(before)
    await rename(`${folder.dir}-away`, folder.dir)
    expect((await rescans.after(60_000)).unavailable).toBeNull()
    expect(await gamesNow()).toEqual(games)
  })

  it('switched off waits for a yes', async () => {
    const never = startRescans(setting, folder, 'never')
    await never.after(0)
    await folder.remove('c.yaml')
    await never.after(10_000)
    expect((await never.after(60_000)).waiting).toMatchObject([{ name: 'c', waiting: expect.stringContaining('pruning is off') }])
    expect(await idsNow()).toContain('c')
  })

  it('confirmed by an operator needs no lease, and the folder forgets what is gone', async () => {
    await folder.remove('a.yaml')
    await folder.remove('c.yaml')
    await rescans.after(10_000)
    const operator = openPool({ url: setting.database.url, applicationName: 'test', max: 1 })
    const answers = await confirmPrune(operator.db, 'root', 'token ops, request 7')
    await operator.close()
    expect(answers.map(({ name, answer }) => `${name} ${answer.kind}`)).toEqual(['c deleted', 'b deleted', 'a deleted'])
    const ref = expect.stringMatching(/^root\/c\.yaml document Game\/c, gone since \S+Z, confirmed by token ops, request 7$/)
    expect(await gamesNow()).toMatchObject({ c: { writtenRef: ref } })
    expect((await rescans.after(10_000)).waiting).toEqual([])
    expect(await idsNow()).toEqual(['d'])
  })

  it('keeps an engine version that a game desires, and deletes one that none does', async () => {
    await folder.write('more.yaml', version('2.0.0'))
    await rescans.after(10_000)
    await folder.remove('more.yaml')
    await folder.write('versions.yaml', version('3.0.0'))
    await rescans.after(10_000)
    const report = await rescans.after(10_000)
    expect(report.deleted).toEqual(['EngineVersion galaxy/2.0.0'])
    expect(report.waiting).toEqual([
      { kind: 'EngineVersion', name: 'galaxy/1.0.0', waiting: 'gone from the folder, but still desired by a, b, c, d' },
    ])
  })

  it('leaves a game that has another owner by now', async () => {
    await sql`UPDATE desired_games SET managed_by = 'lobby' WHERE game_id = 'c'`.execute(setting.term.db)
    await folder.remove('c.yaml')
    await rescans.after(10_000)
    await rescans.after(10_000)
    expect(await idsNow()).toContain('c')
  })
})
