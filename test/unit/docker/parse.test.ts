import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseInspection, parseListEntry } from '../../../src/observed/parse.ts'
import { ID, inspection, ourLabels } from './samples.ts'

const entry = {
  Id: ID,
  Names: ['/linked/alias', '/galaxy-game-andromeda'],
  Image: 'galaxy-engine:1.0.0',
  ImageID: 'sha256:1',
  Created: Date.parse('2026-11-20T10:00:00Z') / 1000,
  State: 'running',
  Status: 'Up 2 minutes',
  Labels: ourLabels,
  Mounts: [{ Type: 'bind', Source: '/srv/games/andromeda', Destination: '/state' }],
  NetworkSettings: { Networks: { galaxy: { IPAddress: '172.18.0.2' }, empty: { IPAddress: '' } } },
}

function containerOf(parsed: ReturnType<typeof parseListEntry>) {
  if (parsed.kind === 'unusable') throw new Error(parsed.reason)
  return parsed.container
}

describe('a container as listed', () => {
  it('is the same as inspected, but for its detail', () => {
    const { detail, ...rest } = containerOf(parseInspection(inspection(), '/state'))
    expect(containerOf(parseListEntry(entry, '/state'))).toEqual({ ...rest, detail: null })
    expect(detail).toMatchObject({
      startedAtMs: Date.parse('2026-11-20T10:00:01.5Z'),
      finishedAtMs: null,
      limits: { cpus: null, memoryBytes: null, pids: null },
    })
  })

  it.each([
    ['no labels', { ...entry, Labels: null }],
    ['a game id that is a path', { ...entry, Labels: { ...ourLabels, 'com.galaxy.game_id': '../../etc' } }],
    ['a state nobody knows', { ...entry, State: 'dreaming' }],
  ])('with %s is unusable, and its id is told', (_, odd) => {
    expect(parseListEntry(odd, '/state')).toMatchObject({ kind: 'unusable', id: ID, reason: expect.any(String) })
  })

  it.each([
    ['Up 2 minutes (healthy)', 'healthy'],
    ['Up 2 minutes (unhealthy)', 'unhealthy'],
    ['Up Less than a second (health: starting)', 'starting'],
    ['Up 2 minutes', 'none'],
    ['Up 2 minutes (Paused)', null],
    ['Exited (0) 2 minutes ago', null],
  ])('has the health that its text tells: %s', (Status, dockerHealth) => {
    expect(containerOf(parseListEntry({ ...entry, Status }, '/state'))).toMatchObject({ dockerHealth })
  })

  // After a start that Docker refused, its lists go on giving the address that was meant for the container.
  it.each(['created', 'exited', 'removing', 'dead'])('has no address while it is %s, whatever the list says', (State) => {
    expect(containerOf(parseListEntry({ ...entry, State }, '/state')).addresses).toEqual({})
  })

  it.each(['running', 'paused', 'restarting'])('has its addresses while it is %s', (State) => {
    expect(containerOf(parseListEntry({ ...entry, State }, '/state')).addresses).toEqual({ galaxy: '172.18.0.2' })
  })

  it('is read with whatever is missing', () => {
    expect(containerOf(parseListEntry({ Id: ID, State: 'dead', Labels: ourLabels }, '/state'))).toMatchObject({
      name: '',
      state: 'dead',
      stateHostPath: null,
      addresses: {},
    })
  })

  it('reads labels as untrusted text', () => {
    const labels = { ...ourLabels, 'com.galaxy.started_at_ms': '1e999' }
    expect(containerOf(parseListEntry({ ...entry, Labels: labels }, '/state')).labels.startedAtMs).toBeNull()
  })
})

describe('an inspection', () => {
  it.each([
    ['cores', { NanoCpus: 500_000_000, Memory: 0, PidsLimit: -1 }, { cpus: 0.5, memoryBytes: null, pids: null }],
    ['a quota', { CpuQuota: 150_000, CpuPeriod: 100_000 }, { cpus: 1.5, memoryBytes: null, pids: null }],
    ['memory and pids', { Memory: 1024, PidsLimit: 5 }, { cpus: null, memoryBytes: 1024, pids: 5 }],
  ])('tells limits given as %s', (_, hostConfig, limits) => {
    expect(containerOf(parseInspection({ ...inspection(), HostConfig: hostConfig }, '/state')).detail?.limits).toEqual(limits)
  })

  it('tells health, exit and error', () => {
    const State = {
      Status: 'exited',
      ExitCode: 137,
      OOMKilled: true,
      Error: 'boom',
      FinishedAt: '2026-11-20T11:00:00Z',
      Health: { Status: 'unhealthy' },
    }
    const container = containerOf(parseInspection({ ...inspection(), State }, '/state'))
    expect(container.dockerHealth).toBe('unhealthy')
    expect(container.detail).toMatchObject({
      exitCode: 137,
      isOomKilled: true,
      error: 'boom',
      startedAtMs: null,
      finishedAtMs: Date.parse('2026-11-20T11:00:00Z'),
    })
  })

  it('of anything at all never throws', () => {
    fc.assert(
      fc.property(fc.anything(), fc.anything(), (value, part) => {
        parseListEntry(value, '/state')
        parseInspection(value, '/state')
        parseInspection({ ...inspection(), State: part }, '/state')
        parseListEntry({ ...entry, Mounts: part, NetworkSettings: part, Names: part }, '/state')
      }),
    )
  })
})
