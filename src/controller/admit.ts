import { isDeepStrictEqual } from 'node:util'
import { admit } from '../desired/admission.ts'
import { resolveLimits } from '../desired/limits.ts'
import { checkPatch, type StateWriter } from '../desired/patch-compatibility.ts'
import type { ImagePolicy, ResolvedImage } from '../desired/resolve-image.ts'
import type { AcceptedSpec, DesiredGame, EngineVersion, RequestedRuntime, StateMount } from '../model/game.ts'
import type { ImageFacts } from '../model/image.ts'
import type { Limits } from '../model/limits.ts'
import type { ObservedContainer } from '../model/observed.ts'
import { specHash } from '../model/spec-hash.ts'
import type { GameStatus } from '../model/status.ts'
import type { Admission } from './plan/input.ts'

export interface AdmissionFacts {
  readonly desired: DesiredGame
  readonly version: EngineVersion | undefined
  readonly status: GameStatus
  readonly containers: readonly ObservedContainer[]
  /** When the container that the record names was started; null without one. */
  readonly recordedStartMs: number | null
  /** Of the initialised game, null before init. */
  readonly races: readonly string[] | null
  /** Resolve anew what the registry and the configuration say: a restart was asked for, or the game is at rest. */
  readonly mayRepin: boolean
  /** What the open operation has pulled. */
  readonly pulled: string | null
  readonly image: (ref: string) => ImageFacts | null
  readonly images: ImagePolicy
  readonly defaultLimits: Limits
  readonly pullPolicy: 'if_missing' | 'always' | 'never'
  readonly network: string
  readonly state: StateMount
}

/**
 * Admission of a desired row, with everything resolved and pinned (spec 2, "Admission"). A spec that comes out equal to the
 * accepted one is that same object, so that "nothing changed" is one comparison. Pure: the facts were fetched before.
 */
export function admitGame(facts: AdmissionFacts): Admission {
  const { desired, status } = facts
  const stateWriter = writerOf(facts)
  const inForce = status.acceptedSpec
  const answer = admit(desired, {
    policy: facts.images,
    version: facts.version,
    stateWriter,
    races: facts.races,
    accepted: inForce,
  })
  if (answer.kind === 'refused') {
    return {
      kind: 'refused',
      reason: answer.code === 'patch_semver_incompatible' ? 'PatchIncompatible' : 'InvalidSpec',
      code: answer.code,
      message: answer.message,
      inForce: inForce !== null && canRead(inForce, stateWriter, desired) ? inForce : null,
    }
  }
  const pinned = inForce !== null && isSameRequest(inForce, desired) ? inForce : null
  return pinned !== null && !facts.mayRepin ? keepPins(facts, pinned, answer.image) : pin(facts, answer.image)
}

/** Something else may have run since the spec was accepted: then it is in force no more (S3). */
function canRead(
  { engine, engineVersion, imageRef }: AcceptedSpec,
  from: StateWriter | null,
  { allowIncompatibleTo }: DesiredGame,
): boolean {
  return checkPatch({ from, engine, to: engineVersion, imageRef, allowIncompatibleTo }).ok
}

/** What ran last writes, also where its start is later than what the record knows of: a crash or a lost answer came between. */
function writerOf({ status, containers, recordedStartMs }: AdmissionFacts): StateWriter | null {
  const last = lastRun(containers)
  // Without a record, whatever is there has run since the last one of an earlier life was removed.
  const isUnrecorded = last !== undefined && ranFromMs(last) > (recordedStartMs ?? -Infinity)
  if (status.stateEngine !== null && !isUnrecorded)
    return { engine: status.stateEngine, version: status.stateVersion, imageRef: status.stateImageRef }
  if (last?.labels.engine == null) return null
  const { engine, engineVersion, engineImageRef } = last.labels
  return { engine, version: engineVersion, imageRef: engineImageRef ?? last.imageRef }
}

function lastRun(containers: readonly ObservedContainer[]): ObservedContainer | undefined {
  const writers = containers.filter((container) => container.labels.operationId !== null && (isTakenOver(container) || hasRun(container)))
  return writers.toSorted((a, b) => ranFromMs(b) - ranFromMs(a))[0]
}

/** A list tells of no start; nothing runs before it is created. */
function ranFromMs({ detail, createdAtMs }: ObservedContainer): number {
  return detail?.startedAtMs ?? createdAtMs
}

/** One that a list alone has shown, and that is past its creation, may have: a version is not accepted on a mere maybe (S3). */
function hasRun({ state, detail }: ObservedContainer): boolean {
  if (state === 'created') return false
  return detail === null || (detail.startedAtMs !== null && !detail.isAutoRemove)
}

/** Whether a spec was resolved from what the row says now. */
function isSameRequest({ engine, requested }: AcceptedSpec, desired: DesiredGame): boolean {
  return engine === desired.engine && requested.engineVersion === desired.engineVersion && requested.imageRef === desired.imageRef
}

function requestOf({ engineVersion, imageRef, cpus, memory, pids }: DesiredGame): RequestedRuntime {
  return { engineVersion, imageRef, cpus, memory, pids }
}

/** The pins stay; what needs no new container follows the row. */
function keepPins(facts: AdmissionFacts, pinned: AcceptedSpec, resolved: ResolvedImage): Admission {
  const { desired } = facts
  const now = facts.image(resolved.imageRef)
  const outdated = differences(pinned, resolved, now) ?? unhashed(facts)
  const { cpus, memory, pids } = pinned.requested
  const hasSameLimits = cpus === desired.cpus && memory === desired.memory && pids === desired.pids
  const labels = facts.image(pinned.imageId)?.labels ?? {}
  const resolvedLimits = resolveLimits(desired, labels, facts.defaultLimits)
  const limits = hasSameLimits ? pinned.limits : resolvedLimits.limits
  const remarks = resolvedLimits.problems
  return { kind: 'accepted', spec: withWish({ ...pinned, limits, requested: requestOf(desired) }, desired, pinned), outdated, remarks }
}

function withWish(spec: AcceptedSpec, { players, turnSchedule, timeZone }: DesiredGame, before: AcceptedSpec = spec): AcceptedSpec {
  const wished = { ...spec, players, turnSchedule, timeZone }
  return isDeepStrictEqual(wished, before) ? before : wished
}

function differences(pinned: AcceptedSpec, resolved: ResolvedImage, image: ImageFacts | null): string | null {
  const changes = [
    ...(pinned.imageRef === resolved.imageRef ? [] : [`the registry now resolves to ${resolved.imageRef}`]),
    ...(image === null || pinned.imageRef !== resolved.imageRef || image.id === pinned.imageId
      ? []
      : [`${pinned.imageRef} now means another image`]),
    ...(isDeepStrictEqual(
      [pinned.command, pinned.env, pinned.publish, pinned.relax, pinned.probe],
      [resolved.command, resolved.env, resolved.publish, resolved.relax, resolved.probe],
    )
      ? []
      : ['the engine version is described differently by now']),
  ]
  return changes.length === 0 ? null : `${changes.join('; ')}; it applies at the next change of version or restart`
}

function unhashed({ containers }: AdmissionFacts): string | null {
  const adopted = containers.find((container) => container.state === 'running' && container.labels.specHash === null)
  return adopted === undefined
    ? null
    : `${adopted.name} was adopted without a spec hash: only its image is compared until the next change of version or restart`
}

function pin(facts: AdmissionFacts, resolved: ResolvedImage): Admission {
  const { desired, status } = facts
  const image = imageOf(facts, resolved.imageRef)
  if (image === null) return { kind: 'needs_image', imageRef: resolved.imageRef, mayPull: facts.pullPolicy !== 'never' }
  const { limits, problems: remarks } = resolveLimits(desired, image.labels, facts.defaultLimits)
  const resolvedSpec: Omit<AcceptedSpec, 'specHash'> = {
    gameId: desired.gameId,
    engine: desired.engine,
    requested: requestOf(desired),
    engineVersion: resolved.engineVersion,
    imageRef: resolved.imageRef,
    imageId: image.id,
    protocol: resolved.protocol,
    probe: resolved.probe,
    port: resolved.port,
    command: resolved.command,
    env: resolved.env,
    publish: resolved.publish,
    relax: resolved.relax,
    limits: adoptedLimits(facts, limits),
    network: facts.network,
    state: facts.state,
    players: desired.players,
    turnSchedule: desired.turnSchedule,
    timeZone: desired.timeZone,
  }
  const spec = { ...resolvedSpec, specHash: specHash(resolvedSpec) }
  const before = status.acceptedSpec
  return { kind: 'accepted', spec: before !== null && isDeepStrictEqual(before, spec) ? before : spec, outdated: null, remarks }
}

/**
 * A game that runs already when its row is first accepted keeps the limits that its row does not name: by whose row they were made is not known. One
 * without our hash keeps all of them until the row next asks for others.
 */
function adoptedLimits({ desired, status, containers }: AdmissionFacts, resolved: Limits): Limits {
  const running = status.acceptedSpec === null ? containers.find(isTakenOver) : undefined
  const found = running?.detail?.limits
  if (found == null) return resolved
  if (running?.labels.specHash === null) return found
  return {
    cpus: (desired.cpus === null ? found.cpus : null) ?? resolved.cpus,
    memoryBytes: (desired.memory === null ? found.memoryBytes : null) ?? resolved.memoryBytes,
    pids: (desired.pids === null ? found.pids : null) ?? resolved.pids,
  }
}

/** One that was run with --rm is left alone, and says nothing of what is to come after it. */
function isTakenOver({ state, detail }: ObservedContainer): boolean {
  return state === 'running' && detail?.isAutoRemove !== true
}

/** The image to pin. A container of the game that runs it already settles what its tag means (adoption). */
function imageOf(
  { status, containers, image, pullPolicy, pulled }: AdmissionFacts,
  imageRef: string,
): Pick<ImageFacts, 'id' | 'labels'> | null {
  if (status.acceptedSpec === null) {
    const running = containers.find(
      (container) => isTakenOver(container) && (container.labels.engineImageRef === imageRef || container.imageRef === imageRef),
    )
    if (running !== undefined) return image(running.imageId) ?? { id: running.imageId, labels: {} }
  }
  if (pullPolicy === 'always' && pulled !== imageRef) return null
  return image(imageRef)
}
