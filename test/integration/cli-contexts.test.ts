import { mkdtemp, readFile, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest'
import { writeAddress } from '../../src/api/address-file.ts'
import { type CliAnswer, galaxy } from '../support/galaxy.ts'
import { type ApiUnderTest, gameBody, startApiUnderTest } from './api-server.ts'

let far: ApiUnderTest
let near: ApiUnderTest
let folder: string
const env: NodeJS.ProcessEnv = {}

beforeAll(async () => {
  far = await startApiUnderTest()
  near = await startApiUnderTest()
  await far.call('PUT', '/api/v1/games/far', gameBody('far'))
  await near.call('PUT', '/api/v1/games/near', gameBody('near'))
})
afterAll(async () => {
  await far.stop()
  await near.stop()
})
/** `local` is near, and a token of the far one lies in a file. */
beforeEach(async () => {
  folder = await mkdtemp(path.join(inject('runFolder'), 'contexts-'))
  await writeAddress(path.join(folder, '.galaxy'), { url: near.url, token: near.token })
  await writeFile(path.join(folder, 'far.token'), `${far.token}\n`)
  env['XDG_CONFIG_HOME'] = path.join(folder, 'config')
})

const run = (args: readonly string[], over: NodeJS.ProcessEnv = {}): Promise<CliAnswer> => galaxy(args, { ...env, ...over }, folder)
const addFar = () => run(['context', 'add', 'far', '--url', `${far.url}/`, '--token-file', 'far.token'])
const games = async (args: readonly string[], over: NodeJS.ProcessEnv = {}) =>
  (await run([...args, 'get', 'games', '-o', 'name'], over)).stdout

describe('galaxy context', () => {
  it('names a place, which --context then means wherever it stands; the file is its owner’s alone', async () => {
    expect(await addFar()).toMatchObject({
      code: 0,
      stdout: 'context/far added\n',
      stderr: expect.stringContaining('galaxy context use far'),
    })
    const file = path.join(folder, 'config', 'galaxy', 'contexts.json')
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    expect(await readFile(file, 'utf8')).not.toContain(far.token)
    expect(await games(['--context', 'far'])).toBe('game/far\n')
    expect((await run(['get', 'games', '-o', 'name', '--context=far'])).stdout).toBe('game/far\n')
    expect((await run(['version', 'list', '-o', 'name', '--context', 'far'])).code).toBe(0)
    expect(await games([])).toBe('game/near\n')
  })

  it('is chosen by the flag, the environment, GALAXY_TOKEN, `context use`, in this order; else it is local', async () => {
    await addFar()
    expect(await run(['context', 'use', 'far'])).toMatchObject({ code: 0, stdout: 'context/far is used from now on\n' })
    const elsewhere = { GALAXY_API_URL: near.url, GALAXY_TOKEN: near.token }
    expect(await games([])).toBe('game/far\n')
    expect(await games([], elsewhere)).toBe('game/near\n')
    expect(await games([], { ...elsewhere, GALAXY_CONTEXT: 'far' })).toBe('game/far\n')
    expect(await games(['--context', 'local'], { GALAXY_CONTEXT: 'far' })).toBe('game/near\n')
    await writeFile(path.join(folder, 'galaxy.yaml'), 'client:\n  context: local\n')
    expect(await games([])).toBe('game/near\n')
  })

  it('lists the places, marks the one that is used, and shows no token', async () => {
    await addFar()
    const local = await run(['context', 'list'])
    expect(local.stdout).toMatch(/^\* +local +what was started from here +its own$/m)
    expect(local.stdout).toMatch(new RegExp(`^ +far +${far.url} +in .*far\\.token$`, 'm'))
    expect((await run(['context', 'ls', '-o', 'json'], { GALAXY_CONTEXT: 'far' })).stdout).toContain('"current": true')
    expect((await run(['context', 'show'], { GALAXY_CONTEXT: 'far' })).stdout).toBe('far\n')
    expect((await run(['context', 'list'], { GALAXY_TOKEN: 'x' })).stderr).toContain('GALAXY_TOKEN is set')
    expect((await run(['context', 'list'], { GALAXY_CONTEXT: 'none' })).stderr).toContain('galaxy context add none')
  })

  it('forgets a place; the one that is used gives way to local', async () => {
    await addFar()
    await run(['context', 'use', 'far'])
    expect(await run(['context', 'delete', 'far'])).toEqual({
      code: 0,
      stdout: 'context/far deleted\n',
      stderr: 'local is used from now on\n',
    })
    expect(await games([])).toBe('game/near\n')
  })

  it.each([
    [['--context', 'prod', 'get', 'games'], 2, 'there is no context prod; known are local, far (galaxy context list)'],
    [['context', 'use', 'prod'], 2, 'known are local, far'],
    [['--context', 'far', 'up'], 2, '--context is for verbs that ask a controller; galaxy up asks none'],
    [['context', 'add', 'far', '--url', 'http://x', '--token-file', 'far.token'], 1, 'galaxy context delete far takes it away'],
    [['context', 'add', 'local', '--url', 'http://x', '--token-file', 'far.token'], 2, 'give it another name'],
    [['context', 'add', 'Bad', '--url', 'http://x', '--token-file', 'far.token'], 2, 'Bad is no name'],
    [['context', 'add', 'x', '--url', 'http://u:hunter2@x', '--token-file', 'far.token'], 2, 'without user and password'],
    [['context', 'add', 'x', '--url', 'http://x', '--token-file', 'none.token'], 2, 'none.token can’t be read'.replace('’', "'")],
    [['context', 'add', 'x', '--url', 'http://x', '--token-file', '-'], 2, 'stdin holds no token'],
    [['context', 'add', 'x', '--url', 'http://x'], 2, "required option '--token-file <path>' not specified"],
    [['context', 'delete', 'local'], 2, 'local is always there'],
  ])('%j ends with %d', async (args, code, told) => {
    await addFar()
    const answer = await run(args)
    expect(answer).toMatchObject({ code, stdout: '', stderr: expect.stringContaining(told) })
    expect(answer.stderr).not.toContain('hunter2')
  })

  it('says where nobody answers that the context says so, and what may be wrong with its token', async () => {
    await run(['context', 'add', 'dead', '--url', 'http://127.0.0.1:1', '--token-file', 'far.token'])
    expect(await run(['get', 'games', '--context', 'dead'])).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('context dead says that it is there (galaxy context list)'),
    })
    await writeFile(path.join(folder, 'far.token'), 'glx_not-this-one')
    await addFar()
    expect(await run(['get', 'games', '--context', 'far'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('galaxy token create'),
    })
  })

  it('does not overwrite a file that it can’t read', async () => {
    const file = path.join(folder, 'config', 'galaxy', 'contexts.json')
    await addFar()
    await writeFile(file, '{ "contexts": ')
    expect(await run(['context', 'use', 'local'])).toMatchObject({ code: 2, stderr: expect.stringContaining('holds no contexts') })
    expect(await readFile(file, 'utf8')).toBe('{ "contexts": ')
  })
})
