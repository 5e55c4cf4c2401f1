import { rename, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { PassThrough, Writable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { apply, diff } from '../../src/cli/apply.ts'
import { connectClient } from '../../src/cli/client.ts'
import { deleteAll } from '../../src/cli/delete.ts'
import { get } from '../../src/cli/get.ts'
import type { Terminal } from '../../src/cli/terminal.ts'
import { acquireLease } from '../../src/database/lease.ts'
import { openPool } from '../../src/database/pool.ts'
import { type ApiUnderTest, startApiUnderTest } from './api-server.ts'
import { type Folder, game, makeFolder, type Rescans, type Setting, startRescans } from './manifest-builders.ts'

let api: ApiUnderTest
let term: Setting['term']
let folder: Folder
let elsewhere: Folder
let rescans: Rescans

/** The command line, the API and the watched folder over one database. */
beforeEach(async () => {
  api = await startApiUnderTest()
  await acquireLease(api.pool.db, { instance: 'default', holder: 'test', ttlMs: 600_000, staleAfterMs: 30_000 })
  const url = api.pool.pool.options.connectionString ?? ''
  term = openPool({ url, applicationName: 'test', max: 2, session: { instance: 'default', leaseEpoch: 1 } })
  folder = await makeFolder()
  elsewhere = await makeFolder()
  rescans = startRescans({ term }, folder)
})
afterEach(async () => {
  await term.close()
  await api.stop()
  await folder.end()
  await elsewhere.end()
})

type Verb = (terminal: Terminal, client: ReturnType<typeof connectClient>) => Promise<void>

/** What a verb prints and how it fails, as one text. */
async function said(verb: Verb, cwd = folder.dir): Promise<string> {
  let printed = ''
  const out = new Writable({
    decodeStrings: false,
    write: (text, _encoding, done) => {
      printed += String(text)
      done()
    },
  })
  const terminal: Terminal = {
    env: {},
    cwd,
    stdin: new PassThrough(),
    stdout: out,
    stderr: out,
    isStdoutTty: false,
    isStderrTty: false,
    columns: null,
  }
  const failure = await verb(terminal, connectClient(api)).then(
    () => '',
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  )
  return printed + failure
}

const diffOf = (path: string, cwd?: string) =>
  said((terminal, client) => diff(terminal, async () => client, { paths: [path], force: false }), cwd)
const applyOf = (path: string, { dryRun = false, cwd }: { dryRun?: boolean; cwd?: string } = {}) =>
  said((terminal, client) => apply(terminal, client, { paths: [path], force: false, dryRun, output: 'table' }), cwd)
const manifests = () => said((terminal, client) => get(terminal, client, 'manifests', [], { output: 'table', selector: null, limit: 20 }))
const ownerOf = async (name: string) => (await api.call('GET', `/api/v1/games/${name}`)).body['metadata']

describe('a file of the watched folder', () => {
  beforeEach(async () => {
    await folder.write('a.yaml', game('a'))
    await rescans.after(0)
    await folder.write('a.yaml', game('a', 'engineVersion: 1.0.1'))
  })

  it.each(['a.yaml', '.', './a.yaml'])('given as %s is compared as the folder’s own', async (path) => {
    expect(await diffOf(path)).toContain('game/a would be changed\n  - engineVersion: 1.0.0\n  + engineVersion: 1.0.1')
    expect(await applyOf(path, { dryRun: true })).toBe('game/a changed (dry run)\n')
  })

  it('is found through a linked folder', async () => {
    await symlink(folder.dir, join(elsewhere.dir, 'link'))
    expect(await diffOf('link', elsewhere.dir)).toContain('game/a would be changed')
    expect(await diffOf('link/a.yaml', elsewhere.dir)).toContain('game/a would be changed')
  })

  it('is applied as the folder would, which then finds it done', async () => {
    expect(await applyOf('a.yaml')).toBe('game/a changed\n')
    expect(await ownerOf('a')).toMatchObject({
      managedBy: 'manifest:root',
      writtenBy: 'manifest:root',
      writtenRef: expect.stringMatching(/^a\.yaml:1, token local, request /),
    })
    expect(await rescans.after(10_000)).toMatchObject({ results: [], problems: [] })
  })

  it('leaves an operator’s stop alone, as the folder does', async () => {
    await folder.write('a.yaml', game('a', 'engineVersion: 1.0.0, state: Running'))
    await rescans.after(10_000)
    await api.pool.db.updateTable('desired_games').set({ state: 'stopped', stop_reason: 'admin_request' }).execute()
    expect(await diffOf('a.yaml')).toBe('')
    expect(await applyOf('a.yaml')).toBe('game/a unchanged\n')
  })

  it('that names a game of another of its files is refused, as the folder does', async () => {
    await folder.write('b.yaml', game('a', 'engineVersion: 1.0.1'))
    expect(await diffOf('b.yaml')).toBe('game/a would be refused: a.yaml:1 has Game a already; expected each game and engine version once')
    expect(await diffOf('.')).toContain('which a.yaml:1 has already')
  })

  it('with a game that has moved there from another of its files is fine', async () => {
    await folder.remove('a.yaml')
    await rescans.after(10_000)
    await folder.write('b.yaml', game('a'))
    expect(await applyOf('b.yaml')).toBe('game/a unchanged\n')
  })
})

describe('a file from elsewhere', () => {
  beforeEach(async () => {
    await folder.write('a.yaml', game('b'), game('a'))
    await rescans.after(0)
  })

  it.each(['a.yaml', 'copy.yaml'])('named %s that changes a game of the watched folder is sent to the document', async (name) => {
    await elsewhere.write(name, game('a', 'engineVersion: 1.0.1'))
    const refusal =
      'game a is managed by manifest:root: edit root/a.yaml:6, which applies by itself; or take the game over with --force-conflicts'
    expect(await diffOf(name, elsewhere.dir)).toBe(`game/a would be refused: ${refusal}`)
    expect(await applyOf(name, { cwd: elsewhere.dir })).toBe(`game/a refused: ${refusal}\n1 of 1 documents were refused`)
  })

  it('may come with one of the watched folder', async () => {
    await elsewhere.write('c.yaml', game('c'))
    const both = [join(elsewhere.dir, 'c.yaml'), 'a.yaml']
    expect(await said((terminal, client) => apply(terminal, client, { paths: both, force: false, dryRun: false, output: 'table' }))).toBe(
      'game/c created\ngame/b unchanged\ngame/a unchanged\n',
    )
    expect(await ownerOf('c')).toMatchObject({ managedBy: 'api' })
  })

  it('cannot pass for one of the watched folder by its name alone', async () => {
    const file = { path: 'a.yaml', location: join(folder.dir, 'a.yaml'), text: game('a', 'engineVersion: 1.0.1') }
    const answer = await api.call('POST', '/api/v1/manifests/apply', { files: [file] })
    expect(answer.body).toMatchObject({ results: [{ outcome: 'refused', code: 'conflict' }] })
  })
})

describe('get manifests', () => {
  it('shows a folder that cannot be read, and that its files are not read', async () => {
    await folder.write('a.yaml', game('a'))
    await rescans.after(0)
    await rename(folder.dir, `${folder.dir}-away`)
    await rescans.after(10_000)
    const lines = (await manifests()).split('\n')
    await rename(`${folder.dir}-away`, folder.dir)
    expect(lines[0]).toMatch(/^ROOT +FILE +DOCUMENTS +CHANGED +STATE$/)
    expect(lines[1]).toMatch(/^root +\/.+ +- +\d+s +the folder of manifests cannot be read: ENOENT/)
    expect(lines[2]).toMatch(/^root +a\.yaml +1 +\d+s +not read; its last good state applies$/)
    await rescans.after(10_000)
    expect(await manifests()).toMatch(/^ROOT.*\nroot +a\.yaml +1 +\d+s +ok\n$/)
  })

  it('says what applies of a bad file', async () => {
    await folder.write('a.yaml', game('a'))
    await rescans.after(0)
    await folder.write('a.yaml', 'kind: x')
    await folder.write('b.yaml', game('b', 'engineVersion: 1.0.0, paused: 1, timeZone: Mars'))
    await rescans.after(10_000)
    const text = await manifests()
    expect(text).toContain('1 problem; its last good state applies: 1:7: kind is "x"')
    expect(text).toContain('2 problems; nothing of it applies: 4:')
  })
})

describe('delete game', () => {
  const deletion = (dryRun: boolean) =>
    said((terminal, client) => deleteAll(terminal, client, { games: ['a'], versions: [] }, { purgeState: false, dryRun, waitMs: null }))
  const warning =
    'warning: root/a.yaml:1 still asks for game a, so the watched folder makes it again; take the document out of it to be rid of the game\n'

  beforeEach(async () => {
    await folder.write('a.yaml', game('a'))
    await folder.write('b.yaml', game('b'))
    await rescans.after(0)
  })

  it('warns that the watched folder brings it back', async () => {
    expect(await deletion(true)).toBe(`game/a would be deleted, its state is kept (dry run)\n${warning}`)
    expect(await deletion(false)).toBe(`game/a is being deleted, its state is kept\n${warning}`)
  })

  it('warns of nothing when the document is gone', async () => {
    await folder.remove('a.yaml')
    await rescans.after(10_000)
    expect(await deletion(false)).toBe('game/a is being deleted, its state is kept\n')
  })
})
