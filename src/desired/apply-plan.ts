import type { DesiredGame, EngineVersion } from '../model/game.ts'
import { type GameDocument, toCandidate, toVersion, type VersionDocument } from './manifest/document.ts'
import { UNSET } from './new-game.ts'

/** One field that a document changes; values as an operator would write them. */
export interface FieldChange {
  readonly path: string
  /** Undefined for what did not exist. */
  readonly before: unknown
  readonly after: unknown
}

/** The producer's columns of `desired_games`, by their names in the model. */
export type GameFields = Pick<
  DesiredGame,
  | 'engine'
  | 'engineVersion'
  | 'imageRef'
  | 'state'
  | 'stopReason'
  | 'paused'
  | 'turnSchedule'
  | 'timeZone'
  | 'players'
  | 'cpus'
  | 'memory'
  | 'pids'
  | 'restartToken'
  | 'turnToken'
  | 'allowIncompatibleTo'
  | 'labels'
>

export interface GameWrite {
  /** Everything for a new row, the changed fields for an old one. */
  readonly fields: Partial<GameFields>
  readonly changes: readonly FieldChange[]
  /** Whether fields that have an owner are among them (spec 2, "Ownership"). */
  readonly changesOwned: boolean
}

/**
 * What a document changes in a game's row, field by field.
 *
 * @param row null for a game that does not exist yet
 * @param previous the document as this source last applied it: fields without an owner are then written only where the
 *   document itself changed, so that an operator's `galaxy stop` is not undone. Undefined writes what the document says
 */
export function planGame(document: GameDocument, row: DesiredGame | null, previous: GameDocument | undefined): GameWrite {
  const wanted: Partial<GameFields> = row === null ? initial(document) : { ...owned(document), ...unowned(document, previous) }
  const changed = FIELDS.filter((field) => field in wanted && (row === null || !isSame(row[field], wanted[field])))
  const fields = Object.fromEntries(changed.map((field) => [field, wanted[field]])) as Partial<GameFields> // keys are FIELDS'
  const shown = changed.filter((field) => row !== null || !isSame(wanted[field], UNSET[field]))
  const changes = shown.map((field) => ({ path: FIELD_NAMES[field] ?? field, before: row?.[field], after: wanted[field] }))
  return { fields: row === null ? wanted : fields, changes, changesOwned: changed.some((field) => !UNOWNED.has(field)) }
}

const FIELDS = Object.keys(UNSET) as (keyof GameFields)[] // the keys of the constant above
const UNOWNED: ReadonlySet<keyof GameFields> = new Set(['state', 'stopReason', 'paused', 'restartToken', 'turnToken'])
/** Where a manifest calls a field otherwise than the row. */
const FIELD_NAMES: Partial<Record<keyof GameFields, string>> = {
  imageRef: 'image',
  cpus: 'resources.cpus',
  memory: 'resources.memory',
  pids: 'resources.pids',
}

function initial(document: GameDocument): GameFields {
  return { ...UNSET, ...owned(document), ...unowned(document, undefined) }
}

function owned(document: GameDocument): Partial<GameFields> {
  const { gameId: _id, state: _state, stopReason: _reason, ...fields } = toCandidate(document.name, document.spec)
  return { ...fields, labels: document.labels }
}

/** What a document that no longer names a field asks for; a token once given stays handled. */
const UNNAMED: Partial<GameFields> = { state: 'running', stopReason: null, paused: false }

function unowned(document: GameDocument, previous: GameDocument | undefined): Partial<GameFields> {
  const now = named(document)
  if (previous === undefined) return now
  const before = named(previous)
  const given: Partial<GameFields> = { ...pick(UNNAMED, Object.keys(before)), ...now }
  return Object.fromEntries(Object.entries(given).filter(([field, value]) => !isSame(value, Reflect.get(before, field))))
}

function named({ spec }: GameDocument): Partial<GameFields> {
  const stopReason = spec.state === 'Stopped' ? (spec.stopReason ?? null) : null
  return {
    ...(spec.state === undefined ? {} : { state: spec.state === 'Stopped' ? 'stopped' : 'running', stopReason }),
    ...(spec.paused === undefined ? {} : { paused: spec.paused }),
    ...(spec.restartToken === undefined ? {} : { restartToken: spec.restartToken }),
    ...(spec.turnToken === undefined ? {} : { turnToken: spec.turnToken }),
  }
}

function pick(fields: Partial<GameFields>, names: readonly string[]): Partial<GameFields> {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => names.includes(name)))
}

export interface VersionWrite {
  readonly version: EngineVersion
  readonly changes: readonly FieldChange[]
}

/**
 * What a document changes in the registry. `enabled` is an operator's switch too: where the document does not name it, and
 * did not the last time, it stays as it is.
 *
 * @param row null for a version that does not exist yet
 * @param previous the document as this source last applied it
 */
export function planVersion(document: VersionDocument, row: EngineVersion | null, previous?: VersionDocument): VersionWrite {
  const leavesEnabled = document.spec.enabled === undefined && previous?.spec.enabled === undefined
  const version = { ...toVersion(document.spec), ...(leavesEnabled && row !== null ? { enabled: row.enabled } : {}) }
  const before = row ?? { ...toVersion({ version: version.version }), engine: null, version: null }
  const fields = Object.keys(version) as (keyof EngineVersion)[] // its own keys
  const changed = fields.filter((field) => !isSame(before[field], version[field]))
  return {
    version,
    changes: changed.map((field) => ({ path: field === 'imageRef' ? 'image' : field, before: row?.[field], after: version[field] })),
  }
}

/** Equal as JSON, whatever the order of keys. */
export function isSame(a: unknown, b: unknown): boolean {
  return a === b || JSON.stringify(ordered(a)) === JSON.stringify(ordered(b))
}

function ordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(ordered)
  if (typeof value !== 'object' || value === null) return value ?? null
  const entries = Object.entries(value).filter(([, field]) => field !== undefined)
  return entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, field]) => [key, ordered(field)])
}
