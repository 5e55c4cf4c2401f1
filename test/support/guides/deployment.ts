import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, cp, mkdir, mkdtemp, readFile, symlink } from 'node:fs/promises'
import path from 'node:path'
import { inject } from 'vitest'
import { freePort } from '../../../src/local/postmaster.ts'
import { until } from '../until.ts'
import { ROOT } from './markdown.ts'
import { makePrograms } from './shims.ts'

/** A folder as a reader of the guides has it, with a deployment that runs from it on the Docker simulator. */
export interface GuideDeployment {
  readonly folder: string
  readonly env: NodeJS.ProcessEnv
  /** Such as `127.0.0.1:40123`; the guides say 127.0.0.1:7420, or 7421 of a simulation. */
  readonly address: string
  /** Where the engine's guide says 8089. */
  readonly enginePort: number
  stop(): Promise<void>
}

export async function startGuideDeployment(): Promise<GuideDeployment> {
  const folder = await mkdtemp(path.join(inject('runFolder'), 'guides-'))
  // The database's user has to enter it.
  await chmod(folder, 0o755)
  await cp(path.join(ROOT, 'manifests'), path.join(folder, 'manifests'), { recursive: true })
  const simulated = path.join(folder, '.galaxy', 'simulated')
  await mkdir(simulated, { recursive: true })
  // The guides of a real deployment look one folder higher.
  for (const file of ['postgres.port', 'postgres.password']) await symlink(path.join(simulated, file), path.join(folder, '.galaxy', file))
  const bin = await makePrograms(folder)
  const env = {
    PATH: [bin, path.dirname(process.execPath), process.env['PATH'] ?? ''].join(path.delimiter),
    HOME: folder,
    DOCKER_HOST: `unix://${simulated}/docker.sock`,
    GALAXY_SIMULATE: 'true',
    GALAXY_INSTANCE: `${inject('testInstancePrefix')}guides`,
    GALAXY_API_PORT: '0',
    // A lost lease would be told where the guides show none.
    GALAXY_LEASE: '20s',
  }
  const { DOCKER_HOST: _, ...environment } = env
  const child = spawn(process.execPath, [path.join(ROOT, 'bin', 'galaxy.mjs'), 'up', '--simulate'], {
    cwd: folder,
    env: environment,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
  await until(
    () => said,
    (text) => text.includes('andromeda is ready') && text.includes('pegasus is ready'),
    'both games are ready',
    30_000,
  )
  const { url } = JSON.parse(await readFile(path.join(simulated, 'api.json'), 'utf8')) as { url: string } // its own file
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGINT')
    await ended
  }
  return { folder, env, address: new URL(url).host, enginePort: await freePort(0), stop }
}
