import { KIND, LABEL, OWNER } from '../../../src/model/labels.ts'
import type { AcceptedSpec } from '../../../src/model/game.ts'
import type { DockerClients } from '../../../src/docker/client.ts'
import type { Runtime } from '../../../src/controller/ports.ts'
import { readCredentials } from '../../../src/docker/credentials.ts'
import { createRuntime } from '../../../src/docker/runtime.ts'
import { stateFoldersUnder } from '../../../src/docker/state-directory.ts'

export const ID = 'a'.repeat(64)
export const identity = { instance: 'default', deployment: 'd1' }
export const ourLabels = { [LABEL.owner]: OWNER, [LABEL.kind]: KIND, [LABEL.gameId]: 'andromeda', [LABEL.deployment]: 'd1' }

/** An inspect's answer with the fields that are read. */
export function inspection(changes: { readonly labels?: unknown; readonly state?: string; readonly name?: string } = {}) {
  return {
    Id: ID,
    Name: changes.name ?? '/galaxy-game-andromeda',
    Image: 'sha256:1',
    Created: '2026-11-20T10:00:00.123456789Z',
    State: {
      Status: changes.state ?? 'running',
      StartedAt: '2026-11-20T10:00:01.5Z',
      FinishedAt: '0001-01-01T00:00:00Z',
      ExitCode: 0,
      OOMKilled: false,
      Error: '',
    },
    Config: { Image: 'galaxy-engine:1.0.0', Labels: changes.labels ?? ourLabels },
    HostConfig: { NanoCpus: 0, CpuQuota: 0, CpuPeriod: 0, Memory: 0, PidsLimit: null, AutoRemove: false },
    Mounts: [{ Type: 'bind', Source: '/srv/games/andromeda', Destination: '/state' }],
    NetworkSettings: { Networks: { galaxy: { IPAddress: '172.18.0.2' } } },
  }
}

export function spec(changes: Partial<AcceptedSpec> = {}, root = '/srv/games'): AcceptedSpec {
  return {
    gameId: 'andromeda',
    engine: 'galaxy',
    requested: { engineVersion: '1.0.0', imageRef: null, cpus: null, memory: null, pids: null },
    engineVersion: '1.0.0',
    imageRef: 'galaxy-engine:1.0.0',
    imageId: 'sha256:1',
    protocol: 'galaxy',
    probe: { http: { path: '/healthz', port: 8080 } },
    port: 8080,
    command: null,
    env: {},
    publish: [],
    relax: {},
    limits: { cpus: 0.5, memoryBytes: 268_435_456, pids: 128 },
    network: 'galaxy',
    state: { path: `${root}/andromeda`, hostPath: `${root}/andromeda`, mountPath: '/state', envName: 'GAME_STATE_PATH' },
    players: [],
    turnSchedule: null,
    timeZone: 'UTC',
    specHash: 'v1:0',
    ...changes,
  }
}

export function runtimeOn(clients: DockerClients, root: string, stallMs = 1_000): Runtime {
  return createRuntime({
    clients,
    identity,
    mountPath: '/state',
    folders: stateFoldersUnder({ root, mode: 0o777, owner: null }),
    log: { driver: 'json-file', options: {} },
    resolvesTo: () => 'sha256:1',
    pull: { stallMs, credentials: (registry, signal) => readCredentials(root, registry, signal) },
  })
}
