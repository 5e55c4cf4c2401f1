import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, mkdtemp, readFile, rename, symlink, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, inject, it } from 'vitest'
import { until } from '../support/until.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const TSC = path.join(ROOT, 'node_modules', '.bin', 'tsc')
const TOP_LEVEL = new Set(['CHANGELOG.md', 'README.md', 'bin', 'deploy', 'dist', 'docs', 'monitoring', 'package.json', 'schemas'])
const run = promisify(execFile)

/** What npm packs, unpacked where an installation would have it, with this clone's dependencies. */
describe('the package', () => {
  let folder: string
  let launcher: string
  let files: readonly string[]

  beforeAll(async () => {
    folder = await mkdtemp(path.join(inject('runFolder'), 'package-'))
    // The database's user has to enter it.
    await chmod(folder, 0o755)
    const { stdout } = await run('npm', ['pack', '--json', '--silent', '--pack-destination', folder], { cwd: ROOT })
    const [packed] = JSON.parse(stdout.slice(stdout.indexOf('['))) as [{ filename: string; files: { path: string }[] }] // npm's
    files = packed.files.map((file) => file.path)
    await run('tar', ['-xzf', packed.filename], { cwd: folder })
    await mkdir(path.join(folder, 'node_modules'))
    const installed = path.join(folder, 'node_modules', 'galaxy-runtime')
    await rename(path.join(folder, 'package'), installed)
    await symlink(path.join(ROOT, 'node_modules'), path.join(installed, 'node_modules'))
    launcher = path.join(installed, 'bin', 'galaxy.mjs')
  })

  it('holds what is run, and of sources only those that the engine’s images are made of', () => {
    expect(new Set(files.map((file) => file.split('/')[0]))).toEqual(TOP_LEVEL)
    expect(files.filter((file) => /\.test\.|\.map$/.test(file))).toEqual([])
    expect(files.filter((file) => /(?<!\.d)\.ts$/.test(file) && !file.startsWith('dist/engine/'))).toEqual([])
  })

  it('runs: version, help, and the whole on the simulator', async ({ onTestFinished }) => {
    const { version } = JSON.parse(await readFile(path.join(ROOT, 'package.json'), 'utf8')) as { version: string } // npm wants one
    expect(await galaxy('--version')).toBe(`${version}\n`)
    expect(await galaxy('--help')).toContain('Usage: galaxy')

    const up = await upSimulated()
    onTestFinished(() => galaxy('down', '--simulate').then(() => undefined))
    expect(await galaxy('get', 'games', '-o', 'name')).toBe('game/andromeda\ngame/pegasus\n')
    const ended = once(up, 'exit')
    up.kill('SIGTERM')
    expect(await ended).toEqual([0, null])
  })

  it.each([
    ['nodenext', 'nodenext'],
    ['esnext', 'bundler'],
  ])('declares the lobby client to TypeScript (module %s, resolution %s)', async (module, moduleResolution) => {
    const file = path.join(folder, `consumer-${moduleResolution}.mts`)
    await writeFile(file, CONSUMER)
    const options = ['--module', module, '--moduleResolution', moduleResolution, '--target', 'esnext', '--lib', 'esnext']
    const checked = await run(process.execPath, [TSC, '--noEmit', '--strict', '--ignoreConfig', ...options, file], { cwd: folder }).catch(
      (error: { readonly stdout: string }) => error,
    )
    expect(checked.stdout).toBe('')
  })

  it.each([
    ['built, in an installation', () => folder, []],
    ['as its source, in a clone', () => ROOT, ['--conditions=galaxy-source']],
  ])('has the lobby client to import: %s', async (_, from, flags) => {
    const program = "const { STOP_REASONS } = await import('galaxy-runtime/lobby'); console.log(STOP_REASONS.length)"
    const { stdout, stderr } = await run(process.execPath, [...flags, '--input-type=module', '--eval', program], { cwd: from() })
    expect([stdout, stderr]).toEqual(['5\n', ''])
  })

  /** With no Docker daemon where it is told to look for one, and the samples that come with it. */
  function environment(): NodeJS.ProcessEnv {
    return {
      PATH: process.env['PATH'],
      XDG_CACHE_HOME: folder,
      DOCKER_HOST: 'unix:///nowhere/docker.sock',
      GALAXY_INSTANCE: `${inject('testInstancePrefix')}pack`,
      GALAXY_DATA_DIR: path.join(folder, 'data'),
      GALAXY_MANIFEST_DIR: path.join(path.dirname(launcher), '..', 'dist', 'manifests'),
      GALAXY_API_PORT: '0',
    }
  }

  async function galaxy(...args: readonly string[]): Promise<string> {
    return (await run(process.execPath, [launcher, ...args], { cwd: folder, env: environment() })).stdout
  }

  async function upSimulated(): Promise<ChildProcess> {
    const child = spawn(process.execPath, [launcher, 'up', '--simulate'], {
      cwd: folder,
      env: environment(),
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    let said = ''
    child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
    await until(
      () => said,
      (text) => text.includes('  galaxy describe game andromeda'),
      'the games are ready',
    )
    return child
  }
})

const CONSUMER = `
import { LobbyClient, LobbyConflict, type Runtime, type StopReason } from 'galaxy-runtime/lobby'

const lobby = new LobbyClient({ connectionString: 'postgres://lobby@localhost/galaxy', onError: (error) => error.code })
const reason: StopReason = 'cancelled'
await lobby.publishStopJob('andromeda', reason)
// @ts-expect-error -- none of the five
await lobby.publishStopJob('andromeda', 'boredom')
// @ts-expect-error -- a pool is pg's
new LobbyClient({ pool: 'no pool' })
const runtime: Runtime | null = await lobby.getRuntime('andromeda')
const status: 'running' | undefined | string = runtime?.record?.status
for await (const { turn } of lobby.watchSnapshots({ after: '0-0' })) turn satisfies number
export const known = [status, LobbyConflict.name]
`
