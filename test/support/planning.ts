import type { PlanInput } from '../../src/controller/plan/input.ts'
import type { EngineState } from '../../src/model/engine.ts'
import { NO_TICKS } from '../../src/model/turn.ts'
import type { AcceptedSpec, DesiredGame, EngineVersion } from '../../src/model/game.ts'
import type { ContainerDetail, ObservedContainer } from '../../src/model/observed.ts'
import type { Operation } from '../../src/model/operation.ts'
import type { RuntimeRecord } from '../../src/model/record.ts'
import { specHash } from '../../src/model/spec-hash.ts'
import { NEW_STATUS } from '../../src/model/status.ts'

/** Builders for planner tests: a settled game `g` on version 1.0.0, of which each test names only what differs. */
export const NOW_MS = Date.UTC(2026, 0, 1, 12)
export const LIMITS = { cpus: 1, memoryBytes: 256 * 1024 ** 2, pids: 128 } as const

export function desired(over: Partial<DesiredGame> = {}): DesiredGame {
  return {
    gameId: 'g',
    engine: 'galaxy',
    engineVersion: '1.0.0',
    imageRef: null,
    state: 'running',
    stopReason: null,
    paused: false,
    turnSchedule: null,
    timeZone: 'UTC',
    players: [],
    cpus: null,
    memory: null,
    pids: null,
    restartToken: null,
    turnToken: null,
    allowIncompatibleTo: null,
    labels: {},
    managedBy: 'lobby',
    generation: 1,
    resourceVersion: '1',
    deletedAt: null,
    purgeState: false,
    writtenBy: 'lobby',
    writtenRef: null,
    createdAt: new Date(NOW_MS - 3_600_000),
    updatedAt: new Date(NOW_MS - 3_600_000),
    ...over,
  }
}

export function engineVersion(over: Partial<EngineVersion> = {}): EngineVersion {
  return {
    engine: 'galaxy',
    version: '1.0.0',
    imageRef: null,
    enabled: true,
    protocol: 'galaxy',
    probe: null,
    port: 8080,
    command: null,
    env: {},
    publish: [],
    relax: {},
    ...over,
  }
}

export function spec(version = '1.0.0', over: Partial<AcceptedSpec> = {}): AcceptedSpec {
  const unhashed: Omit<AcceptedSpec, 'specHash'> = {
    gameId: 'g',
    engine: 'galaxy',
    requested: { engineVersion: version, imageRef: null, cpus: null, memory: null, pids: null },
    engineVersion: version,
    imageRef: `galaxy-engine:${version}`,
    imageId: `sha256:${version}`,
    protocol: 'galaxy',
    probe: { http: { path: '/healthz', port: 8080 } },
    port: 8080,
    command: null,
    env: {},
    publish: [],
    relax: {},
    limits: LIMITS,
    network: 'galaxy',
    state: { path: '/state/g', hostPath: '/state/g', mountPath: '/var/lib/galaxy-game', envName: 'GAME_STATE_PATH' },
    players: [],
    turnSchedule: null,
    timeZone: 'UTC',
    ...over,
  }
  return { ...unhashed, specHash: specHash(unhashed) }
}

export function container(
  over: Partial<ObservedContainer> & {
    readonly version?: string
    readonly operationId?: string | null
    readonly hash?: string | null
  } = {},
): ObservedContainer {
  const { version = '1.0.0', operationId = 'op-old', hash = spec(version).specHash, ...rest } = over
  return {
    id: 'c1',
    name: 'galaxy-game-g',
    gameId: 'g',
    state: 'running',
    imageId: `sha256:${version}`,
    imageRef: `galaxy-engine:${version}`,
    createdAtMs: NOW_MS - 3_600_000,
    labels: {
      instance: 'default',
      deployment: 'd',
      engine: 'galaxy',
      engineVersion: version,
      engineImageRef: `galaxy-engine:${version}`,
      specHash: hash,
      operationId,
      startedAtMs: NOW_MS - 3_600_000,
    },
    stateHostPath: '/state/g',
    addresses: { galaxy: '172.18.0.2' },
    dockerHealth: 'none',
    detail: detail(),
    ...rest,
  }
}

export function detail(over: Partial<ContainerDetail> = {}): ContainerDetail {
  return {
    startedAtMs: NOW_MS - 3_600_000,
    finishedAtMs: null,
    exitCode: 0,
    isOomKilled: false,
    error: '',
    limits: LIMITS,
    isAutoRemove: false,
    ...over,
  }
}

export function exited(over: Partial<ContainerDetail> = {}, rest: Parameters<typeof container>[0] = {}): ObservedContainer {
  return container({ state: 'exited', detail: detail({ finishedAtMs: NOW_MS - 10, exitCode: 1, ...over }), ...rest })
}

export function record(over: Partial<RuntimeRecord> = {}): RuntimeRecord {
  return {
    uid: 'u1',
    gameId: 'g',
    status: 'running',
    containerId: 'c1',
    imageRef: 'galaxy-engine:1.0.0',
    imageId: 'sha256:1.0.0',
    engineVersion: '1.0.0',
    endpoint: 'http://galaxy-game-g:8080',
    statePath: '/state/g',
    network: 'galaxy',
    limits: LIMITS,
    turnSchedule: null,
    timeZone: 'UTC',
    ticksAfter: new Date(NOW_MS - 3_600_000),
    currentTurn: 0,
    skipNextTick: false,
    paused: false,
    pausedAt: null,
    health: 'ok',
    startedAt: new Date(NOW_MS - 3_600_000),
    stoppedAt: null,
    finishedAt: null,
    finishedGeneration: null,
    removedAt: null,
    lastOpAt: new Date(NOW_MS - 3_600_000),
    createdAt: new Date(NOW_MS - 3_600_000),
    ...over,
  }
}

export function operation(over: Partial<Operation> = {}): Operation {
  return {
    operationId: 'op-1',
    gameId: 'g',
    op: 'start',
    detail: null,
    source: 'lobby',
    sourceRef: null,
    generation: 1,
    cause: '',
    startedAt: new Date(NOW_MS - 100),
    actionCount: 2,
    hasStarted: false,
    openIntents: [],
    ...over,
  }
}

export function engineState(over: Partial<EngineState> = {}): EngineState {
  return { turn: 0, finished: false, players: [], ...over }
}

/** A game that runs as desired; `over` says what differs. */
export function input(over: Partial<PlanInput> & { readonly containers?: readonly ObservedContainer[] } = {}): PlanInput {
  const { containers = [container()], ...rest } = over
  return {
    gameId: 'g',
    nowMs: NOW_MS,
    canonicalName: 'galaxy-game-g',
    desired: desired(),
    desiredProblem: null,
    admission: { kind: 'accepted', spec: spec(), outdated: null, remarks: [] },
    observed: { isKnown: true, containers, foreignDeployments: [], outage: null },
    status: { ...NEW_STATUS, acceptedSpec: spec(), acceptedGeneration: 1, observedGeneration: 1 },
    record: record(),
    openOperation: null,
    queued: [],
    health: { kind: 'ok', containerId: containers.find((each) => each.state === 'running')?.id ?? 'none' },
    engine: { kind: 'state', state: engineState() },
    activeSinceMs: NOW_MS - 3_600_000,
    ticks: NO_TICKS,
    openTurn: null,
    computedTurn: null,
    mapping: [],
    maxima: {},
    lastTurn: null,
    network: 'present',
    wish: 'wish',
    resizeRefused: null,
    leftovers: new Set(),
    policy: {
      graceMs: 10_000,
      engineStartMs: 30_000,
      cleanupTtlMs: 3_600_000,
      turnMs: 60_000,
      catchUp: 'none',
      restartAfter: 0,
      mayCreateNetwork: false,
      networkName: 'galaxy',
      statePath: '/state/g',
      stateHostPath: '/state/g',
    },
    ...rest,
  }
}
