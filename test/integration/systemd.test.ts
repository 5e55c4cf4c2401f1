import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest'
import { hasNotify, listenAsSystemd, type NotifySocket } from '../support/notify-socket.ts'
import { freshDatabase } from '../support/postgres.ts'
import { startSimulatorProcess } from '../support/simulator-process.ts'
import { until } from '../support/until.ts'

const LAUNCHER = fileURLToPath(new URL('../../bin/galaxy.mjs', import.meta.url))
const WATCHDOG_MS = 900

/** `galaxy controller` as a service of Type=notify with a watchdog; systemd's side of the socket is the test's. */
describe.skipIf(!hasNotify)('galaxy controller under systemd (needs systemd-notify and perl)', () => {
  let folder: string
  let database: Awaited<ReturnType<typeof freshDatabase>>
  let systemd: NotifySocket
  let controller: ChildProcess

  beforeEach(async () => {
    folder = await mkdtemp(path.join(inject('runFolder'), 'systemd-'))
    database = await freshDatabase(inject('postgresUrl'))
    systemd = await listenAsSystemd(path.join(folder, 'notify'))
  })
  afterEach(async () => {
    controller.kill('SIGKILL')
    systemd.stop()
    await database.drop()
  })

  it('says that it is ready, gives signs of life but not while it hangs, and says that it stops', async ({ onTestFinished }) => {
    const simulator = await startSimulatorProcess(folder, {}, '--real-time')
    onTestFinished(() => simulator.stop())
    start(simulator.socketPath)
    expect(await first('READY=1')).toEqual(expect.arrayContaining(['WATCHDOG=1', expect.stringMatching(/^STATUS=(active|on standby)$/)]))
    await moreThan(signs() + 1)

    controller.kill('SIGSTOP')
    await delay(WATCHDOG_MS / 3) // one that was on its way
    const before = signs()
    await delay(2 * WATCHDOG_MS)
    expect(signs()).toBe(before)

    controller.kill('SIGCONT')
    await moreThan(before)
    controller.kill('SIGTERM')
    expect(await first('STOPPING=1')).toBe(systemd.messages.at(-1))
    expect(await once(controller, 'exit')).toEqual([0, null])
  })

  it('is not ready without Docker, says so, asks for more time to start, and can be stopped', async () => {
    start(path.join(folder, 'nowhere.sock'))
    const [extension, status] = await first('EXTEND_TIMEOUT_USEC=15000000')
    expect([extension, status]).toEqual(['EXTEND_TIMEOUT_USEC=15000000', expect.stringMatching(/^STATUS=not ready: docker: /)])
    controller.kill('SIGTERM')
    await first('STOPPING=1')
    expect(await once(controller, 'exit')).toEqual([0, null])
    expect(systemd.messages.flat()).not.toContain('READY=1')
  })

  function start(dockerSocket: string): void {
    const env = {
      PATH: process.env['PATH'],
      NOTIFY_SOCKET: systemd.path,
      WATCHDOG_USEC: String(WATCHDOG_MS * 1_000),
      DOCKER_HOST: `unix://${dockerSocket}`,
      GALAXY_DATABASE_URL: database.url,
      GALAXY_INSTANCE: `${inject('testInstancePrefix')}unit`,
      GALAXY_DATA_DIR: folder,
      GALAXY_API_PORT: '0',
    }
    controller = spawn(process.execPath, [LAUNCHER, 'controller'], { cwd: folder, env, stdio: 'ignore' })
  }

  function signs(): number {
    return systemd.messages.filter((message) => message.includes('WATCHDOG=1')).length
  }

  async function moreThan(count: number): Promise<void> {
    await until(signs, (now) => now > count, 'another sign of life')
  }

  async function first(assignment: string): Promise<readonly string[]> {
    const find = () => systemd.messages.find((message) => message.includes(assignment)) ?? null
    return (await until(find, (found) => found !== null, assignment)) ?? []
  }
})
