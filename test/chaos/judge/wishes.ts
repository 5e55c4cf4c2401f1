import { number, type Row, text, type Write } from './testimony.ts'

/** What was asked of a game from one moment to the next. */
export interface Wish {
  readonly fromMs: number
  /** Infinity while it holds. */
  readonly untilMs: number
  /** Null where there is no row. */
  readonly row: Row | null
  /** Grows with every row that is really gone and inserted anew: generations of one life compare, of two do not. */
  readonly life: number
}

/** All that was ever asked of a game, oldest first; from the database's own memory of its rows. Times are the machine's. */
export function wishesOf(writes: readonly Write[], game: string): readonly Wish[] {
  const rows = writes.filter(({ table, before, after }) => table === 'desired_games' && text(after ?? before, 'game_id') === game)
  let life = 0
  const starts = rows.map(({ realMs, op, after }) => {
    if (op === 'INSERT') life += 1
    return { fromMs: realMs, row: op === 'DELETE' ? null : after, life }
  })
  const all = [{ fromMs: -Infinity, row: null, life: 0 }, ...starts]
  return all.map((wish, index) => ({ ...wish, untilMs: all[index + 1]?.fromMs ?? Infinity }))
}

export type ReasonToReplace = 'restart token' | 'another version or image' | 'limits'

/** Why a container that was made for `base` may be taken down under `wish`, the strongest reason; null when nothing in the two says so. */
export function reasonToReplace(base: Row, wish: Row, versions: Versions): ReasonToReplace | null {
  if (text(wish, 'restart_token') !== text(base, 'restart_token')) return 'restart token'
  const isSameImage = IMAGE.every((column) => text(wish, column) === text(base, column))
  if (!isSameImage) return whyRefused(base, wish, versions) === null ? 'another version or image' : null
  return LIMITS.every((column) => text(wish, column) === text(base, column)) ? null : 'limits'
}

const IMAGE = ['engine', 'engine_version', 'image_ref'] as const
const LIMITS = ['cpus', 'memory', 'pids'] as const

/** Whether the registry knows (engine, version) and has it enabled at some moment of the history. */
export type Versions = (engine: string, version: string) => 'enabled' | 'disabled' | 'unknown'

/** The rules of admission that a row can break although its CHECKs hold (spec 2, "Admission"); null when none is broken. */
export function whyRefused(base: Row | null, wish: Row, versions: Versions): string | null {
  const version = text(wish, 'engine_version')
  const engine = text(wish, 'engine') ?? 'galaxy'
  if (version !== null && text(wish, 'image_ref') === null) {
    const known = versions(engine, version)
    if (known !== 'enabled') return `version ${version} is ${known}`
  }
  const from = text(base, 'engine_version')
  if (version === null || from === null || majorMinor(version) === majorMinor(from)) return null
  return text(wish, 'allow_incompatible_to') === version ? null : `${from} to ${version} is incompatible`
}

function majorMinor(version: string): string {
  return version.split('.').slice(0, 2).join('.')
}

/** The version registry as it was at any time from `sinceMs` on: enabled if it was so at some moment. */
export function registryOf(writes: readonly Write[], initial: readonly Row[], sinceMs: number, untilMs: number): Versions {
  return (engine, version) => {
    const isIt = (row: Row | null): boolean => text(row, 'engine') === engine && text(row, 'version') === version
    const changes = writes.filter(({ table, before, after }) => table === 'engine_versions' && isIt(after ?? before))
    const states = [
      { fromMs: -Infinity, row: initial.find(isIt) ?? null },
      ...changes.map(({ realMs, after }) => ({ fromMs: realMs, row: after })),
    ]
    const during = states.filter(({ fromMs }, index) => fromMs <= untilMs && (states[index + 1]?.fromMs ?? Infinity) >= sinceMs)
    if (during.some(({ row }) => row?.['enabled'] === true)) return 'enabled'
    return during.some(({ row }) => row !== null) ? 'disabled' : 'unknown'
  }
}

export function generationOf(row: Row | null): number {
  return number(row, 'generation') ?? 0
}
