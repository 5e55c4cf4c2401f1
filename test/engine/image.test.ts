import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Dockerode from 'dockerode'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { buildEngineImages } from '../../engine/image.ts'
import { buildIdleImage, IDLE_IMAGE } from '../support/idle-image.ts'

const STATE_MOUNT = '/var/lib/galaxy-game'

const docker = new Dockerode()
const containers: Dockerode.Container[] = []
const folders: string[] = []

beforeAll(async () => {
  await build()
}, 120_000)

afterEach(async () => {
  await Promise.all(containers.splice(0).map((container) => container.remove({ force: true, v: true })))
  await Promise.all(folders.splice(0).map((folder) => rm(folder, { recursive: true, force: true })))
})

describe('the engine images', () => {
  it('are not built again from the same content', async () => {
    const { lines, references } = await build()
    expect(references).toEqual(['galaxy-engine:1.0.0', 'galaxy-engine:1.0.1', 'galaxy-engine:1.1.0'])
    expect(lines).toEqual([])
  })

  it('share all layers, differ in their version and carry their limits', async () => {
    const { references } = await build()
    const images = await Promise.all(references.map((reference) => docker.getImage(reference).inspect()))
    expect(new Set(images.map((image) => image.RootFS.Layers?.join())).size).toBe(1)
    expect(new Set(images.map((image) => image.Id)).size).toBe(3)
    expect(images.map((image) => image.Config.Env[0])).toEqual(['ENGINE_VERSION=1.0.0', 'ENGINE_VERSION=1.0.1', 'ENGINE_VERSION=1.1.0'])
    expect(images[0]?.Config.Labels).toMatchObject({
      'com.galaxy.cpu_quota': '1',
      'com.galaxy.memory': '256Mi',
      'com.galaxy.pids_limit': '64',
    })
  })

  it.each(['0:0', '12345:12345'])('run hardened as %s, play a turn, keep it, and end with 0 on SIGTERM', async (user) => {
    const folder = await stateFolder()
    const first = await start('galaxy-engine:1.0.0', folder, user)
    await expect.poll(() => health(first.url), { timeout: 10_000, interval: 25 }).toBe(200)
    const races = [{ raceName: 'Terran' }, { raceName: 'Vulkan' }]
    expect(await post(first.url, '/api/v1/admin/init', { races })).toMatchObject({ turn: 0 })
    expect(await post(first.url, '/api/v1/admin/turn', { turn: 1 })).toMatchObject({ turn: 1 })
    expect(await stop(first.container)).toBe(0)

    const second = await start('galaxy-engine:1.1.0', folder, '0:0')
    await expect.poll(() => health(second.url), { timeout: 10_000, interval: 25 }).toBe(200)
    expect(await post(second.url, '/api/v1/admin/init', { races })).toMatchObject({ turn: 1 })
    expect(await post(second.url, '/api/v1/admin/turn', { turn: 2 })).toMatchObject({ turn: 2 })
  })

  it('refuse a second container on the same state directory', async () => {
    const folder = await stateFolder()
    const first = await start('galaxy-engine:1.0.0', folder, '0:0')
    await expect.poll(() => health(first.url), { timeout: 10_000, interval: 25 }).toBe(200)
    const second = await start('galaxy-engine:1.0.0', folder, '12345:12345')
    expect((await second.container.wait()).StatusCode).toBe(75)
    await first.container.kill({ signal: 'SIGKILL' })
    await first.container.wait()
    const third = await start('galaxy-engine:1.0.0', folder, '12345:12345')
    await expect.poll(() => health(third.url), { timeout: 10_000, interval: 25 }).toBe(200)
  })
})

describe('the idle image', () => {
  it('answers the health check and ends at once on SIGTERM', async () => {
    await buildIdleImage(docker)
    const { container, url } = await start(IDLE_IMAGE, await stateFolder(), '0:0')
    await expect.poll(() => health(url), { timeout: 10_000, interval: 25 }).toBe(200)
    expect(await stop(container)).toBe(143)
  })
})

async function build(): Promise<{ references: readonly string[]; lines: readonly string[] }> {
  const lines: string[] = []
  const { signal } = new AbortController()
  const references = await buildEngineImages({ docker, signal, onProgress: (line) => lines.push(line) })
  return { references, lines }
}

async function stateFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'engine-image-'))
  folders.push(folder)
  await chmod(folder, 0o777)
  return folder
}

/** As the controller does it: spec 4, the container, hardening. */
async function start(image: string, folder: string, user: string): Promise<{ container: Dockerode.Container; url: string }> {
  const container = await docker.createContainer({
    Image: image,
    User: user,
    Env: [`GAME_STATE_PATH=${STATE_MOUNT}`, `STORAGE_PATH=${STATE_MOUNT}`],
    HostConfig: {
      ReadonlyRootfs: true,
      Tmpfs: { '/tmp': '' },
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges'],
      Init: true,
      PidsLimit: 64,
      Memory: 256 * 1024 * 1024,
      MemorySwap: 256 * 1024 * 1024,
      Mounts: [{ Type: 'bind', Source: folder, Target: STATE_MOUNT }],
    },
  })
  containers.push(container)
  await container.start()
  const { NetworkSettings } = await container.inspect()
  const address = Object.values(NetworkSettings.Networks)[0]?.IPAddress
  return { container, url: `http://${address}:8080` }
}

async function stop(container: Dockerode.Container): Promise<number> {
  await container.kill({ signal: 'SIGTERM' })
  const began = performance.now()
  const { StatusCode } = await container.wait()
  expect(performance.now() - began).toBeLessThan(3000)
  return StatusCode
}

async function health(url: string): Promise<number> {
  try {
    return (await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(1000) })).status
  } catch {
    return 0
  }
}

async function post(url: string, path: string, body: unknown): Promise<unknown> {
  const init = { method: 'POST', body: JSON.stringify(body), signal: AbortSignal.timeout(5000) }
  return (await fetch(url + path, init)).json()
}
