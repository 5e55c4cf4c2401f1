import path from 'node:path'
import pLimit from 'p-limit'
import type { Config } from './config.ts'
import type { LoopDeps } from './controller/deps.ts'
import { Games } from './controller/games.ts'
import type { Term } from './controller/leadership.ts'
import { Loop } from './controller/loop.ts'
import type { Runtime } from './controller/ports.ts'
import type { OnBegin } from './controller/queue.ts'
import type { ManifestWatch } from './desired/manifest/folder.ts'
import type { FolderReport } from './desired/manifest/rescan.ts'
import { readAdopted } from './desired/adopted-deployments.ts'
import { type DesiredWatch, watchDesired } from './desired/rows-watch.ts'
import type { DockerClients } from './docker/client.ts'
import { listHostImages } from './docker/host-images.ts'
import { openLogs } from './docker/logs.ts'
import { createObserver } from './docker/observe.ts'
import { networksOfContainer } from './docker/network.ts'
import { readUsage } from './docker/usage.ts'
import { createRuntime } from './docker/runtime.ts'
import { detectAddressing } from './engine/address.ts'
import { createEngineClient, type EngineClient } from './engine/client.ts'
import { createGameEngine } from './engine/game-engine.ts'
import { createLocator, type LocateEngine } from './engine/locate.ts'
import { observedClient } from './engine/observed-client.ts'
import { isInContainerOn } from './engine/own-container.ts'
import { Prober } from './engine/prober.ts'
import { logLobbyRecord } from './lobby-record.ts'
import type { Log } from './log.ts'
import { settingsOf } from './loop-settings.ts'
import type { Observers } from './metrics/metrics.ts'
import { messageOf } from './model/errors.ts'
import type { HostImages } from './model/image.ts'
import type { Identity } from './model/labels.ts'
import type { LogOptions } from './model/log-options.ts'
import type { ContainerUsage } from './model/usage.ts'
import { World } from './observed/world.ts'
import { createPlayerDesk, type PlayerDesk } from './proxy/player-desk.ts'
import { servingEngine } from './proxy/serving-engine.ts'
import type { Surroundings } from './surroundings.ts'
import { GameTraces } from './tracing/game-traces.ts'
import { Schedules } from './turns/schedule.ts'

export interface Ingredients {
  readonly config: Config
  readonly databaseUrl: string
  readonly docker: DockerClients
  readonly identity: Identity
  readonly log: Log
  /** Runs on lists alone when false. */
  readonly useEvents: boolean
  readonly onPass?: OnBegin | undefined
  /** Without them nothing is measured. */
  readonly observers?: Observers | undefined
  readonly surroundings: Surroundings
}

/** The parts of one term, wired to each other; nothing works until it is started. */
export interface TermParts {
  readonly deps: LoopDeps
  readonly loop: Loop
  readonly world: World
  readonly desired: DesiredWatch
  readonly prober: Prober
  readonly engines: EngineClient
  readonly players: PlayerDesk
  readonly manifests: ManifestWatch
  /** Reads which other deployments' containers are ours by now; the next list shows them as such. */
  learnAdopted(): Promise<void>
  /** Asks Docker; a look, and nothing else. */
  hostImages(): Promise<HostImages>
  /** Null when it does not run. */
  usage(containerId: string): Promise<ContainerUsage | null>
  /** The log of a container, see `docker/logs.ts`. */
  openLogs(containerId: string, options: LogOptions, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>>
}

/** Wires the parts of a term. What changes anywhere only adds keys to the loop; the loop alone acts. */
export function composeTerm(term: Term, given: Ingredients, db: LoopDeps['db'], signal: AbortSignal): TermParts {
  const { ingredients, learnAdopted } = withAdopted(given, db)
  const { config, identity, log, surroundings, onPass, observers } = ingredients
  const { clock, random } = surroundings
  const { timings } = config
  // The loop comes last and is named first: every source of keys has to know it.
  const addKeys = (gameIds: Iterable<string> | 'all'): void => (gameIds === 'all' ? loop.addAll() : loop.add(gameIds))
  const runtime = composeRuntime(ingredients, (imageRef) => world.image(imageRef)?.id ?? null)
  const world = composeWorld(term, ingredients, runtime, { onChange: addKeys, onFirstLook: () => loop.open(), signal })
  const desired = watchDesired({
    url: ingredients.databaseUrl,
    db,
    pollMs: timings.desiredPollMs,
    onChange: addKeys,
    onError: (error) => log.warn({ error: messageOf(error) }, 'desired rows cannot be read'),
    signal,
    clock,
    listen: surroundings.listen,
  })
  const prober = composeProber(ingredients, (gameId) => addKeys([gameId]))
  const engines = composeClient(ingredients)
  const locate = composeLocator(ingredients, world, signal)
  const deps: LoopDeps = {
    identity,
    leaseEpoch: term.epoch,
    db,
    desired: viewOf(desired),
    world,
    runtime,
    games: new Games(),
    health: prober,
    engine: createGameEngine(engines, locate),
    schedules: new Schedules(),
    activeSinceMs: clock.nowMs(),
    settings: settingsOf(config),
    clock,
    random,
    newId: surroundings.newId,
    assertMayAct: term.assertMayAct,
    onStart: (gameId, operationId) => {
      if (config.lobbyUrl !== null) void logLobbyRecord(config.lobbyUrl, gameId, operationId, log, signal)
    },
    observer: observers?.loop,
    traces: new GameTraces(),
    log,
    signal,
  }
  const loop = new Loop(deps, () => desired.keys(), { workers: config.workers, resyncMs: timings.resyncMs, onPass })
  const players = composePlayers(deps, engines, locate)
  const manifests = composeManifests(ingredients, db, signal)
  return { deps, loop, world, desired, prober, engines, players, manifests, learnAdopted, ...composeLooks(ingredients, signal) }
}

/** Whose containers are ours is known to all parts of a term alike, and may grow while it lasts. */
function withAdopted(given: Ingredients, db: LoopDeps['db']): { ingredients: Ingredients } & Pick<TermParts, 'learnAdopted'> {
  const adopted = new Set<string>()
  const learnAdopted = async (): Promise<void> => {
    for (const deployment of await readAdopted(db)) adopted.add(deployment)
  }
  return { ingredients: { ...given, identity: { ...given.identity, adopted } }, learnAdopted }
}

/** Looks at Docker that somebody asks for. */
function composeLooks({ docker, identity }: Ingredients, signal: AbortSignal): Pick<TermParts, 'hostImages' | 'openLogs' | 'usage'> {
  return {
    hostImages: () => listHostImages(docker, identity, signal),
    usage: (id) => readUsage(docker, id, signal),
    openLogs: (id, options, asked) => openLogs(docker, id, options, AbortSignal.any([asked, signal])),
  }
}

function viewOf(desired: DesiredWatch): LoopDeps['desired'] {
  return {
    get: (gameId) => desired.get(gameId),
    problem: (gameId) => desired.problem(gameId),
    drop: (gameId, resourceVersion) => desired.drop(gameId, resourceVersion),
    version: (engine, version) => desired.versions().find((each) => each.engine === engine && each.version === version),
  }
}

function composeRuntime({ config, docker, identity, surroundings }: Ingredients, resolvesTo: (imageRef: string) => string | null): Runtime {
  const { state } = config
  const runtime = createRuntime({
    clients: docker,
    identity,
    mountPath: state.mountPath,
    folders: surroundings.stateFolders(state),
    log: { driver: config.docker.logDriver, options: config.docker.logOptions },
    resolvesTo,
    pull: { stallMs: config.timings.pullStallMs, credentials: surroundings.credentials },
  })
  const limitPulls = pLimit(config.pulls)
  return { ...runtime, pull: (imageRef, onProgress, signal) => limitPulls(() => runtime.pull(imageRef, onProgress, signal)) }
}

function composeProber({ config: { timings }, observers, surroundings }: Ingredients, onChange: (gameId: string) => void): Prober {
  return new Prober({
    intervalMs: timings.probeIntervalMs,
    failures: timings.probeFailures,
    restartAfter: timings.probeRestartAfter,
    timeoutMs: timings.probeTimeoutMs,
    onChange,
    onProbe: observers?.engines.onProbe,
    probe: surroundings.probe,
    clock: surroundings.clock,
    random: surroundings.random,
  })
}

/** An engine on this host, or on none, answers at once that it is there. */
const CONNECT_MS = 3_000

function composeClient({ config, observers, surroundings: { clock, openTransport } }: Ingredients): EngineClient {
  const { engineCallMs, turnMs } = config.timings
  const connectMs = Math.min(CONNECT_MS, engineCallMs)
  const timeouts = { connectMs, adminMs: engineCallMs, turnMs, playerMs: engineCallMs }
  return observedClient(createEngineClient({ timeouts, clock, transport: openTransport(connectMs) }), observers?.engines.onCall)
}

function composeLocator({ config, docker }: Ingredients, world: World, signal: AbortSignal): LocateEngine {
  const { network } = config.docker
  const isOnNetwork = (): Promise<boolean> => isInContainerOn(network, (id) => networksOfContainer(docker, id, signal))
  return createLocator({
    addressing: () => detectAddressing(config.engines.addressing, isOnNetwork),
    confirm: (gameId, containerId, callSignal) => world.confirm(gameId, containerId, callSignal),
  })
}

function composePlayers({ games, world }: LoopDeps, client: EngineClient, locate: LocateEngine): PlayerDesk {
  return createPlayerDesk({
    client,
    locate,
    engineOf: (gameId) => {
      const { record, status } = games.of(gameId)
      return servingEngine({ gameId, spec: status.acceptedSpec, record, observed: world.game(gameId) })
    },
  })
}

interface WorldHooks {
  onChange(gameIds: Iterable<string> | 'all'): void
  /** The world was listed, or could not be; either way, there is something to say about every game. */
  onFirstLook(): void
  readonly signal: AbortSignal
}

function composeWorld(term: Term, ingredients: Ingredients, runtime: Runtime, { onChange, onFirstLook, signal }: WorldHooks): World {
  const { config, docker, identity, log, useEvents, surroundings, observers } = ingredients
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
    useEvents,
    onChange,
    onReachable: (isReachable, error) => {
      if (isReachable) {
        log.info({ containers: world.containerCount }, 'docker listed')
        term.renewSoon()
      } else {
        log.warn({ error: messageOf(error) }, 'docker cannot be read')
        observers?.docker.eventStreamLost('ended')
      }
      onFirstLook()
    },
    onSilentStream: (gameIds) => {
      log.warn({ games: gameIds.size }, 'docker changed containers without an event; its event stream is opened anew')
      observers?.docker.eventStreamLost('silent')
    },
    clock: surroundings.clock,
    signal,
  })
  return world
}

function composeManifests({ config, log, surroundings }: Ingredients, db: LoopDeps['db'], signal: AbortSignal): ManifestWatch {
  const { manifests, images } = config
  return surroundings.watchManifests({
    dir: manifests.dir,
    rootName: path.basename(manifests.dir),
    db,
    policy: { imageTemplate: images.template, allowedRegistries: images.allowedRegistries },
    prune: manifests.prune,
    rescanMs: manifests.rescanMs,
    onReport: (report) => logManifests(log, report),
    onError: (error) => log.warn({ error: messageOf(error) }, 'manifests cannot be enforced'),
    signal,
  })
}

function logManifests(log: Log, { unavailable, problems, waiting, results, deleted }: FolderReport): void {
  if (unavailable !== null) log.warn({ problem: unavailable }, 'manifest folder cannot be read')
  for (const problem of problems) log.warn({ problem }, 'manifest refused')
  for (const { kind, name, waiting: why } of waiting) log.warn({ kind, name, why }, 'manifest deletion waits')
  for (const { kind, name, outcome } of results) log.info({ kind, name, outcome }, 'manifest applied')
  for (const name of deleted) log.info({ name }, 'manifest pruned')
}
