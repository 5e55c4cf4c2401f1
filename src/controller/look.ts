import { messageOf, RuntimeFailure } from '../model/errors.ts'
import type { DesiredGame } from '../model/game.ts'
import type { ObservedContainer } from '../model/observed.ts'
import { containerName } from '../model/labels.ts'
import type { RecordStatus } from '../model/record.ts'
import { QUEUED_REF } from '../model/operation.ts'
import { loadGames } from '../record/load.ts'
import { isDesired, loadQueued } from '../record/load-queued.ts'
import { knownLeftovers } from '../record/leftovers.ts'
import { admitGame } from './admit.ts'
import type { LoopDeps } from './deps.ts'
import { dueTicks } from './due-ticks.ts'
import { type GameMemory, rememberedOf } from './games.ts'
import { type Admission, type PlanInput, wantsOne } from './plan/input.ts'
import { restartOf } from './plan/replace.ts'
import { readEngine } from './read-engine.ts'

/** Reads everything a plan of this game is made from; asks the runtime and the database only for what is not known. */
export async function lookAt(
  gameId: string,
  deps: LoopDeps,
  asks: 'engine too' | 'nothing of the engine' = 'engine too',
): Promise<PlanInput> {
  if (deps.games.of(gameId).isUnsure) await rereadMemory(gameId, deps)
  const unanswered = deps.world.isKnown ? await refresh(gameId, deps) : null
  const desired = deps.desired.get(gameId) ?? null
  if (asks === 'engine too' && hasNewWish(desired, deps.games.of(gameId))) await readQueued(gameId, desired, deps)
  const memory = deps.games.of(gameId)
  const observed = { ...deps.world.game(gameId), ...(unanswered !== null && { isKnown: false, unanswered }) }
  const canonicalName = containerName(deps.identity.instance, gameId)
  const { settings, clock } = deps
  const state = settings.stateOf(gameId)
  const partial = {
    gameId,
    nowMs: clock.nowMs(),
    canonicalName,
    desired,
    desiredProblem: desired === null ? (deps.desired.problem(gameId) ?? null) : null,
    observed,
    status: memory.status,
    record: memory.record,
    openOperation: memory.openOperation,
    queued: memory.queued,
  }
  const admission = admissionOf(partial, memory, deps)
  const spec = admission.kind === 'accepted' ? admission.spec : memory.status.acceptedSpec
  const health = readingOf(partial, deps)
  return {
    ...partial,
    admission,
    health,
    engine: await readEngine({ gameId, spec, observed, health, mayAsk: asks === 'engine too' }, deps),
    activeSinceMs: deps.activeSinceMs,
    ticks: dueTicks(spec, partial, deps.schedules),
    openTurn: memory.openTurn,
    computedTurn: memory.computedTurn,
    mapping: memory.mapping,
    maxima: memory.maxima,
    lastTurn: memory.lastTurn,
    network: deps.world.network,
    wish: wishOf(admission, desired),
    resizeRefused: memory.resizeRefused,
    leftovers: desired === null && memory.record === null ? await leftoversOf(observed.containers, deps) : new Set(),
    policy: {
      graceMs: settings.graceMs,
      engineStartMs: settings.engineStartMs,
      cleanupTtlMs: settings.cleanupTtlMs,
      turnMs: settings.turnMs,
      catchUp: settings.catchUp,
      restartAfter: settings.restartAfter,
      mayCreateNetwork: settings.mayCreateNetwork,
      networkName: settings.network,
      statePath: state.path,
      stateHostPath: state.hostPath,
    },
  }
}

/** Null, or why Docker tells nothing of this game's containers now: then nothing is done to them (S3), and its status says so (S8); others go on (L2). */
async function refresh(gameId: string, { world, games, desired, signal, log }: LoopDeps): Promise<string | null> {
  try {
    await world.refresh(gameId, needsDetail(games.of(gameId)), signal)
    // Then a second container that runs is stopped.
    if (wantsOne(desired.get(gameId) ?? null)) await world.confirmRivals(gameId, signal)
    return null
  } catch (error) {
    if (!(error instanceof RuntimeFailure) || signal.aborted) throw error
    log.warn({ gameId, operationId: games.of(gameId).openOperation?.operationId, error: messageOf(error) }, 'containers not seen')
    return messageOf(error)
  }
}

/** Whether the row was written together with a queued operation, since the queue was read last. */
function hasNewWish(desired: DesiredGame | null, { queuedAsOf, isQueueUnsure }: GameMemory): boolean {
  if (isQueueUnsure) return true
  return desired?.writtenRef?.startsWith(QUEUED_REF) === true && desired.resourceVersion !== queuedAsOf
}

async function readQueued(gameId: string, desired: DesiredGame | null, { db, games }: LoopDeps): Promise<void> {
  const queued = (await loadQueued(db, [gameId])).get(gameId) ?? []
  // A row that is not in memory has gone, or is still on its way here; then its queue waits for it.
  const isAwaited = desired === null && queued.length > 0 && (await isDesired(db, gameId))
  games.update(gameId, {
    queued: isAwaited ? [] : queued,
    queuedAsOf: desired?.resourceVersion ?? null,
    isQueueUnsure: isAwaited,
  })
}

type Partial = Pick<PlanInput, 'gameId' | 'nowMs' | 'desired' | 'observed' | 'status' | 'record' | 'openOperation'>

async function rereadMemory(gameId: string, { db, games }: LoopDeps): Promise<void> {
  const [stored] = await loadGames(db, [gameId])
  games.update(gameId, {
    isUnsure: false,
    ...(stored === undefined ? { record: null, openOperation: null, queued: [], openTurn: null, mapping: [] } : rememberedOf(stored)),
  })
}

/** A list tells all that a settled game needs; how one ended, or what an unrecorded one is limited to, takes an inspect. */
function needsDetail({ record }: GameMemory): (container: ObservedContainer) => boolean {
  return (container) => container.state !== 'running' || record?.containerId !== container.id || !SETTLED.has(record.status)
}

const SETTLED: ReadonlySet<RecordStatus> = new Set(['running', 'generation_in_progress', 'generation_failed', 'finished'])

function admissionOf(partial: Partial, memory: GameMemory, { desired: view, world, settings }: LoopDeps): Admission {
  const { desired, record, openOperation, observed, status, gameId } = partial
  if (desired === null)
    return { kind: 'refused', reason: 'NotDesired', code: 'start_config_invalid', message: 'no desired row', inForce: status.acceptedSpec }
  const isAtRest =
    (record === null || record.status === 'stopped') &&
    openOperation === null &&
    observed.containers.every((container) => container.state !== 'running')
  return admitGame({
    desired,
    version: desired.engineVersion === null ? undefined : view.version(desired.engine, desired.engineVersion),
    status,
    containers: observed.containers,
    recordedStartMs: record?.startedAt?.getTime() ?? null,
    races: racesOf(desired, memory),
    mayRepin: isAtRest || restartOf({ desired, status, record }) !== null,
    pulled: memory.pulled,
    image: (ref) => world.image(ref),
    images: settings.images,
    defaultLimits: settings.defaultLimits,
    pullPolicy: settings.pullPolicy,
    network: settings.network,
    state: settings.stateOf(gameId),
  })
}

/** Of the initialised game; null before, and for an adopted one whose players nobody has named yet. */
function racesOf({ players }: DesiredGame, { record, mapping, engine }: GameMemory): readonly string[] | null {
  if (record?.currentTurn == null || (players.length === 0 && mapping.length === 0)) return null
  if (engine?.reading.kind === 'state') return engine.reading.state.players.map(({ raceName }) => raceName)
  return mapping.length === 0 ? null : mapping.map(({ raceName }) => raceName)
}

function readingOf({ gameId, observed, nowMs }: Partial, { health }: LoopDeps): PlanInput['health'] {
  const running = observed.containers.find((container) => container.state === 'running')
  return running === undefined ? { kind: 'pending', sinceMs: nowMs } : health.reading(gameId, running.id)
}

/** What an attempt would be made from: a failure of one wish says nothing about another. */
function wishOf(admission: Admission, desired: PlanInput['desired']): string {
  const runtime =
    desired === null
      ? null
      : [
          desired.state,
          desired.restartToken,
          desired.engineVersion,
          desired.imageRef,
          desired.cpus,
          desired.memory,
          desired.pids,
          desired.allowIncompatibleTo,
          desired.deletedAt !== null,
        ]
  switch (admission.kind) {
    case 'accepted':
      return JSON.stringify([runtime, admission.spec.specHash])
    case 'needs_image':
      return JSON.stringify([runtime, admission.imageRef])
    case 'refused':
      return JSON.stringify([runtime, admission.message])
  }
}

async function leftoversOf(containers: readonly ObservedContainer[], { db }: LoopDeps): Promise<ReadonlySet<string>> {
  if (containers.length === 0) return new Set()
  const operationIds = containers.flatMap((container) => container.labels.operationId ?? [])
  const known = await knownLeftovers(db, { containerIds: containers.map((container) => container.id), operationIds })
  const isLeftover = ({ id, labels }: ObservedContainer): boolean =>
    known.containerIds.has(id) || (labels.operationId !== null && known.operationIds.has(labels.operationId))
  return new Set(containers.filter(isLeftover).map((container) => container.id))
}
