import { homedir } from 'node:os'
import path from 'node:path'
import pLimit from 'p-limit'
import { v7 as uuid } from 'uuid'
import type { Config } from './config.ts'
import { systemClock } from './controller/clock.ts'
import type { LoopDeps } from './controller/deps.ts'
import { Games } from './controller/games.ts'
import type { Term } from './controller/leadership.ts'
import type { Runtime } from './controller/ports.ts'
import { Loop } from './controller/loop.ts'
import { openPool } from './database/pool.ts'
import { watchManifests } from './desired/manifest/folder.ts'
import type { FolderReport } from './desired/manifest/rescan.ts'
import { watchDesired } from './desired/rows-watch.ts'
import type { DockerClients } from './docker/client.ts'
import { createObserver } from './docker/observe.ts'
import { createRuntime } from './docker/runtime.ts'
import { Prober } from './engine/prober.ts'
import type { Log } from './log.ts'
import { messageOf } from './model/errors.ts'
import type { StateMount } from './model/game.ts'
import type { Identity } from './model/labels.ts'
import { World } from './observed/world.ts'
import { loadGames } from './record/load.ts'
import { pruneHistory } from './record/retention.ts'

export interface TermOptions {
  readonly config: Config
  readonly databaseUrl: string
  readonly docker: DockerClients
  readonly identity: Identity
  readonly log: Log
  /** Runs on lists alone when false. */
  readonly useEvents: boolean
  /** Called when everything has been read and the loop works. */
  onActive(active: ActiveTerm): void
}

/** What the doors may ask of the active controller. */
export interface ActiveTerm {
  readonly deps: LoopDeps
  readonly loop: Loop
  readonly world: World
}

const POOL_SIZE = 8

/** Composes and runs one term: everything in it ends with the term's signal (spec 3, "Leadership"). */
export async function runTerm(term: Term, options: TermOptions): Promise<void> {
  const { config, databaseUrl, identity, log } = options
  // Aborts after the passes under way have ended, or when the lease is lost, which ends them.
  const ended = new AbortController()
  const pool = openPool({
    url: databaseUrl,
    applicationName: 'galaxy-controller',
    max: POOL_SIZE,
    session: { instance: identity.instance, leaseEpoch: term.epoch },
    onError: (error) => log.warn({ error: messageOf(error) }, 'database connection broke'),
  })
  const active = compose(term, options, pool.db, ended.signal)
  try {
    await active.start()
    options.onActive(active)
    await aborted(term.signal)
  } finally {
    await Promise.race([active.loop.stop(), pauseUnref(config.timings.stopDeadlineMs / 2)])
    ended.abort()
    await active.stop()
    await pool.close()
  }
}

function compose(term: Term, options: TermOptions, db: LoopDeps['db'], signal: AbortSignal): ActiveTerm & { start(): Promise<void>; stop(): Promise<void> } {
  const { config, databaseUrl, docker, identity, log } = options
  const games = new Games()
  const limitPulls = pLimit(config.pulls)
  const unlimited = createRuntime({
    clients: docker,
    identity,
    mountPath: config.state.mountPath,
    state: { root: config.state.root, mode: config.state.mode, owner: config.state.owner },
    log: { driver: config.docker.logDriver, options: config.docker.logOptions },
    resolvesTo: (imageRef) => world.image(imageRef)?.id ?? null,
    pull: { stallMs: config.timings.pullStallMs, credentialsDir: path.join(homedir(), '.docker') },
  })
  const runtime: Runtime = { ...unlimited, pull: (imageRef, onProgress, pullSignal) => limitPulls(() => unlimited.pull(imageRef, onProgress, pullSignal)) }
  const observer = createObserver({
    clients: docker,
    identity,
    mountPath: config.state.mountPath,
    onUnusable: (id, reason) => log.warn({ containerId: id, reason }, 'container with our labels cannot be a game'),
  })
  const world = new World({
    source: { ...observer, inspect: (id, inspectSignal) => runtime.inspect(id, inspectSignal) },
    identity,
    network: config.docker.network,
    watchdogMs: config.timings.eventWatchdogMs,
    useEvents: options.useEvents,
    onChange: (gameIds) => loop.add(gameIds),
    onReachable: (isReachable, error) => {
      if (isReachable) {
        log.info({ containers: world.containerCount }, 'docker listed')
        term.renewSoon()
      } else log.warn({ error: messageOf(error) }, 'docker cannot be read')
      loop.open()
    },
    nowMs: systemClock.nowMs,
    signal,
  })
  const desired = watchDesired({
    url: databaseUrl,
    db,
    pollMs: config.timings.desiredPollMs,
    onChange: (gameIds) => (gameIds === 'all' ? loop.addAll() : loop.add(gameIds)),
    onError: (error) => log.warn({ error: messageOf(error) }, 'desired rows cannot be read'),
    signal,
  })
  const prober = new Prober({
    intervalMs: config.timings.probeIntervalMs,
    failures: config.timings.probeFailures,
    timeoutMs: config.timings.probeTimeoutMs,
    onChange: (gameId) => loop.add([gameId]),
    nowMs: systemClock.nowMs,
    random: Math.random,
  })
  const deps: LoopDeps = {
    identity,
    leaseEpoch: term.epoch,
    db,
    desired: {
      get: (gameId) => desired.get(gameId),
      problem: (gameId) => desired.problem(gameId),
      version: (engine, version) => desired.versions().find((each) => each.engine === engine && each.version === version),
    },
    world,
    runtime,
    games,
    health: prober,
    settings: settingsOf(config),
    clock: systemClock,
    random: Math.random,
    newId: uuid,
    assertMayAct: term.assertMayAct,
    log,
    signal,
  }
  const manifests = watchManifests({
    dir: config.manifests.dir,
    rootName: path.basename(config.manifests.dir),
    db,
    policy: deps.settings.images,
    prune: config.manifests.prune,
    rescanMs: config.manifests.rescanMs,
    onReport: (report) => logManifests(log, report),
    onError: (error) => log.warn({ error: messageOf(error) }, 'manifests cannot be enforced'),
    signal,
  })
  const loop = new Loop(deps, () => desired.keys(), { workers: config.workers, resyncMs: config.timings.resyncMs })
  let trimming: NodeJS.Timeout | undefined
  return {
    deps,
    loop,
    world,
    async start() {
      await desired.listed
      for (const { gameId, status, record, openOperation } of await loadGames(db)) games.update(gameId, { status, record, openOperation })
      term.vouch(() => world.isKnown)
      world.start()
      trimming = setInterval(() => void trimHistory(db, config, log), HISTORY_INTERVAL_MS)
      loop.startResync(async () => {
        if (!world.isKnown) return
        await Promise.all([world.relist().then((changed) => loop.add(changed)), desired.resync()])
      })
    },
    async stop() {
      clearInterval(trimming)
      prober.stop()
      await Promise.all([world.stopped(), desired.stop(), manifests.stop()])
    },
  }
}

const HISTORY_INTERVAL_MS = 3_600_000

async function trimHistory(db: LoopDeps['db'], { retention }: Config, log: Log): Promise<void> {
  try {
    await pruneHistory(db, retention)
  } catch (error) {
    log.warn({ error: messageOf(error) }, 'old history not removed; tried again later')
  }
}

function settingsOf(config: Config): LoopDeps['settings'] {
  return {
    images: { imageTemplate: config.images.template, allowedRegistries: config.images.allowedRegistries },
    defaultLimits: config.defaults.limits,
    pullPolicy: config.docker.pullPolicy,
    network: config.docker.network,
    mayCreateNetwork: config.docker.createNetwork,
    graceMs: config.timings.gracePeriodMs,
    engineStartMs: config.timings.engineStartMs,
    cleanupTtlMs: config.timings.cleanupTtlMs,
    stateOf: (gameId): StateMount => ({
      path: path.join(config.state.root, gameId),
      hostPath: path.join(config.state.rootHost, gameId),
      mountPath: config.state.mountPath,
      envName: config.state.envName,
    }),
  }
}

function logManifests(log: Log, { unavailable, problems, waiting, results, deleted }: FolderReport): void {
  if (unavailable !== null) log.warn({ problem: unavailable }, 'manifest folder cannot be read')
  for (const problem of problems) log.warn({ problem }, 'manifest refused')
  for (const { kind, name, waiting: why } of waiting) log.warn({ kind, name, why }, 'manifest deletion waits')
  for (const { kind, name, outcome } of results) log.info({ kind, name, outcome }, 'manifest applied')
  for (const name of deleted) log.info({ name }, 'manifest pruned')
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

function pauseUnref(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref()
  })
}
