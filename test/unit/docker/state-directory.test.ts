import { rename, chmod, mkdir, mkdtemp, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { prepareStateDirectory, purgeState } from '../../../src/docker/state-directory.ts'

let base: string
let root: string
const invalid = { kind: 'terminal', code: 'start_config_invalid' }

beforeEach(async () => {
  base = await mkdtemp(path.join(tmpdir(), 'state-directory-'))
  root = path.join(base, 'data', 'games')
})
afterEach(async () => {
  await rm(base, { recursive: true })
})

const prepare = (directory: string, mode = 0o777) => prepareStateDirectory({ root, mode, owner: null }, directory)
const modeOf = async (directory: string) => (await stat(directory)).mode & 0o7777

describe('preparing a state folder', () => {
  it('makes it with its mode, in a root closed to others', async () => {
    await prepare(path.join(root, 'andromeda'))
    expect([await modeOf(root), await modeOf(path.join(root, 'andromeda'))]).toEqual([0o700, 0o777])
  })

  it('mends an empty one that a crash left without its mode, and leaves a used one as its engine made it', async () => {
    const directory = path.join(root, 'andromeda')
    await mkdir(directory, { recursive: true, mode: 0o755 })
    await prepare(directory)
    expect(await modeOf(directory)).toBe(0o777)
    await writeFile(path.join(directory, 'turn'), '1')
    await chmod(directory, 0o750)
    await prepare(directory)
    expect(await modeOf(directory)).toBe(0o750)
  })

  it.each([['../games-x/a'], ['a/b'], ['.'], ['..'], ['a/../../b']])('refuses %s', async (relative) => {
    await expect(prepare(`${root}/${relative}`)).rejects.toMatchObject(invalid)
    expect(await readdir(base)).toEqual([])
  })

  it('row 50: refuses a symlink or a file in its place, and changes nothing behind it', async () => {
    const outside = path.join(base, 'outside')
    await mkdir(outside, { mode: 0o700 })
    await mkdir(root, { recursive: true })
    await symlink(outside, path.join(root, 'linked'))
    await writeFile(path.join(root, 'file'), '')
    await expect(prepare(path.join(root, 'linked'))).rejects.toMatchObject(invalid)
    await expect(prepare(path.join(root, 'file'))).rejects.toMatchObject(invalid)
    expect(await modeOf(outside)).toBe(0o700)
  })

  it('works under a root that is reached through a symlink', async () => {
    await mkdir(path.join(base, 'disk'))
    await mkdir(path.dirname(root))
    await symlink(path.join(base, 'disk'), root)
    await prepare(path.join(root, 'andromeda'))
    expect(await readdir(path.join(base, 'disk'))).toEqual(['andromeda'])
  })

  it('row 50: names the path when the root cannot be made', async () => {
    await writeFile(path.join(base, 'data'), '')
    await expect(prepare(path.join(root, 'andromeda'))).rejects.toMatchObject({
      ...invalid,
      message: expect.stringContaining(path.join(root, 'andromeda')),
    })
  })
})

describe('purging a state folder', () => {
  it('removes it with everything in it, and is content when it is gone', async () => {
    const directory = path.join(root, 'andromeda')
    await prepare(directory)
    await mkdir(path.join(directory, 'turns'))
    await writeFile(path.join(directory, 'turns', '1'), '')
    await purgeState({ root }, directory)
    await purgeState({ root }, directory)
    expect(await readdir(root)).toEqual([])
  })

  it('takes a tree that is deeper than any path may be long, and whatever is in it', async () => {
    await prepare(path.join(root, 'andromeda'))
    const wrapped = path.join(base, 'wrapped')
    await mkdir(wrapped)
    for (let depth = 0; depth < 1_000; depth += 1) {
      await rename(wrapped, path.join(base, 'inner'))
      await mkdir(wrapped)
      await writeFile(path.join(wrapped, '.hidden'), '')
      await rename(path.join(base, 'inner'), path.join(wrapped, 'folder'))
    }
    await rename(wrapped, path.join(root, 'andromeda', 'deep'))
    await purgeState({ root }, path.join(root, 'andromeda'))
    expect(await readdir(root)).toEqual([])
  })

  it('row 50: follows no link, neither in its place nor within', async () => {
    const outside = path.join(base, 'outside')
    await mkdir(outside)
    await writeFile(path.join(outside, 'precious'), '')
    await prepare(path.join(root, 'andromeda'))
    await symlink(outside, path.join(root, 'andromeda', 'inner'))
    await symlink(outside, path.join(root, 'linked'))
    await purgeState({ root }, path.join(root, 'andromeda'))
    await expect(purgeState({ root }, path.join(root, 'linked'))).rejects.toMatchObject(invalid)
    await expect(purgeState({ root }, root)).rejects.toMatchObject(invalid)
    expect(await readdir(outside)).toEqual(['precious'])
  })
})
