import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { writeAddress } from '../../src/api/address-file.ts'
import { acquireLease } from '../../src/database/lease.ts'
import { openPool } from '../../src/database/pool.ts'
import { RuntimeFailure } from '../../src/model/errors.ts'
import type { HostImage } from '../../src/model/image.ts'
import { galaxy } from '../support/galaxy.ts'
import { type ApiUnderTest, startApiUnderTest } from './api-server.ts'

let api: ApiUnderTest
beforeAll(async () => {
  api = await startApiUnderTest() // registers galaxy 1.0.0 and 1.0.1
  await api.pool.db.insertInto('engine_versions').values({ engine: 'monopd', version: '0.10.2', image_ref: 'monopd:0.10' }).execute()
  await api.pool.db.updateTable('engine_versions').set({ enabled: false }).where('version', '=', '1.0.1').execute()
})
afterAll(() => api.stop())
beforeEach(() => {
  api.view.host.images.length = 0
  api.view.host.containers.length = 0
})

const image = (id: string, ...refs: string[]): HostImage => ({ id: `sha256:${id.repeat(64)}`, refs, sizeBytes: 155_000_000 })
const host = (...images: HostImage[]) => api.view.host.images.push(...images)
const container = (of: HostImage, name: string, gameId: string | null = null) =>
  api.view.host.containers.push({ imageId: of.id, name, gameId })

/** What the list says: names, then who needs it, or how to remove it. */
async function listed(): Promise<readonly string[]> {
  const { items } = (await api.call('GET', '/api/v1/images')).body
  return (items as readonly Listed[]).map(({ id, refs, neededBy, removeWith }) => {
    const needs = neededBy.map(({ kind, name }) => `${kind} ${name}`).join(', ')
    return `${refs[0] ?? id.slice(7, 8)}: ${removeWith ?? needs}` // one or the other
  })
}
interface Listed extends HostImage {
  readonly neededBy: readonly { readonly kind: string; readonly name: string }[]
  readonly removeWith: string | null
}

describe('the engine images of a host', () => {
  it('are those that are named here and those of the template; no others', async () => {
    host(image('a', 'galaxy-engine:1.0.0'), image('b', 'galaxy-engine:0.9.0'), image('c', 'monopd:0.10'), image('d', 'postgres:16'))
    expect(await listed()).toEqual([
      'galaxy-engine:0.9.0: docker rmi galaxy-engine:0.9.0',
      'galaxy-engine:1.0.0: EngineVersion galaxy/1.0.0',
      'monopd:0.10: EngineVersion monopd/0.10.2',
    ])
  })

  it('are needed by desired games, by what they accepted, and by any container; not by a disabled version', async () => {
    const [own, old, disabled, foreign] = [
      image('a', 'mine:1'),
      image('b'),
      image('c', 'galaxy-engine:1.0.1'),
      image('d', 'galaxy-engine:0.8.0'),
    ]
    host(own, old, disabled, foreign)
    container(foreign, 'somebody')
    expect(await listed()).toEqual(['galaxy-engine:0.8.0: Container somebody', 'galaxy-engine:1.0.1: docker rmi galaxy-engine:1.0.1'])
    await api.pool.db.insertInto('desired_games').values({ game_id: 'own-image', image_ref: 'docker.io/library/mine:1' }).execute()
    await api.pool.db.insertInto('desired_games').values({ game_id: 'on-disabled', engine_version: '1.0.1' }).execute()
    await accept('own-image', { imageRef: 'mine:1', imageId: old.id })
    expect(await listed()).toEqual([
      'galaxy-engine:0.8.0: Container somebody',
      'galaxy-engine:1.0.1: Game on-disabled',
      'mine:1: Game own-image',
      'b: Game own-image',
    ])
    await api.pool.db.updateTable('desired_games').set({ deleted_at: new Date() }).where('game_id', '=', 'own-image').execute()
    container(old, 'galaxy-game-own-image', 'own-image')
    expect(await listed()).toEqual([
      'galaxy-engine:0.8.0: Container somebody',
      'galaxy-engine:1.0.1: Game on-disabled',
      'mine:1: docker rmi mine:1',
      'b: Game own-image',
    ])
  })

  it('keep the names that others gave them', async () => {
    host(image('a', 'galaxy-engine:0.9.0', 'galaxy-engine:0.9', 'backup:1'), image('b', `monopd@sha256:${'f'.repeat(64)}`))
    await api.pool.db
      .insertInto('engine_versions')
      .values({ version: '0.1.0', enabled: false, image_ref: `monopd:1@sha256:${'f'.repeat(64)}` })
      .execute()
    expect(await listed()).toEqual([
      'galaxy-engine:0.9.0: docker rmi galaxy-engine:0.9.0 galaxy-engine:0.9',
      `monopd@sha256:${'f'.repeat(64)}: docker rmi monopd@sha256:${'f'.repeat(64)}`,
    ])
  })

  it('are not listed by a controller that cannot see them', async () => {
    const seen = api.view.hostImages
    api.view.hostImages = () => Promise.reject(new RuntimeFailure('transient', 'service_unavailable', 'standby'))
    expect(await api.call('GET', '/api/v1/images')).toMatchObject({ status: 503, body: { code: 'service_unavailable' } })
    api.view.hostImages = seen
    expect((await api.call('GET', '/api/v1/images', undefined, {})).status).toBe(401)
  })
})

describe('galaxy get images', () => {
  let dataDir: string
  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'galaxy-images-'))
    await writeAddress(dataDir, { url: api.url, token: api.token })
  })
  afterAll(() => rm(dataDir, { recursive: true }))
  const run = async (...args: string[]) => (await galaxy(['get', 'images', ...args], { GALAXY_DATA_DIR: dataDir }, dataDir)).stdout

  it('tells size and need, and in the wide table what removes it', async () => {
    host(image('a', 'galaxy-engine:0.9.0'), image('b', 'monopd:0.10'))
    expect(await run('-o', 'wide')).toBe(
      `IMAGE                 ID             SIZE     NEEDED BY               REMOVE WITH
galaxy-engine:0.9.0   aaaaaaaaaaaa   155 MB   nothing                 docker rmi galaxy-engine:0.9.0
monopd:0.10           bbbbbbbbbbbb   155 MB   version/monopd/0.10.2   -
`,
    )
    expect(await run('monopd:0.10', '-o', 'name')).toBe('image/monopd:0.10\n')
    expect(await run()).not.toContain('docker rmi')
  })
})

/** As the lease holder writes it. */
async function accept(gameId: string, spec: object): Promise<void> {
  await acquireLease(api.pool.db, { instance: 'default', holder: 'test', ttlMs: 600_000, staleAfterMs: 30_000 })
  const url = api.pool.pool.options.connectionString ?? ''
  const term = openPool({ url, applicationName: 'test', max: 1, session: { instance: 'default', leaseEpoch: 1 } })
  await term.db
    .insertInto('game_status')
    .values({ game_id: gameId, accepted_spec: JSON.stringify(spec) })
    .execute()
    .finally(() => void term.close())
}
