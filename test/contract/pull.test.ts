import { randomBytes } from 'node:crypto'
import { mkdtemp, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { IDLE_IMAGE } from '../support/idle-image.ts'
import { hasRegistryProgram, startRegistry, type TestRegistry } from './registry.ts'
import { type DockerWorld, never, openWorld } from './support.ts'

// A registry of one's own takes Debian's docker-registry; pulls are tested on recorded answers too (test/unit/docker/pull.test.ts).
describe.skipIf(!hasRegistryProgram())('pulling from a registry', () => {
  const name = `galaxy-test-pull-${randomBytes(4).toString('hex')}`
  let world: DockerWorld
  let folder: string
  let open: TestRegistry
  let closed: TestRegistry

  beforeAll(async () => {
    folder = await mkdtemp(path.join(inject('runFolder'), 'registry-'))
    world = await openWorld({
      address: inject('dockerAddress'),
      instance: `${inject('testInstancePrefix')}${name}`,
      folder,
      offerImages: null,
    })
    open = await startRegistry(folder, false)
    closed = await startRegistry(folder, true)
    await push(world, `${open.host}/${name}`)
  })
  afterAll(async () => {
    await Promise.all([open, closed].map((registry) => registry.stop()))
    await world.close()
  })

  it('fetches the image once for all who want it, and tells the progress', async () => {
    const ref = `${open.host}/${name}:1.0.0`
    const texts: string[] = []
    world.calls.length = 0
    const pulls = [1, 2, 3].map(() => world.runtime.pull(ref, (text) => texts.push(text), never))
    const [first, ...others] = await Promise.all(pulls)
    expect(first).toMatchObject({ refs: expect.arrayContaining([ref]) })
    expect(others).toEqual([first, first])
    expect(texts.at(-1)).toBe(`pulling ${ref}: 100 %`)
    expect(world.calls).toEqual(['image_pull', 'image_inspect'])
    await world.docker.getImage(ref).remove()
  })

  it('finds that it has the image already', async () => {
    const ref = `${open.host}/${name}:1.0.0`
    const first = await world.runtime.pull(ref, () => undefined, never)
    expect(await world.runtime.pull(ref, () => undefined, never)).toEqual(first)
    await world.docker.getImage(ref).remove()
  })

  it('fetches an image by its digest', async () => {
    const { refs } = await world.runtime.pull(`${open.host}/${name}:1.0.0`, () => undefined, never)
    const digestRef = refs.find((ref) => ref.includes('@sha256:')) ?? ''
    await world.docker.getImage(`${open.host}/${name}:1.0.0`).remove()
    expect(await world.runtime.pull(digestRef, () => undefined, never)).toMatchObject({ refs: expect.arrayContaining([digestRef]) })
    await world.docker.getImage(digestRef).remove()
  })

  it('row 28: fails for a version that nobody pushed, and for a registry that is down', async () => {
    const absent = `${open.host}/${name}:9.9.9`
    await expect(world.runtime.pull(absent, () => undefined, never)).rejects.toMatchObject({
      kind: 'transient',
      code: 'image_pull_failed',
      message: expect.stringContaining(absent),
    })
    await expect(world.runtime.pull(`127.0.0.1:1/${name}:1.0.0`, () => undefined, never)).rejects.toMatchObject({
      code: 'image_pull_failed',
      message: expect.stringMatching(/refused/),
    })
  })

  it('row 28: is denied without a login, and works with the one in the Docker configuration', async () => {
    const ref = `${closed.host}/${name}:1.0.0`
    await expect(world.runtime.pull(ref, () => undefined, never)).rejects.toMatchObject({
      code: 'image_pull_failed',
      message: expect.stringContaining('docker login'),
    })
    const auth = Buffer.from(`${closed.login?.username}:${closed.login?.password}`).toString('base64')
    await writeFile(path.join(folder, 'config.json'), JSON.stringify({ auths: { [closed.host]: { auth } } }))
    expect(await world.runtime.pull(ref, () => undefined, never)).toMatchObject({ refs: expect.arrayContaining([ref]) })
    await world.docker.getImage(ref).remove()
  })
})

/** Pushes the idle image as version 1.0.0 and leaves no local tag of it. */
async function push({ docker }: DockerWorld, repository: string): Promise<void> {
  await docker.getImage(IDLE_IMAGE).tag({ repo: repository, tag: '1.0.0' })
  const image = docker.getImage(`${repository}:1.0.0`)
  const stream = await image.push({ authconfig: {} })
  await new Promise<void>((resolve, reject) => docker.modem.followProgress(stream, (error) => (error === null ? resolve() : reject(error))))
  await image.remove()
}
