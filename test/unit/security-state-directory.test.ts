import { lchown, lstat, mkdir, mkdtemp, readdir, readlink, rename, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Worker } from 'node:worker_threads'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { loadConfig } from '../../src/config.ts'
import { prepareStateDirectory, purgeState } from '../../src/docker/state-directory.ts'

let base: string
let root: string
let outside: string
const invalid = { kind: 'terminal', code: 'start_config_invalid' }
const isRoot = process.getuid?.() === 0
const NOBODY = 65_534
/** Enough for a lost check to show nearly always. */
const RACE_MS = 400

beforeEach(async () => {
  base = await mkdtemp(path.join(tmpdir(), 'security-state-'))
  root = path.join(base, 'data', 'games')
  outside = path.join(base, 'outside')
  await mkdir(path.join(outside, 'andromeda'), { recursive: true, mode: 0o750 })
  await writeFile(path.join(outside, 'andromeda', 'precious'), 'kept')
  await mkdir(root, { recursive: true })
})
afterEach(() => rm(base, { recursive: true }))

const prepare = (directory = path.join(root, 'andromeda')) => prepareStateDirectory({ root, mode: 0o777, owner: null }, directory)

async function expectUntouched(): Promise<void> {
  expect((await stat(path.join(outside, 'andromeda'))).mode & 0o777).toBe(0o750)
  expect(await readdir(outside)).toEqual(['andromeda'])
  expect(await readdir(path.join(outside, 'andromeda'))).toEqual(['precious'])
}

describe('row 50: a symlink planted in the state root', () => {
  it.each([
    ['to a folder outside', () => path.join(outside, 'andromeda')],
    ['by a relative way out', () => '../../outside/andromeda'],
    ['to another game', () => path.join(root, 'pegasus')],
    ['to the root itself', () => root],
    ['to itself', () => 'andromeda'],
    ['to nowhere', () => path.join(base, 'nowhere')],
    ['to a file', () => path.join(outside, 'andromeda', 'precious')],
    ['through another link', () => 'hop'],
  ])('in the place of a game’s folder, %s, is refused at start and at purge', async (_, target) => {
    await mkdir(path.join(root, 'pegasus'), { mode: 0o700 })
    await symlink(outside, path.join(root, 'hop'))
    await symlink(target(), path.join(root, 'andromeda'))
    await expect(prepare()).rejects.toMatchObject(invalid)
    await expect(purgeState({ root }, path.join(root, 'andromeda'))).rejects.toMatchObject(invalid)
    expect(await readlink(path.join(root, 'andromeda'))).toBe(target())
    expect((await stat(path.join(root, 'pegasus'))).mode & 0o777).toBe(0o700)
    await expect(lstat(path.join(base, 'nowhere'))).rejects.toThrow('ENOENT')
    await expectUntouched()
  })

  it.skipIf(!isRoot)('in the place of the root by another user is refused, and what it leads to is not closed', async () => {
    await rm(root, { recursive: true })
    await symlink(outside, root)
    await lchown(root, NOBODY, NOBODY)
    await expect(prepare()).rejects.toMatchObject({ ...invalid, message: expect.stringContaining('link of another user') })
    await expectUntouched()
  })

  it('is refused however the game’s folder is written', async () => {
    const ways = [
      `${root}/../../outside/andromeda`,
      `${root}/./andromeda`,
      `${root}//andromeda`,
      `${root}/andromeda/`,
      `${root}/a\0b`,
      root,
      '/',
      'andromeda',
    ]
    for (const directory of ways) {
      await expect(prepare(directory), directory).rejects.toMatchObject(invalid)
      await expect(purgeState({ root }, directory), directory).rejects.toMatchObject(invalid)
    }
    await expectUntouched()
  })
})

describe('a folder that is swapped for a symlink again and again', () => {
  it('while it is prepared has nothing changed behind it', async () => {
    const target = path.join(root, 'andromeda')
    await rm(path.join(outside, 'andromeda', 'precious'))
    const swapping = swap(target)
    const ends = new Set<string>()
    // Until both ends were met: the link was there at some moments, the folder at others.
    for (const endMs = performance.now() + RACE_MS; performance.now() < endMs || ends.size < 2; ) {
      ends.add(
        await prepare().then(
          () => 'prepared',
          (error: { code?: string }) => error.code ?? 'other',
        ),
      )
    }
    await swapping.stop()
    expect([...ends].toSorted()).toEqual(['prepared', 'start_config_invalid'])
    expect((await stat(path.join(outside, 'andromeda'))).mode & 0o777).toBe(0o750)
  })

  it('while it is purged keeps what it leads to', async () => {
    const target = path.join(root, 'andromeda')
    const swapping = swap(target)
    for (const endMs = performance.now() + RACE_MS; performance.now() < endMs; )
      await purgeState({ root }, target).catch((error: unknown) => expect(error).toMatchObject(invalid))
    await swapping.stop()
    await expectUntouched()
  })

  it('within the folder while it is purged keeps what it leads to', async () => {
    const target = path.join(root, 'andromeda')
    const names = Array.from({ length: 24 }, (_, index) => `${index}`)
    const swapping = swap(...names.map((name) => path.join(target, name)))
    for (const endMs = performance.now() + 3 * RACE_MS; performance.now() < endMs; ) {
      const tree = path.join(base, 'tree')
      await Promise.all(names.map((name) => mkdir(path.join(tree, name, 'full'), { recursive: true })))
      await rename(tree, target).catch(() => undefined) // what the last round left may be in its place
      await purgeState({ root }, target).catch((error: unknown) => expect(error).toMatchObject(invalid))
    }
    await swapping.stop()
    await expectUntouched()
  })
})

describe('the configured folders', () => {
  it.each(['/', '//', '/etc', '/etc/', '/var/../etc', '/home', '/root', '/proc/1/root', '/sys/fs', '/dev/shm', '/var/lib/docker'])(
    'refuse the system’s %s, where a game of that name would be given a folder of the system',
    (folder) => {
      for (const name of ['GALAXY_STATE_ROOT', 'GALAXY_STATE_ROOT_HOST'])
        expect(() => loadConfig({ env: { [name]: folder }, cwd: base }), name).toThrow('no folder of the system')
    },
  )

  it.each(['/srv/galaxy', '/var/lib/galaxy/default/games', '/etcetera', '/data'])('take %s', (folder) => {
    expect(loadConfig({ env: { GALAXY_STATE_ROOT: folder }, cwd: base }).config.state.root).toBe(folder)
  })
})

/** A folder, then a link, then the folder again, as fast as another process could. */
const SWAPPING = `
  const { renameSync, symlinkSync, unlinkSync, mkdirSync } = require('node:fs')
  const { workerData: { targets, spare, outside, over } } = require('node:worker_threads')
  const tried = (work) => { try { work() } catch {} }
  while (Atomics.load(over, 0) === 0) for (const target of targets) {
    tried(() => mkdirSync(target))
    tried(() => renameSync(target, spare))
    tried(() => symlinkSync(outside, target))
    tried(() => unlinkSync(target))
    tried(() => renameSync(spare, target))
  }`

function swap(...targets: readonly string[]): { stop(): Promise<void> } {
  const over = new Int32Array(new SharedArrayBuffer(4))
  const spare = path.join(base, 'spare')
  const workerData = { targets, spare, outside: path.join(outside, 'andromeda'), over }
  const worker = new Worker(SWAPPING, { eval: true, workerData })
  return {
    stop: async () => {
      Atomics.store(over, 0, 1)
      await once(worker, 'exit')
      for (const left of [...targets, spare]) await rm(left, { force: true, recursive: true })
    },
  }
}
