import type { ApiClient } from '../client.ts'
import { KINDS, type Kind, parseKind } from '../kinds.ts'
import type { Candidate } from './candidates.ts'

/** What completes a value. */
export type Source =
  | { readonly kind: 'files' }
  | { readonly kind: 'words'; readonly words: readonly string[] }
  | { readonly kind: 'contexts' }
  /** The controller is asked. */
  | { readonly kind: 'asked'; readonly ask: (client: ApiClient, signal: AbortSignal) => Promise<readonly Candidate[]> }

const GOALS = ['condition=Ready', 'condition=Initialized', 'condition=Accepted', 'condition=Ready=False', 'delete', 'operation=']

/** By what an argument, or an option's value, is called in the help. */
const BY_NAME: Readonly<Record<string, Source>> = {
  path: { kind: 'files' },
  goal: { kind: 'words', words: GOALS },
  context: { kind: 'contexts' },
  game: { kind: 'asked', ask: games },
  version: { kind: 'asked', ask: versions },
  engine: { kind: 'asked', ask: engines },
  token: { kind: 'asked', ask: tokens },
  deployment: { kind: 'asked', ask: deployments },
}

/** By the kind that was named before. */
const BY_KIND: Readonly<Record<Kind, Source | null>> = {
  games: { kind: 'asked', ask: games },
  operations: { kind: 'asked', ask: games },
  turns: { kind: 'asked', ask: games },
  snapshots: { kind: 'asked', ask: games },
  events: { kind: 'asked', ask: games },
  versions: { kind: 'asked', ask: versions },
  orphans: { kind: 'asked', ask: orphans },
  tokens: { kind: 'asked', ask: tokens },
  manifests: { kind: 'asked', ask: manifests },
  images: null,
}

/**
 * @param name as the help has it, `game` of `<game...>`
 * @param verb whose argument it is
 * @param operands those before it
 */
export function sourceOf(name: string, verb: string, operands: readonly string[]): Source | null {
  if (name !== 'name') return BY_NAME[name] ?? null
  const kind = kindOf(operands[0] ?? '')
  if (kind === null) return null
  return verb === 'describe' && kind === 'operations' ? { kind: 'asked', ask: operations } : BY_KIND[kind]
}

function kindOf(word: string): Kind | null {
  try {
    return parseKind(KINDS)(word).kind
  } catch {
    return null
  }
}

async function games(client: ApiClient, signal: AbortSignal): Promise<readonly Candidate[]> {
  const { items } = await client.call('GET /games', {}, signal)
  return items.map(({ metadata, status }) => ({ value: metadata.name, description: status.status ?? '' }))
}

async function versions(client: ApiClient, signal: AbortSignal): Promise<readonly Candidate[]> {
  const { items } = await client.call('GET /versions', {}, signal)
  return items.map(({ version, engine, enabled }) => ({ value: version, description: `${engine}${enabled ? '' : ', disabled'}` }))
}

async function engines(client: ApiClient, signal: AbortSignal): Promise<readonly Candidate[]> {
  const { items } = await client.call('GET /versions', {}, signal)
  return [...new Set(items.map(({ engine }) => engine))].map((value) => ({ value, description: '' }))
}

async function operations(client: ApiClient, signal: AbortSignal): Promise<readonly Candidate[]> {
  const { items } = await client.call('GET /operations', { query: { limit: 20 } }, signal)
  return items.map(({ id, game, op, status }) => ({ value: id, description: `${op} of ${game}, ${status}` }))
}

async function tokens(client: ApiClient, signal: AbortSignal): Promise<readonly Candidate[]> {
  const { items } = await client.call('GET /admin/tokens', {}, signal)
  return items.map(({ name, role }) => ({ value: name, description: role }))
}

async function manifests(client: ApiClient, signal: AbortSignal): Promise<readonly Candidate[]> {
  const { files } = await client.call('GET /manifests', {}, signal)
  return files.map(({ path }) => ({ value: path, description: '' }))
}

async function orphans(client: ApiClient, signal: AbortSignal): Promise<readonly Candidate[]> {
  const { items } = await client.call('GET /orphans', {}, signal)
  return items.map(({ game, container }) => ({ value: game, description: container }))
}

async function deployments(client: ApiClient, signal: AbortSignal): Promise<readonly Candidate[]> {
  const { items } = await client.call('GET /orphans', {}, signal)
  const found = new Set(items.flatMap(({ deployment }) => deployment ?? []))
  return [...found].map((value) => ({ value, description: `${items.filter(({ deployment }) => deployment === value).length} containers` }))
}
