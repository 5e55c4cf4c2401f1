import Docker from 'dockerode'
import type { DockerAddress } from '../../src/local/docker-address.ts'
import { LABEL } from '../../src/model/labels.ts'
import { isAlive } from './run-folder.ts'

/** Instances of tests are named `test-{pid of the runner}-…`, so that two runs on one machine leave each other alone. */
export function instancePrefix(runnerPid: number): string {
  return `test-${runnerPid}-`
}

/** Removes the containers and networks of every instance that `isLeftover` names. */
export async function removeLeftovers(address: DockerAddress, isLeftover: (instance: string) => boolean): Promise<void> {
  const docker = new Docker(address.kind === 'socket' ? { socketPath: address.socketPath } : { ...address })
  const filters = { label: [LABEL.instance] }
  const isOurs = (labels: Readonly<Record<string, string>> | undefined) => isLeftover(labels?.[LABEL.instance] ?? '')
  const containers = await docker.listContainers({ all: true, filters })
  const removals = containers
    .filter(({ Labels }) => isOurs(Labels))
    .map(({ Id }) => docker.getContainer(Id).remove({ force: true, v: true }))
  await Promise.allSettled(removals)
  const networks = await docker.listNetworks({ filters })
  await Promise.allSettled(networks.filter(({ Labels }) => isOurs(Labels)).map(({ Id }) => docker.getNetwork(Id).remove()))
}

/** A test instance whose runner has ended, or that names none. */
export function isAbandoned(instance: string): boolean {
  if (!instance.startsWith('test-')) return false
  const pid = Number.parseInt(instance.slice('test-'.length), 10)
  return !(pid > 0) || !isAlive(pid)
}
