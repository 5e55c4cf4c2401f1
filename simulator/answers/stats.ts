import type { Container } from '../world/container.ts'
import { timeText, ZERO_TIME } from './time.ts'

const USED_BYTES = 8_388_608

/** `GET /containers/{id}/stats`: an idle program's figures, within the container's limits. */
export function statsJson(container: Container, nowMs: number, cpus: number): unknown {
  const { id, name, hostConfig, status, startedAtMs } = container
  const isRunning = status === 'running' || status === 'paused'
  const usage = Math.min(USED_BYTES, hostConfig.Memory > 0 ? hostConfig.Memory : USED_BYTES)
  // A thousandth of one CPU since its start.
  const usedNs = Math.round((nowMs - (startedAtMs ?? nowMs)) * 1_000)
  const cpu = (atMs: number, used: number) => ({
    cpu_usage: { total_usage: used, usage_in_kernelmode: 0, usage_in_usermode: used },
    system_cpu_usage: Math.round(atMs * 1_000_000 * cpus),
    online_cpus: cpus,
    throttling_data: { periods: 0, throttled_periods: 0, throttled_time: 0 },
  })
  return {
    read: isRunning ? timeText(nowMs) : ZERO_TIME,
    preread: isRunning ? timeText(nowMs - 1000) : ZERO_TIME,
    pids_stats: isRunning ? { current: 1, limit: hostConfig.PidsLimit ?? 0 } : {},
    blkio_stats: {},
    num_procs: 0,
    storage_stats: {},
    cpu_stats: isRunning ? cpu(nowMs, usedNs) : {},
    precpu_stats: isRunning ? cpu(nowMs - 1000, Math.max(0, usedNs - 1_000_000)) : {},
    memory_stats: isRunning ? { usage, max_usage: usage, stats: { cache: 0 }, limit: hostConfig.Memory } : {},
    name: `/${name}`,
    id,
  }
}
