import { describe, expect, it } from 'vitest'
import { parseUsage } from '../../../src/docker/usage.ts'

const stats = {
  read: '2026-11-21T12:00:00.5Z',
  cpu_stats: { cpu_usage: { total_usage: 2_500_000_000 } },
  memory_stats: { usage: 50_000, limit: 100_000, stats: { inactive_file: 20_000 } },
  pids_stats: { current: 7 },
  networks: { eth0: { rx_bytes: 10, tx_bytes: 1 }, eth1: { rx_bytes: 20, tx_bytes: 2 } },
}

describe("Docker's statistics of a container", () => {
  it('become what it has used so far', () => {
    expect(parseUsage('c1', stats)).toEqual({
      containerId: 'c1',
      cpuSeconds: 2.5,
      memoryBytes: 30_000,
      memoryLimitBytes: 100_000,
      pids: 7,
      receivedBytes: 30,
      sentBytes: 3,
      readAt: new Date('2026-11-21T12:00:00.5Z'),
    })
  })

  it('are read under cgroup v1 too, and without a network', () => {
    const { networks: _, ...rest } = stats
    const old = { ...rest, memory_stats: { ...stats.memory_stats, stats: { total_inactive_file: 10_000, inactive_file: 1 } } }
    expect(parseUsage('c1', old)).toMatchObject({ memoryBytes: 40_000, receivedBytes: 0 })
  })

  it('of one that does not run are none', () => {
    expect(parseUsage('c1', { ...stats, read: '0001-01-01T00:00:00Z', memory_stats: {} })).toBeNull()
  })
})
