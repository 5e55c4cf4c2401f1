import { spawn } from 'node:child_process'
import { mkdir, mkdtemp, readdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest'
import { writeAddress } from '../../src/api/address-file.ts'
import { createToken } from '../../src/api/token.ts'
import { identifyProcess, type ProcessIdentity } from '../../src/local/process-identity.ts'
import { dockerHost, galaxy } from '../support/galaxy.ts'
import { type FreshDatabase, freshDatabase } from '../support/postgres.ts'
import { type ApiUnderTest, startApiUnderTest } from './api-server.ts'

const NOBODY = 'http://127.0.0.1:1'
const DEAD: ProcessIdentity = { pid: 2 ** 22 + 1, startedAt: 'once' }

let database: FreshDatabase
let api: ApiUnderTest
let folder: string
let env: NodeJS.ProcessEnv

beforeAll(async () => {
  database = await freshDatabase(inject('postgresUrl'))
  api = await startApiUnderTest()
})
afterAll(async () => {
  await api.stop()
  await database.drop()
})
beforeEach(async () => {
  folder = await mkdtemp(path.join(inject('runFolder'), 'doctor-'))
  env = { GALAXY_DATA_DIR: folder, GALAXY_DATABASE_URL: database.url, DOCKER_HOST: dockerHost(inject('dockerAddress')) }
})

describe('galaxy doctor', () => {
  it('exits 0 where nothing has been started yet, and says what starts it', async () => {
    const { code, finding } = await doctor()
    expect(code).toBe(0)
    expect(finding('controller')).toMatchObject({ level: 'skip', detail: expect.stringContaining('`npm start` starts one') })
    expect(await readdir(folder)).toEqual([])
  })

  it.each([
    ['no Docker daemon answers', 'docker', { DOCKER_HOST: 'unix:///nowhere/docker.sock' }, /no daemon answers at DOCKER_HOST/],
    [
      'the Docker client’s choice can’t be read',
      'docker',
      { DOCKER_HOST: '', DOCKER_CONTEXT: 'gone', HOME: '/nowhere' },
      /names no address/,
    ],
    ['no database answers', 'database', { GALAXY_DATABASE_URL: 'postgres://u:hunter2@localhost:1/x' }, /does not answer: .*ECONNREFUSED/],
  ])('exits 1 when %s', async (_case, check, given, detail) => {
    env = { ...env, ...given }
    const { code, finding, stderr } = await doctor()
    expect(code).toBe(1)
    expect(finding(check)).toMatchObject({ level: 'fail', detail: expect.stringMatching(detail), advice: expect.stringMatching(/./) })
    expect(stderr).toMatch(/^1 of \d+ checks failed\n$/)
  })

  it('finds the controller that answers, and whether it is ready', async () => {
    await writeAddress(folder, { url: api.url, token: api.token })
    expect((await doctor()).finding('controller')).toMatchObject({ level: 'ok', detail: `ready at ${api.url}, active` })
    api.view.leads = false
    expect((await doctor()).finding('controller')).toMatchObject({ level: 'ok', detail: `ready at ${api.url}, on standby` })
    api.view.dockerOk = false
    const { code, finding } = await doctor()
    api.view.leads = api.view.dockerOk = true
    expect([code, finding('controller')?.level, finding('controller')?.detail]).toEqual([
      1,
      'fail',
      `answers at ${api.url} but is not ready: docker: no answer`,
    ])
  })

  it('takes a controller that was stopped in order for no fault', async () => {
    await writeAddress(folder, { url: NOBODY, token: createToken() })
    const { code, finding } = await doctor()
    expect([code, finding('controller')?.level]).toEqual([0, 'skip'])
  })

  it.each([
    ['nobody', () => NOBODY, /no controller answers at .*ECONNREFUSED.*: process 4194305 ended unexpectedly/],
    ['another folder’s controller', () => api.url, /another program answers, or a controller that was not started from here/],
  ])('misses a controller that died, when %s answers at its address; changes nothing', async (_case, url, detail) => {
    await writeAddress(folder, { url: url(), token: createToken() })
    await recordController(DEAD)
    for (let times = 0; times < 2; times++) {
      const { code, finding } = await doctor()
      expect(code).toBe(1)
      expect(finding('controller')).toMatchObject({
        level: 'fail',
        detail: expect.stringMatching(detail),
        advice: expect.stringContaining('npm start'),
      })
    }
  })

  it('misses a controller that runs without answering', async () => {
    await writeAddress(folder, { url: NOBODY, token: createToken() })
    await withProcess(async (identity) => {
      await recordController(identity)
      const { code, finding } = await doctor()
      expect([code, finding('controller')?.level]).toEqual([1, 'fail'])
      expect(finding('controller')?.detail).toContain(`though process ${identity.pid} runs`)
    })
  })
})

describe('galaxy health', () => {
  it.each([
    ['exits 0 for a controller that is ready', () => api, true, { code: 0, stdout: 'alive\n' }],
    ['exits 0 for one that is not ready', () => api, false, { code: 0, stdout: 'alive, but not ready: docker: no answer\n' }],
    ['exits 3 where nobody answers', () => ({ url: NOBODY, token: createToken() }), true, { code: 3, stdout: '' }],
    ['exits 3 where somebody else does', () => ({ url: api.url, token: createToken() }), true, { code: 3, stdout: '' }],
    ['exits 3 where none was started', () => null, true, { code: 3, stdout: '' }],
  ])('%s', async (_, address, dockerOk, expected) => {
    const told = address()
    if (told !== null) await writeAddress(folder, { url: told.url, token: told.token })
    api.view.dockerOk = dockerOk
    const answer = await galaxy(['health'], env, folder)
    api.view.dockerOk = true
    expect(answer).toMatchObject(expected)
  })
})

describe('a second galaxy up', () => {
  it('exits 0 when the first one is ready, and says where', async () => {
    await writeAddress(folder, { url: api.url, token: api.token })
    await withProcess(async (identity) => {
      await recordController(identity)
      expect(await galaxy(['up'], env, folder)).toMatchObject({
        code: 0,
        stderr: `Galaxy runs here already and is ready (pid ${identity.pid}, ${api.url}); end it with \`npm run down\`\n`,
      })
    })
  })

  it.each([
    ['nobody answers at the address that the last one left', () => ({ url: NOBODY, token: createToken() })],
    ['another folder’s controller answers there', () => ({ url: api.url, token: createToken() })],
  ])('exits 3 when %s', async (_case, address) => {
    await writeAddress(folder, address())
    await withProcess(async (identity) => {
      await recordController(identity)
      expect(await galaxy(['up'], env, folder)).toMatchObject({
        code: 3,
        stderr: expect.stringContaining(`(pid ${identity.pid}, ${address().url}) but does not answer`),
      })
    })
  })

  it('exits 1 when the first one is not ready', async () => {
    await writeAddress(folder, { url: api.url, token: api.token })
    await withProcess(async (identity) => {
      await recordController(identity)
      api.view.dockerOk = false
      const { code, stderr } = await galaxy(['up'], env, folder)
      api.view.dockerOk = true
      expect([code, stderr]).toEqual([1, expect.stringContaining('but is not ready: docker: no answer')])
    })
  })
})

async function doctor() {
  const { code, stdout, stderr } = await galaxy(['doctor', '--json'], env, folder)
  const findings = JSON.parse(stdout) as { check: string; level: string; detail: string; advice: string | null }[] // as --json prints them
  return { code, stderr, finding: (wanted: string) => findings.find(({ check }) => check === wanted) }
}

async function recordController(identity: ProcessIdentity): Promise<void> {
  await mkdir(path.join(folder, 'controllers'), { recursive: true })
  await writeFile(path.join(folder, 'controllers', `${identity.pid}.json`), JSON.stringify(identity))
}

/** Something that runs, and does not listen. */
async function withProcess(use: (identity: ProcessIdentity) => Promise<void>): Promise<void> {
  const child = spawn('sleep', ['60'], { stdio: 'ignore' })
  try {
    const identity = identifyProcess(child.pid ?? 0)
    if (identity === undefined) throw new Error('no sleep on this machine')
    await use(identity)
  } finally {
    child.kill()
  }
}
