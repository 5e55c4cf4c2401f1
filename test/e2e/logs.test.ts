import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { imageArchive } from '../../engine/image/archive.ts'
import { loadImages } from '../../engine/image/load.ts'
import { folderEntry } from '../../engine/image/tar.ts'
import { controllerView } from '../../src/controller-view.ts'
import { type DatabasePool, openPool } from '../../src/database/pool.ts'
import { BUSYBOX, ensureBusybox } from '../support/busybox.ts'
import { createDeployment, type Deployment, type RunningController } from '../support/deployment.ts'

const IMAGE = 'galaxy-test-talking:1.0.0'

/** A line on each stream, then one more every tenth of a second. */
const SCRIPT =
  'echo out; echo err >&2; for n in 1 2 3 4 5 6 7 8 9; do /bin/busybox sleep 0.1; echo "line $n"; done; exec /bin/busybox sleep 3600'

describe('the log of a game', () => {
  let deployment: Deployment
  let controller: RunningController
  let pool: DatabasePool

  beforeAll(async () => {
    deployment = await createDeployment()
    await buildImage(deployment)
    pool = openPool({ url: deployment.databaseUrl, applicationName: 'logs', max: 1 })
    await deployment.query(
      `INSERT INTO engine_versions (engine, version, image_ref, protocol, probe, command) VALUES ('talking', '1.0.0', $1, 'none', '{"none": true}', $2)`,
      [IMAGE, JSON.stringify(['/bin/busybox', 'sh', '-c', SCRIPT])],
    )
    controller = await deployment.start()
    await deployment.query("INSERT INTO desired_games (game_id, engine, engine_version) VALUES ('talks', 'talking', '1.0.0')")
    await deployment.untilStatus('talks', 'running')
  }, 60_000)
  afterAll(async () => {
    await pool.close()
    await deployment.dispose()
  })

  it('is followed while its container writes, without the frames that Docker wraps around it', async () => {
    const lines = await read({ follow: true }, (text) => text.includes('line 9\n'))
    expect(lines.toSorted()).toEqual(['err', ...Array.from({ length: 9 }, (_, index) => `line ${index + 1}`), 'out'])
  })

  it('is told in part, with times where they are asked for', async () => {
    expect(await read({ tail: 2 })).toEqual(['line 8', 'line 9'])
    expect(await read({ tail: 1, timestamps: true })).toEqual([expect.stringMatching(/^20\d\d-.*Z line 9$/)])
    expect(await read({ sinceMs: Date.now() + 60_000 })).toEqual([])
  })

  it('and what its container uses are told of the container that runs', async () => {
    const [usage] = await controllerView(controller.state, pool.db).usage()
    expect(usage).toMatchObject({ game: 'talks', pids: expect.any(Number), memoryLimitBytes: expect.any(Number), readAt: expect.any(Date) })
    expect(usage?.memoryBytes).toBeGreaterThan(10_000)
    expect(usage?.cpuSeconds).toBeGreaterThan(0)
  })

  it('ends with its container', async () => {
    const following = read({ follow: true })
    await deployment.docker.getContainer(deployment.containerName('talks')).kill()
    expect(await following).toContain('line 9')
  })

  it('is not there without a container', async () => {
    await expect(read({}, undefined, 'nobody')).rejects.toThrow('game nobody has no container now')
  })

  async function read(
    options: { follow?: boolean; tail?: number; sinceMs?: number; timestamps?: boolean },
    isEnough: (text: string) => boolean = () => false,
    game = 'talks',
  ): Promise<readonly string[]> {
    const { follow = false, tail = null, sinceMs = null, timestamps = false } = options
    const view = controllerView(controller.state, pool.db)
    const chunks = await view.openLogs(game, { follow, tail, sinceMs, timestamps }, AbortSignal.timeout(10_000))
    let text = ''
    for await (const chunk of chunks) {
      text += Buffer.from(chunk).toString('utf8')
      if (isEnough(text)) break
    }
    return text.split('\n').slice(0, -1)
  }
})

/** A shell, and nothing else. */
async function buildImage({ docker }: Deployment): Promise<void> {
  await ensureBusybox()
  const { size } = await stat(BUSYBOX)
  const shell = { path: 'bin/busybox', mode: 0o755, sizeBytes: size, content: () => createReadStream(BUSYBOX) }
  const { Arch: architecture } = await docker.version()
  const image = { reference: IMAGE, config: { Labels: { 'com.galaxy.test_image': IMAGE } } }
  await loadImages(
    docker,
    imageArchive([{ name: 'talking', entries: [folderEntry('bin', 0o755), shell] }], [image], architecture),
    AbortSignal.timeout(30_000),
  )
}
