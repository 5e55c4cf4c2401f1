import { readFile } from 'node:fs/promises'

/**
 * Whether this process runs in a container that is attached to the network.
 *
 * @param networksOf names of the networks of a container with this full id, null where the daemon knows none. A controller in a container
 *   may be given another daemon than the one that runs itself.
 */
export async function isInContainerOn(
  network: string,
  networksOf: (containerId: string) => Promise<readonly string[] | null>,
): Promise<boolean> {
  const id = ownContainerId(await readMounts())
  if (id === null) return false
  return (await networksOf(id))?.includes(network) ?? false
}

/**
 * The id of the container a process with these mounts runs in, or null.
 *
 * Docker mounts three files over each container's /etc, whatever its network and the host's cgroup version; the host name can be set, and
 * `/proc/self/cgroup` is empty in a cgroup namespace. On the host, the same paths occur without such a target.
 *
 * @param mountInfo text of `/proc/self/mountinfo`, see proc(5): the fourth field is the source, the fifth the target
 */
export function ownContainerId(mountInfo: string): string | null {
  const source = /^\S+ \S+ \S+ \S*\/containers\/([0-9a-f]{64})\/(?:hostname|hosts|resolv\.conf) \/etc\/(?:hostname|hosts|resolv\.conf) /m
  return source.exec(mountInfo)?.[1] ?? null
}

/** Empty where there is no such file: no container runs on a system without it. */
async function readMounts(): Promise<string> {
  try {
    return await readFile('/proc/self/mountinfo', 'utf8')
  } catch {
    return ''
  }
}
