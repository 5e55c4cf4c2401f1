import semver from 'semver'
import { type DesiredGame, type EngineVersion, GAME_ID_PATTERN, STOP_REASONS } from '../model/game.ts'
import type { ErrorCode } from '../model/operation.ts'
import { parseImageReference } from './image-reference.ts'
import { cpusObjection, memoryObjection, pidsObjection } from './limits.ts'
import { checkPatch, type StateWriter } from './patch-compatibility.ts'
import { checkPlayers } from './players.ts'
import { type Problem, problem } from './problem.ts'
import { type ImagePolicy, registryObjection, type ResolvedImage, resolveImage } from './resolve-image.ts'
import { isTimeZone, scheduleObjection } from './schedule.ts'

/** What a game asks for, at whichever door; the columns of `desired_games` that a producer writes. */
export type GameCandidate = Pick<
  DesiredGame,
  | 'gameId'
  | 'engine'
  | 'engineVersion'
  | 'imageRef'
  | 'state'
  | 'stopReason'
  | 'turnSchedule'
  | 'timeZone'
  | 'players'
  | 'cpus'
  | 'memory'
  | 'pids'
  | 'allowIncompatibleTo'
>

/** The facts beside the candidate; each door that lacks one leaves it null and is more lenient by that. */
export interface AdmissionContext {
  readonly policy: ImagePolicy
  /** The registry's row of the candidate's engine and version. */
  readonly version: EngineVersion | undefined
  /** What last wrote the game's state. */
  readonly stateWriter: StateWriter | null
  /** Races of the initialised game: from then on only their users may change. */
  readonly races: readonly string[] | null
  /** What the game was last accepted with; a version that it runs already may be disabled. */
  readonly accepted: {
    readonly engine: string
    readonly engineVersion: string | null
    readonly imageRef: string
  } | null
}

export type Admission =
  | { readonly kind: 'admitted'; readonly image: ResolvedImage }
  | {
      readonly kind: 'refused'
      readonly code: Extract<ErrorCode, 'start_config_invalid' | 'patch_semver_incompatible'>
      readonly message: string
      readonly problems: readonly Problem[]
    }

/** The one decision of all doors: whether what is asked for can be run, and with which image. Never throws. */
export function admit(game: GameCandidate, context: AdmissionContext): Admission {
  const problems = checkGame(game, context)
  if (problems.length > 0) {
    return {
      kind: 'refused',
      code: 'start_config_invalid',
      message: problems.map((each) => each.message).join('; '),
      problems,
    }
  }
  const { accepted, stateWriter } = context
  const runsAlready = accepted !== null && accepted.engine === game.engine && accepted.engineVersion === game.engineVersion
  const image = resolveImage(game, context.version, context.policy, runsAlready)
  if (image.kind === 'refused') return { ...image, problems: [] }
  const patch = checkPatch({
    from: stateWriter,
    engine: game.engine,
    to: image.engineVersion,
    imageRef: image.imageRef,
    allowIncompatibleTo: game.allowIncompatibleTo,
  })
  return patch.ok
    ? { kind: 'admitted', image }
    : {
        kind: 'refused',
        code: patch.code,
        message: patch.message,
        problems: [],
      }
}

/** Everything wrong with the fields themselves, all at once (spec 2, "Admission"). */
export function checkGame(game: GameCandidate, context: Pick<AdmissionContext, 'policy' | 'races'>): readonly Problem[] {
  return [
    ...checkIdentity(game),
    ...checkImage(game, context.policy),
    ...checkState(game),
    ...checkTime(game),
    ...checkPlayers(game.players, context.races),
    ...check('cpus', game.cpus, cpusObjection),
    ...check('memory', game.memory, memoryObjection),
    ...check('pids', game.pids, pidsObjection),
  ]
}

function checkIdentity(game: GameCandidate): readonly Problem[] {
  return [
    ...check('gameId', game.gameId, gameIdObjection),
    ...check('engine', game.engine, gameIdObjection),
    ...check('engineVersion', game.engineVersion, versionObjection),
    ...check('allowIncompatibleTo', game.allowIncompatibleTo, versionObjection),
  ]
}

function checkImage(game: GameCandidate, policy: ImagePolicy): readonly Problem[] {
  if (game.imageRef !== null) return check('image', game.imageRef, (text) => imageObjection(text, policy))
  return game.engineVersion === null ? [problem('engineVersion', undefined, 'a version such as 1.0.0, or an image')] : []
}

function checkState(game: GameCandidate): readonly Problem[] {
  if (game.state === 'running') return []
  return STOP_REASONS.some((reason) => reason === game.stopReason)
    ? []
    : [problem('stopReason', game.stopReason ?? undefined, `one of ${STOP_REASONS.join(', ')} for a stopped game`)]
}

function checkTime(game: GameCandidate): readonly Problem[] {
  const zone = isTimeZone(game.timeZone) ? [] : [problem('timeZone', game.timeZone, 'an IANA time zone such as UTC or Europe/Berlin')]
  return [...zone, ...check('turnSchedule', game.turnSchedule, (schedule) => scheduleObjection(schedule, game.timeZone))]
}

function check<T>(path: string, value: T | null, objectionTo: (value: T) => string | null): readonly Problem[] {
  const objection = value === null ? null : objectionTo(value)
  return objection === null ? [] : [problem(path, value, objection)]
}

export function gameIdObjection(id: string): string | null {
  return GAME_ID_PATTERN.test(id) ? null : 'at most 51 lower-case letters, digits and inner hyphens'
}

export function versionObjection(version: string): string | null {
  // semver.valid also takes v1.0.0 and spaces; the schema's domain does not.
  return semver.valid(version) !== null && /^\d/.test(version) && version.length <= 128 && !/\s/.test(version)
    ? null
    : 'a semantic version such as 1.0.0'
}

export function imageObjection(text: string, policy: Pick<ImagePolicy, 'allowedRegistries'>): string | null {
  const parsed = parseImageReference(text)
  return parsed.kind === 'invalid' ? parsed.expected : registryObjection(parsed.reference, policy.allowedRegistries)
}
