import { GAME_ID_PATTERN, STOP_REASONS } from '../model/game.ts'
import { checkPlayers } from './check-players.ts'
import { objectOf, refuse, textOf } from './check-value.ts'
import type { DeleteOptions, EngineTarget, PatchTarget, StartOptions } from './wishes.ts'

/**
 * Arguments, before any I/O: what the schema's CHECKs would refuse (migrations/0001_desired.sql), named by field. What only
 * the controller knows (registry, time zones, cron, image references, compatibility) it tells as condition `Accepted`.
 *
 * Each throws a TypeError.
 */

const SEMVER = /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?(\+[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?$/
const MEMORY = /^[1-9][0-9]{0,17}([kKmMgGtT]i?)?[bB]?$/
const MAX = { semver: 128, imageRef: 512, schedule: 256, timeZone: 64, cpus: 1024, integer: 2_147_483_647 } as const
const MIN_SCHEDULE = 9

export function checkGameId(gameId: unknown, field = 'gameId'): void {
  const expected = 'at most 51 lower-case letters, digits and inner hyphens'
  if (!GAME_ID_PATTERN.test(textOf(gameId, field, expected))) refuse(field, gameId, expected)
}

export function checkStopReason(reason: unknown): void {
  if (!STOP_REASONS.some((known) => known === reason)) refuse('reason', reason, `one of ${STOP_REASONS.join(', ')}`)
}

export function checkTarget(target: EngineTarget): void {
  if (typeof target === 'string') return checkImageRef(target, 'imageRef')
  const fields = objectOf(target, 'target', ['version', 'engine', 'imageRef'], 'an image reference or {version}')
  checkVersionTarget(fields)
}

export function checkPatch(target: PatchTarget): void {
  const fields = objectOf(target, 'target', ['version', 'engine', 'imageRef', 'allowIncompatible'], 'an object with a version')
  checkVersionTarget(fields)
  given(fields['allowIncompatible'], 'allowIncompatible', checkBoolean)
}

export function checkStartOptions(options: StartOptions): void {
  const fields = objectOf(options, 'options', Object.keys(START_CHECKS), 'an object')
  for (const [name, check] of Object.entries(START_CHECKS)) given(fields[name], `options.${name}`, check)
}

export function checkDeleteOptions(options: DeleteOptions): void {
  const fields = objectOf(options, 'options', ['purgeState'], 'an object')
  given(fields['purgeState'], 'options.purgeState', checkBoolean)
}

type Check = (value: unknown, field: string) => void

const START_CHECKS: Readonly<Record<keyof StartOptions, Check>> = {
  players: checkPlayers,
  turnSchedule: orNull((value, field) => {
    const expected = `a cron expression of 5 or 6 fields, such as "0 18 * * *"`
    const { length } = textOf(value, field, expected).trim()
    if (length < MIN_SCHEDULE || length > MAX.schedule) refuse(field, value, expected)
  }),
  timeZone: (value, field) => checkLength(value, field, MAX.timeZone, 'the name of a time zone, such as Europe/Berlin'),
  cpus: orNull((value, field) => {
    if (typeof value !== 'number' || !(value > 0 && value <= MAX.cpus)) refuse(field, value, `cores above 0, up to ${MAX.cpus}`)
  }),
  memory: orNull((value, field) => {
    const expected = 'a size such as 256Mi or 512m'
    if (!MEMORY.test(textOf(value, field, expected))) refuse(field, value, expected)
  }),
  pids: orNull((value, field) => {
    const isCount = typeof value === 'number' && Number.isInteger(value) && value > 0 && value <= MAX.integer
    if (!isCount) refuse(field, value, `a whole number from 1 to ${MAX.integer}`)
  }),
  labels: (value, field) => {
    for (const [name, text] of Object.entries(objectOf(value, field, null, 'an object of texts')))
      textOf(text, `${field}.${textOf(name, field, 'names without control characters')}`, 'a text')
  },
  paused: checkBoolean,
  allowIncompatibleTo: orNull(checkVersion),
}

function checkVersionTarget(fields: Readonly<Record<string, unknown>>): void {
  checkVersion(fields['version'], 'version')
  given(fields['engine'], 'engine', checkGameId)
  given(fields['imageRef'], 'imageRef', checkImageRef)
}

function checkVersion(value: unknown, field: string): void {
  const expected = 'a semantic version such as 1.0.0'
  const version = textOf(value, field, expected)
  if (version.length > MAX.semver || !SEMVER.test(version)) refuse(field, value, expected)
}

function checkImageRef(value: unknown, field: string): void {
  const expected = 'an image reference such as registry.example.com/team/engine:1.0.0'
  checkLength(value, field, MAX.imageRef, expected)
  if (/\s/.test(String(value))) refuse(field, value, expected)
}

function checkLength(value: unknown, field: string, max: number, expected: string): void {
  const { length } = textOf(value, field, expected)
  if (length === 0 || length > max) refuse(field, value, `${expected}, of 1 to ${max} characters`)
}

function checkBoolean(value: unknown, field: string): void {
  if (typeof value !== 'boolean') refuse(field, value, 'true or false')
}

/** Left out and undefined mean the same. */
function given(value: unknown, field: string, check: Check): void {
  if (value !== undefined) check(value, field)
}

function orNull(check: Check): Check {
  return (value, field) => {
    if (value !== null) check(value, field)
  }
}
