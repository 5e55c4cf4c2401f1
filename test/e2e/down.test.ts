import path from 'node:path'
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest'
import { KIND, LABEL, OWNER } from '../../src/model/labels.ts'
import { createDeployment, type Deployment, idleImage } from '../support/deployment.ts'
import { dockerHost, galaxy } from '../support/galaxy.ts'
import { until } from '../support/until.ts'

const NO_DAEMON = { DOCKER_HOST: 'unix:///nowhere/docker.sock' }

let deployment: Deployment
beforeEach(async () => {
  deployment = await createDeployment()
})
afterEach(() => deployment.dispose())

describe('galaxy down', () => {
  it('does nothing and exits 0 where nothing has been started', async () => {
    const nowhere = path.join(deployment.config.dataDir, 'nowhere')
    const env = { ...NO_DAEMON, GALAXY_DATA_DIR: nowhere }
    expect(await galaxy(['down'], env, deployment.config.dataDir)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('nothing has been started from here'),
    })
  })

  it('exits 0 without a daemon when no game has a container', async () => {
    expect((await run('down', NO_DAEMON)).code).toBe(0)
    const controller = await deployment.start()
    await controller.stop()
    expect(await run('down', NO_DAEMON)).toMatchObject({ code: 0, stdout: expect.stringContaining('no containers to end') })
  })

  it('exits 1 without a daemon when a game has one, and 0 once it has ended it', async () => {
    const controller = await startGame()
    await controller.stop()
    const failed = await run('down', NO_DAEMON)
    expect(failed).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(
        /Not everything has ended:\nthe games' containers \(1\) could not be ended: no Docker daemon answers at .*nowhere/,
      ),
    })
    expect(await deployment.containers()).toHaveLength(1)

    expect(await run('down')).toMatchObject({ code: 0, stdout: expect.stringContaining('stopped and removed') })
    expect(await deployment.containers()).toEqual([])
    expect((await run('down')).code).toBe(0)
  })

  it('exits 1 when the database does not answer', async () => {
    const answer = await run('down', { GALAXY_DATABASE_URL: 'postgres://u:hunter2@127.0.0.1:1/x' })
    expect(answer).toMatchObject({ code: 1, stderr: expect.stringContaining('ECONNREFUSED') })
    expect(answer.stderr).not.toContain('hunter2')
  })

  it('leaves the games of a controller that was not started from here, and exits 1', async () => {
    await startGame()
    expect(await run('down')).toMatchObject({ code: 1, stderr: expect.stringMatching(/left running: another controller .* is active/) })
    expect(await deployment.containers()).toMatchObject([{ State: 'running' }])
  })

  it('refuses a database of another instance', async () => {
    const controller = await startGame()
    await controller.stop()
    const answer = await run('down', { GALAXY_INSTANCE: 'another' })
    expect(answer).toMatchObject({ code: 1, stderr: expect.stringContaining(`belongs to instance "${deployment.config.instance}"`) })
  })

  it('waits for the lease of a controller that was killed', async () => {
    const controller = deployment.spawn()
    await askForGame()
    controller.kill('SIGKILL')
    expect(await run('down')).toMatchObject({ code: 0, stdout: expect.stringContaining('stopped and removed') })
    expect(await deployment.containers()).toEqual([])
  })
})

describe('galaxy doctor', () => {
  it('tells which containers with our labels are left alone, and why', async () => {
    await startGame()
    await deployment.docker
      .createContainer({
        name: deployment.containerName('forged'),
        Image: idleImage('1.0.0'),
        Labels: { [LABEL.owner]: OWNER, [LABEL.kind]: KIND, [LABEL.gameId]: 'forged', [LABEL.instance]: deployment.config.instance },
        HostConfig: { AutoRemove: true },
      })
      .then((container) => container.start())
    const name = deployment.containerName('forged')
    const findings = await until(doctor, (found) => 'left alone' in found, 'the controller has looked at it')

    expect(findings['containers']).toMatchObject({ level: 'ok', detail: '1 of this deployment, 1 running' })
    expect(findings['left alone']).toMatchObject({
      level: 'warn',
      detail: expect.stringContaining(`${name} is left alone: `),
      advice: expect.stringContaining(`docker rm -f ${name}`),
    })
  })

  it('tells of a container whose game nobody has asked for, when no controller has looked at it', async () => {
    const controller = await deployment.start()
    await controller.stop()
    const name = deployment.containerName('stray')
    await deployment.docker.createContainer({
      name,
      Image: idleImage('1.0.0'),
      Labels: { [LABEL.owner]: OWNER, [LABEL.kind]: KIND, [LABEL.gameId]: 'stray', [LABEL.instance]: deployment.config.instance },
    })
    const findings = await doctor()
    expect(findings['containers']?.detail).toBe('0 of this deployment, 0 running')
    expect(findings['not asked for']).toMatchObject({ level: 'warn', detail: expect.stringContaining(name) })
  })
})

async function startGame() {
  const controller = await deployment.start()
  await askForGame()
  return controller
}

async function askForGame(): Promise<void> {
  await deployment.query("INSERT INTO desired_games (game_id, engine_version) VALUES ('andromeda', '1.0.0')")
  await deployment.untilStatus('andromeda', 'running')
}

async function doctor(): Promise<Readonly<Record<string, { level: string; detail: string; advice: string | null }>>> {
  const { stdout } = await run('doctor --json')
  const findings = JSON.parse(stdout) as { check: string; level: string; detail: string; advice: string | null }[] // as --json prints them
  return Object.fromEntries(findings.map((finding) => [finding.check, finding]))
}

function run(command: string, given: NodeJS.ProcessEnv = {}) {
  const { instance, dataDir, timings } = deployment.config
  const env = {
    GALAXY_INSTANCE: instance,
    GALAXY_DATA_DIR: dataDir,
    GALAXY_DATABASE_URL: deployment.databaseUrl,
    GALAXY_LEASE: `${timings.leaseMs}ms`,
    GALAXY_LEASE_RENEW: `${timings.leaseRenewMs}ms`,
    GALAXY_GRACE_PERIOD: `${timings.gracePeriodMs}ms`,
    DOCKER_HOST: dockerHost(inject('dockerAddress')),
    ...given,
  }
  return galaxy(command.split(' '), env, dataDir)
}
