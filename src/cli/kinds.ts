import { InvalidArgumentError } from 'commander'

/** What `galaxy get` lists, each with what else it may be called. */
const KIND_NAMES = {
  games: ['game'],
  versions: ['version', 'engine-versions', 'engine-version', 'engineversions', 'engineversion'],
  operations: ['operation', 'ops', 'op'],
  orphans: ['orphan'],
  manifests: ['manifest'],
  images: ['image'],
  turns: ['turn'],
  snapshots: ['snapshot'],
  events: ['event'],
  tokens: ['token'],
} as const

export type Kind = keyof typeof KIND_NAMES

export const KINDS = Object.keys(KIND_NAMES) as readonly Kind[] // its own keys, and no more

/** What was named, as `KIND`, or as `KIND/NAME` in one word. */
export interface NamedKind<Of extends Kind> {
  readonly kind: Of
  readonly name: string | null
}

/** Reads a kind, singular or plural, of those that a verb takes. @throws InvalidArgumentError naming them */
export function parseKind<Of extends Kind>(of: readonly Of[]): (text: string) => NamedKind<Of> {
  return (text) => {
    const [word = '', ...rest] = text.split('/')
    const kind = of.find((known) => isCalled(known, word))
    if (kind !== undefined) return { kind, name: rest.length === 0 ? null : rest.join('/') }
    throw new InvalidArgumentError(`It is none of ${of.join(', ')}; a game of that name is game/${text}.`)
  }
}

/** Names after a kind: `KIND a b`, and `KIND/a KIND/b` or `KIND a KIND/b` as well. */
export function namesOf({ kind, name }: NamedKind<Kind>, more: readonly string[]): readonly string[] {
  return [...(name === null ? [] : [name]), ...more.map((text) => withoutKind(kind, text))]
}

/** `game/andromeda`, `game andromeda` and `andromeda` mean the same where a verb is for games alone. */
export function gameNames(names: readonly string[]): readonly string[] {
  const bare = names.length > 1 && isCalled('games', names[0] ?? '') ? names.slice(1) : names
  return bare.map((name) => withoutKind('games', name))
}

function withoutKind(kind: Kind, text: string): string {
  const [word = '', ...rest] = text.split('/')
  return rest.length > 0 && isCalled(kind, word) ? rest.join('/') : text
}

function isCalled(kind: Kind, word: string): boolean {
  return kind === word || KIND_NAMES[kind].some((name) => name === word)
}
