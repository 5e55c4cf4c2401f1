import { z } from 'zod'
import type { ContainerUsage } from '../model/usage.ts'
import type { DockerClients } from './client.ts'
import { isMissing, unexpected } from './errors.ts'

/**
 * What a container has used so far; null when it does not run. One reading, which Docker answers at once: with a rate it would
 * take a second or two.
 *
 * @throws RuntimeFailure when Docker does not answer
 */
export async function readUsage(clients: DockerClients, containerId: string, signal: AbortSignal): Promise<ContainerUsage | null> {
  try {
    const query = { stream: false, 'one-shot': true }
    const answer = await clients.send({ kind: 'container_stats', method: 'GET', path: `/containers/${containerId}/stats`, query }, signal)
    return parseUsage(containerId, answer)
  } catch (error) {
    if (isMissing(error)) return null
    throw unexpected(error, 'tell what a container uses')
  }
}

/** @param answer of `GET /containers/{id}/stats` */
export function parseUsage(containerId: string, answer: unknown): ContainerUsage | null {
  const { read, cpu_stats: cpu, memory_stats: memory, pids_stats: pids, networks } = statsShape.parse(answer)
  // A container that does not run has a reading of the year 1, and nothing in it.
  if (memory.usage === null || read.getUTCFullYear() < 2000) return null
  const each = Object.values(networks)
  const sum = (of: 'rx_bytes' | 'tx_bytes') => each.reduce((total, network) => total + network[of], 0)
  // cgroup v1 counts in `total_`, v2 without.
  const reclaimable = memory.stats['total_inactive_file'] ?? memory.stats['inactive_file'] ?? 0
  return {
    containerId,
    cpuSeconds: cpu.cpu_usage.total_usage / 1e9,
    memoryBytes: Math.max(0, memory.usage - reclaimable),
    memoryLimitBytes: memory.limit,
    pids: pids.current,
    receivedBytes: sum('rx_bytes'),
    sentBytes: sum('tx_bytes'),
    readAt: read,
  }
}

const count = z.number().catch(0)
const statsShape = z.object({
  read: z.string().transform((text) => new Date(text)),
  cpu_stats: z.object({ cpu_usage: z.object({ total_usage: count }) }),
  memory_stats: z.object({
    usage: z.number().nullable().catch(null),
    limit: z.number().nullable().catch(null),
    stats: z.record(z.string(), count).catch({}),
  }),
  pids_stats: z.object({ current: count }).catch({ current: 0 }),
  networks: z.record(z.string(), z.object({ rx_bytes: count, tx_bytes: count })).catch({}),
})
