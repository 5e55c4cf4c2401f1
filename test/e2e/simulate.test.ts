import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import Docker from 'dockerode'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { commandLine, isRunning, type ProcessIdentity, waitForExit } from '../../src/local/process-identity.ts'
import { descendantsOf } from '../support/descendants.ts'
import { type CliAnswer, galaxy } from '../support/galaxy.ts'
import { until } from '../support/until.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const SIMULATED = 'nothing real runs'

/** The program in a folder of its own, with no Docker daemon where it is told to look for one. */
describe('galaxy up --simulate', () => {
  let folder: string
  let env: NodeJS.ProcessEnv
  let up: Up

  beforeAll(async () => {
    folder = await mkdtemp(path.join(inject('runFolder'), 'simulate-'))
    // The database's user has to enter it.
    await chmod(folder, 0o755)
    env = {
      DOCKER_HOST: 'unix:///nowhere/docker.sock',
      GALAXY_INSTANCE: `${inject('testInstancePrefix')}sim`,
      GALAXY_DATA_DIR: folder,
      GALAXY_MANIFEST_DIR: path.join(ROOT, 'manifests'),
      GALAXY_API_PORT: '0',
      GALAXY_LEASE: '2s',
      GALAXY_LEASE_RENEW: '400ms',
    }
  })
  afterAll(async () => {
    up.process.kill('SIGKILL')
    await run('down', '--simulate')
  })

  it('brings the sample games up on the simulator, and says everywhere that nothing real runs', async () => {
    up = await start()
    expect(up.said()).toContain(SIMULATED)
    expect(await games()).toEqual([
      { name: 'andromeda', ready: 'True', currentTurn: 0 },
      { name: 'pegasus', ready: 'True', currentTurn: 0 },
    ])
    expect((await run('get', 'games')).stderr).toContain(SIMULATED)
    expect((await run('turn', 'andromeda', '--wait')).code).toBe(0)

    const { code, stdout } = await run('doctor', '--json')
    expect([code, JSON.parse(stdout)]).toEqual([0, expect.arrayContaining([expect.objectContaining({ check: 'simulation', level: 'ok' })])])
    expect((await containers()).map(({ name, state }) => [name, state])).toEqual([
      [expect.stringMatching(/-simulated\.galaxy-game-andromeda$/), 'running'],
      [expect.stringMatching(/-simulated\.galaxy-game-pegasus$/), 'running'],
    ])
    expect((await run('down')).stdout).toContain('The simulation runs on')
    expect(isRunning(up.simulator)).toBe(true)
  })

  it('ends the simulator with itself, and goes on from the games’ state the next time', async () => {
    const before = await containers()
    up.process.kill('SIGINT')
    expect(await once(up.process, 'exit')).toEqual([0, null])
    expect(isRunning(up.simulator)).toBe(false)

    up = await start()
    const after = await until(containers, (all) => all.length === before.length, 'there are containers again')
    expect(after.map(({ name }) => name)).toEqual(before.map(({ name }) => name))
    expect(after.filter(({ id }) => before.some((other) => other.id === id))).toEqual([])
    const isReady = (all: readonly Game[]): boolean => all.every(({ ready }) => ready === 'True')
    expect(await until(games, isReady, 'the games are ready again')).toMatchObject([{ currentTurn: 1 }, { currentTurn: 0 }])
  })

  it('leaves no simulator behind when it is killed, and nothing at all after `down --simulate`', async () => {
    up.process.kill('SIGKILL')
    expect(await waitForExit(up.simulator, 3_000)).toBe(true)
    expect(await run('down', '--simulate')).toMatchObject({ code: 0, stdout: expect.stringContaining('embedded database stopped') })
  })

  interface Up {
    readonly process: ChildProcess
    readonly simulator: ProcessIdentity
    said(): string
  }

  async function start(): Promise<Up> {
    const child = spawn(process.execPath, [path.join(ROOT, 'bin', 'galaxy.mjs'), 'up', '--simulate'], {
      cwd: folder,
      env,
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    let said = ''
    child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
    await until(
      () => said,
      (text) => text.includes('andromeda is ready') && text.includes('pegasus is ready'),
      'both games are ready',
      12_000,
    )
    const simulators = descendantsOf(child.pid ?? 0).filter(({ pid }) => commandLine(pid)?.includes('simulator/main.ts'))
    expect(simulators).toHaveLength(1)
    return { process: child, simulator: simulators[0] as ProcessIdentity, said: () => said } // there is one
  }

  function run(...args: readonly string[]): Promise<CliAnswer> {
    return galaxy(args, env, folder)
  }

  interface Game {
    readonly name: string
    readonly ready: string
    readonly currentTurn: number
  }

  async function games(): Promise<readonly Game[]> {
    const { stdout } = await run('get', 'games', '-o', 'json')
    const { items } = JSON.parse(stdout) as { items: { metadata: { name: string }; status: Game }[] } // the API's
    return items.map(({ metadata: { name }, status: { ready, currentTurn } }) => ({ name, ready, currentTurn }))
  }

  /** As any client of Docker's sees them. */
  async function containers(): Promise<readonly { readonly id: string; readonly name: string; readonly state: string }[]> {
    const docker = new Docker({ socketPath: path.join(folder, 'simulated', 'docker.sock') })
    const all = await docker.listContainers({ all: true })
    return all.map(({ Id: id, Names, State: state }) => ({ id, name: Names[0] ?? '', state })).sort((a, b) => (a.name < b.name ? -1 : 1))
  }
})
