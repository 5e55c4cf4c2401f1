import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { Config } from '../../config.ts'
import { connectDocker, type DockerClients } from '../../docker/client.ts'
import { readDaemonFacts } from '../../docker/daemon.ts'
import { listImages } from '../../docker/image.ts'
import { readNetworkState } from '../../docker/network.ts'
import { messageOf } from '../../model/errors.ts'
import { findDocker } from '../docker-environment.ts'
import { checkContainers } from './containers.ts'
import type { DatabaseFindings } from './database.ts'
import { fail, type Finding, ok, skip, warn } from './finding.ts'
import { lookAtProbe } from './probe-container.ts'
import { typed } from '../typed.ts'

/** The daemon, its network, whose containers it runs, and whether it sees the state folder where we do. */
export async function checkDocker(
  env: NodeJS.ProcessEnv,
  config: Config,
  database: Pick<DatabaseFindings, 'deployment' | 'standing'>,
): Promise<readonly Finding[]> {
  const signal = AbortSignal.timeout(config.timings.dockerCallMs)
  const docker = await findDocker(env, config, signal).catch((error: unknown) => ({ kind: 'unclear' as const, detail: messageOf(error) }))
  if (docker.kind === 'unclear') return [fail('docker', docker.detail, 'look at DOCKER_HOST, DOCKER_CONTEXT and DOCKER_CERT_PATH')]
  if (docker.kind === 'denied')
    return [fail('docker', `this user may not talk to the daemon at ${docker.origin}`, 'join the group "docker", or run this as root')]
  if (docker.kind !== 'found')
    return [
      config.simulate ? skip('docker', `the simulator does not run; \`${typed('up --simulate')}\` starts it`) : noDaemon(docker.origin),
    ]
  try {
    const clients = await connectDocker({ address: docker.address, callMs: config.timings.dockerCallMs, signal })
    try {
      return [
        await checkDaemon(clients, docker.origin, signal),
        await checkNetwork(clients, config, signal),
        ...(await checkContainers(clients, config, database, signal)),
        await checkStatePath(clients, config, signal),
      ]
    } finally {
      clients.close()
    }
  } catch (error) {
    return [fail('docker', messageOf(error), "look at the daemon's own log")]
  }
}

function noDaemon(origin: string): Finding {
  return fail(
    'docker',
    `no daemon answers at ${origin}`,
    `start Docker, or set DOCKER_HOST; as root on Debian or Ubuntu \`${typed('up')}\` does it`,
  )
}

async function checkDaemon(clients: DockerClients, origin: string, signal: AbortSignal): Promise<Finding> {
  const facts = await readDaemonFacts(clients, signal)
  const detail = `${facts.version}, API ${clients.apiVersion}, cgroup v${facts.cgroupVersion}, ${facts.storageDriver}, at ${origin}`
  if (facts.osType !== 'linux') return fail('docker', `${detail}: runs ${facts.osType} containers`, 'engines need a Linux daemon')
  const limits = facts.warnings.filter((warning) => /No (memory|cpu|pids|swap) ?(cfs|limit)/i.test(warning))
  return limits.length === 0
    ? ok('docker', detail)
    : warn(
        'docker',
        `${detail}: ${limits.join('; ')}`,
        'limits that the kernel does not support are not held; enable them with cgroup_enable=memory swapaccount=1',
      )
}

async function checkNetwork(clients: DockerClients, config: Config, signal: AbortSignal): Promise<Finding> {
  const { network, createNetwork } = config.docker
  const state = await readNetworkState(clients, network, signal)
  if (state === 'present') return ok('network', `${network} is there`)
  if (state === 'ambiguous')
    return warn(
      'network',
      `${network} is there more than once`,
      `no game starts on either: docker network ls --filter name=${network}, and remove all but one`,
    )
  if (createNetwork) return ok('network', `${network} is missing and will be made`)
  return warn(
    'network',
    `${network} is missing`,
    `docker network create ${network}; \`${typed('up')}\` makes it, \`galaxy controller\` with GALAXY_DOCKER_NETWORK_CREATE=true`,
  )
}

/** Only a container can tell where the daemon finds a path. */
async function checkStatePath(clients: DockerClients, config: Config, signal: AbortSignal): Promise<Finding> {
  const { root, rootHost } = config.state
  if (config.simulate) return skip('state path', 'a simulated container runs no program that could look')
  if (!existsSync(root)) return skip('state path', `${root} is not there yet; a start makes it`)
  const images = await listImages(clients, signal)
  const image = images.find(({ refs }) => refs.some((ref) => /^galaxy-engine:\d/.test(ref)))
  if (image === undefined)
    return skip('state path', `no reference engine image is there to look at it with; \`${typed('up')}\` builds them`)
  const name = `.doctor-${randomBytes(6).toString('hex')}`
  try {
    await mkdir(path.join(root, name))
    await writeFile(path.join(root, name, 'probe'), name)
    const isSeen = await lookAtProbe(clients, { imageId: image.id, hostFolder: path.join(rootHost, name), content: name }, signal)
    return isSeen
      ? ok('state path', `the daemon finds ${root} at ${rootHost}`)
      : fail(
          'state path',
          `the daemon does not find ${root} at ${rootHost}`,
          "set GALAXY_STATE_ROOT_HOST to that folder's path on the daemon's host",
        )
  } catch (error) {
    return fail('state path', messageOf(error), 'make the state root writable for this user, or set GALAXY_STATE_ROOT')
  } finally {
    await rm(path.join(root, name), { recursive: true, force: true })
  }
}
