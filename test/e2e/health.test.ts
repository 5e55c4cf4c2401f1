import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { imageArchive } from '../../engine/image/archive.ts'
import { loadImages } from '../../engine/image/load.ts'
import { folderEntry } from '../../engine/image/tar.ts'
import { BUSYBOX, ensureBusybox } from '../support/busybox.ts'
import { createDeployment, type Deployment } from '../support/deployment.ts'
import { until } from '../support/until.ts'

const IMAGE = 'galaxy-test-health:1.0.0'
const SECOND_NS = 1_000_000_000

describe('what is told of a game’s health', () => {
  let deployment: Deployment

  beforeAll(async () => {
    deployment = await createDeployment()
    await buildImage(deployment)
    await register('1.0.0', { docker: true }, ['/bin/busybox', 'sh', '-c', 'touch /tmp/well; exec sleep 3600'])
    await register('2.0.0', { none: true }, ['/bin/busybox', 'sh', '-c', 'sleep 1; exit 3'])
    // tail keeps the last line, and this one never ends.
    await register('3.0.0', { none: true }, ['/bin/busybox', 'sh', '-c', 'sleep 1; exec tail /dev/zero'])
    await register('4.0.0', { none: true }, ['/bin/busybox', 'sleep', '3600'])
    await deployment.start()
  }, 60_000)
  afterAll(() => deployment.dispose())

  it('goes by the image’s own HEALTHCHECK where the version says so, both ways', async () => {
    await start('checked', '1.0.0')
    await deployment.untilStatus('checked', 'running')
    await inContainer('checked', ['/bin/busybox', 'rm', '/tmp/well'])
    await deployment.untilStatus('checked', 'engine_unreachable')
    await inContainer('checked', ['/bin/busybox', 'touch', '/tmp/well'])
    await deployment.untilStatus('checked', 'running')
    expect(await events('checked')).toEqual(['container_started', 'inspect_unhealthy', 'probe_recovered'])
  }, 30_000)

  it('names the exit code of a container that ended', async () => {
    await start('exiting', '2.0.0')
    const [detail] = await until(
      () => details('exiting', 'container_exited'),
      (rows) => rows.length > 0,
      'its exit is told',
    )
    expect(detail).toMatchObject({ exitCode: 3 })
  })

  it('rows 14 and 15: tells a container that ran out of memory from one that was killed', async () => {
    await deployment.query(
      "INSERT INTO desired_games (game_id, engine, engine_version, memory) VALUES ('greedy', 'health', '3.0.0', '16Mi')",
    )
    await until(
      () => details('greedy', 'container_oom'),
      (rows) => rows.length > 0,
      'the lack of memory is told',
    )
    await start('killed', '4.0.0')
    await deployment.untilStatus('killed', 'running')
    await (await containerOf('killed')).kill({ signal: 'SIGKILL' })
    const [detail] = await until(
      () => details('killed', 'container_exited'),
      (rows) => rows.length > 0,
      'its end is told',
    )
    expect(detail).toMatchObject({ exitCode: 137 })
    expect(await details('killed', 'container_oom')).toEqual([])
  })

  it('says that a container disappeared', async () => {
    await start('vanishing', '4.0.0')
    await deployment.untilStatus('vanishing', 'running')
    await (await containerOf('vanishing')).remove({ force: true })
    await until(
      () => events('vanishing'),
      (told) => told.includes('container_disappeared'),
      'it is told',
    )
  })

  it('is in the outbox, each event once', async () => {
    const [row] = await deployment.query<{ told: number; events: number }>(
      `SELECT (SELECT count(*)::int FROM outbox WHERE type = 'runtime.health_event') AS told, (SELECT count(*)::int FROM health_events) AS events`,
    )
    expect(row?.told).toBe(row?.events)
  })

  async function register(version: string, probe: object, command: readonly string[]): Promise<void> {
    await deployment.query(
      "INSERT INTO engine_versions (engine, version, image_ref, protocol, probe, command) VALUES ('health', $1, $2, 'none', $3, $4)",
      [version, IMAGE, JSON.stringify(probe), JSON.stringify(command)],
    )
  }

  async function start(gameId: string, version: string): Promise<void> {
    await deployment.query("INSERT INTO desired_games (game_id, engine, engine_version) VALUES ($1, 'health', $2)", [gameId, version])
  }

  async function containerOf(gameId: string) {
    const found = (await deployment.containers()).find(({ Labels }) => Labels['com.galaxy.game_id'] === gameId)
    return deployment.docker.getContainer(found?.Id ?? '')
  }

  async function inContainer(gameId: string, command: string[]): Promise<void> {
    const run = await (await containerOf(gameId)).exec({ Cmd: command })
    await run.start({ Detach: true })
  }

  async function events(gameId: string): Promise<readonly string[]> {
    const rows = await deployment.query<{ type: string }>('SELECT type FROM health_events WHERE game_id = $1 ORDER BY id', [gameId])
    return rows.map(({ type }) => type)
  }

  async function details(gameId: string, type: string): Promise<readonly unknown[]> {
    const rows = await deployment.query<{ detail: unknown }>('SELECT detail FROM health_events WHERE game_id = $1 AND type = $2', [
      gameId,
      type,
    ])
    return rows.map(({ detail }) => detail)
  }
})

/** A busybox whose HEALTHCHECK looks for a file. */
async function buildImage({ docker }: Deployment): Promise<void> {
  await ensureBusybox()
  const { size } = await stat(BUSYBOX)
  const { Arch: architecture } = await docker.version()
  const entries = [
    folderEntry('bin', 0o755),
    { path: 'bin/busybox', mode: 0o755, sizeBytes: size, content: () => createReadStream(BUSYBOX) },
    { path: 'bin/sh', mode: 0o755, sizeBytes: size, content: () => createReadStream(BUSYBOX) },
    folderEntry('tmp', 0o1777),
  ]
  const config = {
    Env: ['PATH=/bin'],
    Entrypoint: [],
    Cmd: ['/bin/busybox', 'sleep', '3600'],
    Healthcheck: { Test: ['CMD', '/bin/busybox', 'test', '-f', '/tmp/well'], Interval: SECOND_NS / 2, Timeout: SECOND_NS, Retries: 1 },
  }
  await loadImages(
    docker,
    imageArchive([{ name: 'health', entries }], [{ reference: IMAGE, config }], architecture),
    AbortSignal.timeout(30_000),
  )
}
