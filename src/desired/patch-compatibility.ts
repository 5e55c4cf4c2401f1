import semver from 'semver'

/** What last wrote a game's state directory, also after a removal; null when nothing has (spec 2, "Admission"). */
export interface StateWriter {
  readonly engine: string
  /** Null: an image whose version is unknown. */
  readonly version: string | null
  readonly imageRef: string | null
}

export interface PatchQuestion {
  readonly from: StateWriter | null
  /** The engine and version that would run now. */
  readonly engine: string
  readonly to: string | null
  readonly imageRef: string
  readonly allowIncompatibleTo: string | null
}

export type PatchAnswer =
  | { readonly ok: true }
  | {
      readonly ok: false
      readonly code: 'patch_semver_incompatible'
      readonly message: string
    }

/** Whether a version may run on a state: same engine and same major.minor, unless the override names exactly the new version. */
export function checkPatch({ from, engine, to, imageRef, allowIncompatibleTo }: PatchQuestion): PatchAnswer {
  if (from === null) return { ok: true }
  // An image of unknown version can be compared with nothing but itself.
  if (from.engine === engine && from.version === to && (to !== null || from.imageRef === imageRef)) return { ok: true }
  if (to !== null && to === allowIncompatibleTo) return { ok: true }
  if (from.engine === engine && keepsMinor(from.version, to)) return { ok: true }
  return {
    ok: false,
    code: 'patch_semver_incompatible',
    message: refusal(from, engine, to),
  }
}

function keepsMinor(from: string | null, to: string | null): boolean {
  const before = semver.parse(from)
  const after = semver.parse(to)
  return before !== null && after !== null && before.major === after.major && before.minor === after.minor
}

function refusal(from: StateWriter, engine: string, to: string | null): string {
  const wanted = to === null ? `an unknown version of ${engine}` : `${engine} ${to}`
  const remedy =
    to === null
      ? 'give engineVersion beside the image, and name the same version in allowIncompatibleTo'
      : `set allowIncompatibleTo to ${to} if it can read that state`
  if (from.engine !== engine) return `the game's state was written by ${from.engine}, not by ${engine}; ${remedy}`
  if (from.version === null)
    return `the game's state was written by an unknown version of ${engine}, so ${wanted} may not fit it; ${remedy}`
  return `the game's state was written by ${engine} ${from.version}, and ${wanted} does not keep its major.minor; ${remedy}`
}
