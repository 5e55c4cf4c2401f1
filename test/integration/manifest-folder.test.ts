import { mkdir, rename, rm, symlink, truncate, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { sql } from 'kysely'
import { beforeEach, describe, expect, it } from 'vitest'
import { listManifests } from '../../src/api/reads/manifests.ts'
import { openPool } from '../../src/database/pool.ts'
import { renderProblem } from '../../src/desired/manifest/document.ts'
import { watchManifests } from '../../src/desired/manifest/folder.ts'
import { createRescan } from '../../src/desired/manifest/rescan.ts'
import { writeAs } from '../../src/desired/writer.ts'
import { game, POLICY, startRescans, version, writesOf } from './manifest-builders.ts'
import { watchedFolder } from './manifest-watched.ts'

const { setting, folder, rescans, gamesNow, idsNow } = watchedFolder()

describe('a watched folder', () => {
  it('is applied whole, folders inside it too, and owns its games', async () => {
    await folder.write('a.yaml', game('a'), game('b'))
    await folder.write('more/c.yml', game('c'))
    const report = await rescans.after(0)
    expect(report.problems).toEqual([])
    expect(await gamesNow()).toMatchObject({
      a: { managedBy: 'manifest:root', writtenRef: 'a.yaml:1' },
      b: { writtenRef: 'a.yaml:6' },
      c: { writtenRef: 'more/c.yml:1' },
    })
  })

  it('writes nothing while nothing changes, also after a touch, and for a controller that has just taken over', async () => {
    await folder.write('a.yaml', game('a'))
    await rescans.after(0)
    const before = await writesOf(setting)
    await utimes(join(folder.dir, 'a.yaml'), new Date(), new Date())
    for (let round = 0; round < 3; round += 1) await rescans.after(10_000)
    const successor = startRescans(setting, folder)
    await utimes(join(folder.dir, 'a.yaml'), new Date(0), new Date(0))
    await successor.after(0)
    await successor.after(10_000)
    expect(await writesOf(setting)).toBe(before)
  })

  it('enforces what it owns, and leaves an operator’s stop and pause alone', async () => {
    await folder.write('a.yaml', game('a', 'engineVersion: 1.0.0, state: Running, paused: false'))
    await rescans.after(0)
    await sql`UPDATE desired_games SET state = 'stopped', stop_reason = 'admin_request', paused = true`.execute(setting.term.db)
    await writeAs(setting.term.db, { source: 'manifest:root', sourceRef: null }, (trx) =>
      sql`UPDATE desired_games SET time_zone = 'Europe/Berlin'`.execute(trx),
    )
    const report = await rescans.after(10_000)
    expect(report.results).toMatchObject([{ outcome: 'changed', changes: [{ path: 'timeZone', before: 'Europe/Berlin', after: 'UTC' }] }])
    expect(await gamesNow()).toMatchObject({ a: { state: 'stopped', paused: true, timeZone: 'UTC' } })
    await folder.write('a.yaml', game('a', 'engineVersion: 1.0.0, state: Running, paused: true'))
    await rescans.after(10_000)
    expect(await gamesNow()).toMatchObject({ a: { state: 'stopped', paused: true } })
    await folder.write('a.yaml', game('a', 'engineVersion: 1.0.0, state: Stopped, stopReason: timeout'))
    await rescans.after(10_000)
    await folder.write('a.yaml', game('a', 'engineVersion: 1.0.0, state: Running'))
    await rescans.after(10_000)
    expect(await gamesNow()).toMatchObject({ a: { state: 'running', stopReason: null, paused: false } })
  })

  it('tells a conflict with another owner, and changes nothing of that game', async () => {
    await sql`INSERT INTO desired_games (game_id, engine_version) VALUES ('a', '2.0.0')`.execute(setting.term.db)
    await folder.write('a.yaml', game('b'), game('a'))
    const report = await rescans.after(0)
    expect(report.problems.map(renderProblem)).toEqual([
      'a.yaml:6:1: game a is managed by lobby, not by manifest:root; change it there, or take it over with --force-conflicts',
    ])
    expect(await gamesNow()).toMatchObject({ a: { engineVersion: '2.0.0' }, b: {} })
  })

  it('ignores what editors and tools leave behind', async () => {
    await folder.write('a.yaml', game('a'))
    for (const name of ['.a.yaml.swp', 'a.yaml~', '#a.yaml#', '.#a.yaml', 'a.yaml.bak', '4913', '..data/x.yaml', 'README.md'])
      await folder.write(name, game('noise'))
    const report = await rescans.after(0)
    expect(report.problems).toEqual([])
    expect(await idsNow()).toEqual(['a'])
  })

  it('row 45: follows links as a ConfigMap swaps them', async () => {
    await folder.write('..first/a.yaml', game('a'))
    await folder.write('..second/a.yaml', game('a', 'engineVersion: 1.0.0, timeZone: Europe/Berlin'))
    await symlink('..first', join(folder.dir, '..data'))
    await symlink(join('..data', 'a.yaml'), join(folder.dir, 'a.yaml'))
    await rescans.after(0)
    expect(await gamesNow()).toMatchObject({ a: { timeZone: 'UTC' } })
    await symlink('..second', join(folder.dir, '..next'))
    await rename(join(folder.dir, '..next'), join(folder.dir, '..data'))
    await rescans.after(10_000)
    expect(await gamesNow()).toMatchObject({ a: { timeZone: 'Europe/Berlin' } })
  })
})

describe('a bad file', () => {
  beforeEach(async () => {
    await folder.write('a.yaml', game('a'), game('b'))
    await folder.write('c.yaml', game('c'))
    await rescans.after(0)
  })

  it('row 45: keeps its last good content in force, also for the next controller, and others go on', async () => {
    await folder.write('a.yaml', game('a', 'engineVersion: 1.0.0, timeZone: UTC'), 'kind: Gam')
    await folder.write('c.yaml', game('c', 'engineVersion: 1.0.0, paused: true'))
    for (const each of [rescans, startRescans(setting, folder)]) {
      const report = await each.after(60_000)
      expect(report.problems.map(renderProblem)).toEqual(['a.yaml:6:7: kind is "Gam"; expected Game or EngineVersion'])
      expect(report.waiting).toEqual([])
    }
    expect(await gamesNow()).toMatchObject({ a: {}, b: {}, c: { paused: true } })
    expect((await listManifests(setting.term.db)).files).toMatchObject([
      { root: 'root', path: 'a.yaml', documents: 2, problems: [{ line: 6 }] },
      { path: 'c.yaml', problems: [] },
      { path: 'versions.yaml', problems: [] },
    ])
    await folder.write('a.yaml', game('a'), game('b'))
    expect((await rescans.after(60_000)).problems).toEqual([])
  })

  it.each<[string, () => Promise<void>]>([
    ['of no length', () => truncate(join(folder.dir, 'a.yaml'))],
    ['of 10 MB', () => writeFile(join(folder.dir, 'a.yaml'), 'x'.repeat(10_000_000))],
    ['cut within a document', () => folder.write('a.yaml', game('a').slice(0, -12))],
    ['that is a link to nowhere', () => folder.remove('a.yaml').then(() => symlink('nowhere', join(folder.dir, 'a.yaml')))],
    ['that is a link to itself', () => folder.remove('a.yaml').then(() => symlink('a.yaml', join(folder.dir, 'a.yaml')))],
    ['of bytes that are no text', () => writeFile(join(folder.dir, 'a.yaml'), Buffer.from([0xff, 0xfe, 0x00]))],
    [
      'with an alias bomb',
      () => folder.write('a.yaml', `a: &a [x, x]\n${Array.from({ length: 20 }, (_, index) => `b${index}: &a [*a, *a]`).join('\n')}\n`),
    ],
  ])('rows 45 and 52: deletes nothing: %s', async (_name, spoil) => {
    await spoil()
    await utimes(join(folder.dir, 'a.yaml'), new Date(0), new Date(0)).catch(() => {})
    for (let round = 0; round < 4; round += 1) await rescans.after(60_000)
    expect(await idsNow()).toEqual(['a', 'b', 'c'])
  })

  it('that holds nothing any more is told at its beginning', async () => {
    await folder.write('c.yaml', '')
    expect((await rescans.after(10_000)).problems.map(renderProblem)).toEqual([
      'c.yaml:1:1: the file holds no document any more; expected Game c, or no file: delete it to delete what it held',
    ])
  })

  it('is one that names a game of another file: that file keeps it', async () => {
    await folder.write('0.yaml', game('a', 'engineVersion: 1.0.0, paused: true'), game('d'))
    const report = await rescans.after(10_000)
    expect(report.problems.map(renderProblem)).toEqual([
      '0.yaml:1:1: this is Game a, which a.yaml:1 has already; expected each game and engine version once',
    ])
    expect(await gamesNow()).toMatchObject({ a: { paused: false } })
    expect(await idsNow()).toEqual(['a', 'b', 'c'])
  })

  it('row 45: being written just now is left for the next look', async () => {
    await writeFile(join(folder.dir, 'a.yaml'), game('a', 'engineVersion: 1.0.0, paused: true'))
    expect((await rescans.after(10_000)).isMoving).toBe(true)
    expect(await gamesNow()).toMatchObject({ a: { paused: false }, b: { deletedAt: null } })
  })
})

describe('a folder that cannot be read', () => {
  const root = async () => (await listManifests(setting.term.db)).roots

  it('row 45: is told until it can be, under its real path, and once', async () => {
    await symlink(folder.dir, `${folder.dir}-link`)
    const linked = startRescans(setting, { ...folder, dir: `${folder.dir}-link` })
    await linked.after(0)
    expect(await root()).toMatchObject([{ root: 'root', dir: folder.dir, problem: null }])
    await rename(folder.dir, `${folder.dir}-away`)
    await linked.after(10_000)
    expect(await root()).toMatchObject([{ dir: `${folder.dir}-link`, problem: expect.stringContaining('cannot be read') }])
    const before = await writesOf(setting)
    await linked.after(10_000)
    expect(await writesOf(setting)).toBe(before)
    await rename(`${folder.dir}-away`, folder.dir)
    await linked.after(10_000)
    await rm(`${folder.dir}-link`)
    expect(await root()).toMatchObject([{ dir: folder.dir, problem: null }])
  })

  it('is no longer told once another one is watched', async () => {
    await rescans.after(0)
    const rescan = createRescan({
      dir: folder.dir,
      rootName: 'other',
      db: setting.term.db,
      policy: POLICY,
      prune: 'settled',
      nowMs: () => 0,
    })
    await rescan(AbortSignal.timeout(5_000))
    expect(await root()).toMatchObject([{ root: 'other' }])
  })
})

describe('a controller that has lost its lease', () => {
  it('writes nothing of what the folder asks for', async () => {
    await folder.write('a.yaml', game('a'))
    const stale = openPool({ url: setting.database.url, applicationName: 'test', max: 1, session: { instance: 'default', leaseEpoch: 0 } })
    const rescan = createRescan({ dir: folder.dir, rootName: 'root', db: stale.db, policy: POLICY, prune: 'settled', nowMs: () => 0 })
    await expect(rescan(AbortSignal.timeout(5_000))).rejects.toThrow('stale lease')
    await stale.close()
    expect(await gamesNow()).toEqual({})
  })
})

describe('the watch', () => {
  it('sees a saved file soon, reports it, and ends', async () => {
    const reports: string[] = []
    const errors: unknown[] = []
    const watch = watchManifests({
      dir: folder.dir,
      rootName: 'root',
      db: setting.term.db,
      policy: POLICY,
      prune: 'settled',
      rescanMs: 600_000,
      onReport: (report) => reports.push(...report.results.map(({ name, outcome }) => `${name} ${outcome}`)),
      onError: (error) => errors.push(error),
      signal: AbortSignal.timeout(25_000),
    })
    await expect.poll(() => reports, { timeout: 10_000 }).toEqual(['galaxy/1.0.0 created'])
    await writeFile(join(folder.dir, 'a.yaml'), game('a'))
    await expect.poll(() => reports, { timeout: 10_000 }).toEqual(['galaxy/1.0.0 created', 'a created'])
    await writeFile(join(folder.dir, 'a.yaml'), 'kind: x')
    await expect
      .poll(() => watch.problems().map(renderProblem), { timeout: 10_000 })
      .toEqual(['a.yaml:1:7: kind is "x"; expected Game or EngineVersion'])
    await watch.stop()
    await expect(watch.rescan()).rejects.toThrow('stopping')
    expect(errors).toEqual([])
  })

  it('of a folder that is not there yet begins when it is', async () => {
    await rm(folder.dir, { recursive: true })
    const watch = watchManifests({
      dir: folder.dir,
      rootName: 'root',
      db: setting.term.db,
      policy: POLICY,
      prune: 'settled',
      rescanMs: 200,
      onReport: () => {},
      onError: () => {},
      signal: AbortSignal.timeout(25_000),
    })
    expect((await watch.rescan()).unavailable).toContain('cannot be read')
    await mkdir(folder.dir)
    await folder.write('versions.yaml', version('1.0.0'))
    await folder.write('a.yaml', game('a'))
    await expect.poll(idsNow, { timeout: 10_000 }).toEqual(['a'])
    await watch.stop()
  })
})
