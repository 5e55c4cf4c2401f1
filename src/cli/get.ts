import { ageOf } from './age.ts'
import type { EngineVersionRow, Game, GameList, ManifestList, WatchedFile } from './api-types.ts'
import type { ApiClient } from './client.ts'
import { CliError } from './exit.ts'
import { listEvents } from './events.ts'
import { listImages } from './images.ts'
import type { Kind } from './kinds.ts'
import { listOperations } from './operations.ts'
import type { Output } from './options.ts'
import { type Listing, paint, printListing } from './output.ts'
import { listSnapshots } from './snapshots.ts'
import type { Column } from './table.ts'
import { type Terminal, warnLine } from './terminal.ts'
import { listOrphans, tellOfOrphans } from './orphans.ts'
import { listTokens } from './token.ts'
import { listTurns } from './turns.ts'

export interface GetOptions {
  readonly output: Output
  readonly selector: string | null
  readonly fieldSelector?: string | null
  readonly limit: number
}

/** `galaxy get KIND [NAME...]`. */
export async function get(terminal: Terminal, client: ApiClient, kind: Kind, names: readonly string[], options: GetOptions): Promise<void> {
  const nowMs = Date.now()
  const { output, limit } = options
  switch (kind) {
    case 'games':
      return printGames(terminal, client, names, options, nowMs)
    case 'operations':
      return printListing(terminal, output, await listOperations(client, names, limit, nowMs))
    case 'versions':
      return printListing(terminal, output, await listVersions(client, names))
    case 'manifests':
      return printListing(terminal, output, await listManifestFiles(client, names, nowMs))
    case 'images':
      return printListing(terminal, output, await listImages(client, names))
    case 'turns':
      return printListing(terminal, output, await listTurns(client, names, limit))
    case 'snapshots':
      return printListing(terminal, output, await listSnapshots(client, names, limit))
    case 'events':
      return printListing(terminal, output, await listEvents(client, names, limit))
    case 'orphans':
      return printListing(terminal, output, await listOrphans(client, names))
    case 'tokens':
      return printListing(terminal, output, await listTokens(client, names))
  }
}

/** Containers that nobody asks for are no games; who lists all games is told of them. */
async function printGames(
  terminal: Terminal,
  client: ApiClient,
  names: readonly string[],
  options: GetOptions,
  nowMs: number,
): Promise<void> {
  const isOfAll = names.length === 0 && options.selector === null && options.fieldSelector == null
  const isTable = options.output === 'table' || options.output === 'wide'
  const [games, left] = await Promise.all([
    listGames(client, names, options, nowMs),
    isOfAll && isTable ? tellOfOrphans(client) : Promise.resolve(null),
  ])
  await printListing(terminal, options.output, games)
  if (left !== null) warnLine(terminal, left)
}

async function listGames(client: ApiClient, names: readonly string[], options: GetOptions, nowMs: number): Promise<Listing<Game>> {
  const games =
    names.length > 0
      ? await Promise.all(names.map((name) => readGame(client, name)))
      : await allGames(client, options.selector, options.fieldSelector)
  const answer = names.length === 1 ? games[0] : { kind: 'GameList', items: games }
  return { answer, rows: games, columns: gameColumns(nowMs), name: (game) => `game/${game.metadata.name}`, empty: 'no games found' }
}

export function readGame(client: ApiClient, name: string): Promise<Game> {
  return client.call('GET /games/{id}', { path: { id: name } })
}

/** All pages. */
export async function allGames(client: ApiClient, selector: string | null, fieldSelector: string | null = null): Promise<readonly Game[]> {
  const games: Game[] = []
  let next: string | null = null
  do {
    const query = { labelSelector: selector ?? undefined, fieldSelector: fieldSelector ?? undefined, continue: next ?? undefined }
    const page: GameList = await client.call('GET /games', { query })
    games.push(...page.items)
    next = page.metadata.continue
  } while (next !== null)
  return games
}

export function gameColumns(nowMs: number): readonly Column<Game>[] {
  return [
    { title: 'NAME', value: ({ metadata }) => metadata.name },
    { title: 'VERSION', value: ({ spec, status }) => status.engineVersion ?? spec?.engineVersion ?? null },
    { title: 'DESIRED', value: wished },
    { title: 'STATUS', value: ({ status }) => status.status ?? 'none yet' },
    { title: 'READY', value: ({ status }) => status.ready, paint: (text, { status }) => readyColor(status.ready)(text) },
    { title: 'REASON', value: readyReason },
    { title: 'AGE', value: ({ metadata }) => ageOf(metadata.createdAt, nowMs) },
    { title: 'TURN', isWide: true, value: ({ status }) => (status.currentTurn === null ? null : String(status.currentTurn)) },
    { title: 'OWNER', isWide: true, value: ({ metadata }) => metadata.managedBy },
    { title: 'ENDPOINT', isWide: true, value: ({ status }) => status.endpoint },
    { title: 'CONTAINER', isWide: true, value: ({ status }) => status.containerId?.slice(0, 12) ?? null },
    { title: 'IMAGE', isWide: true, value: ({ spec, status }) => status.image ?? spec?.image ?? null },
  ]
}

function wished({ metadata, spec }: Game): string {
  if (metadata.deletedAt !== null) return 'Deleted'
  return spec?.state ?? 'none'
}

export function readyReason({ status }: Game): string | null {
  return status.conditions.find(({ type }) => type === 'Ready')?.reason ?? null
}

export function readyColor(ready: string): (text: string) => string {
  if (ready === 'True') return paint.green
  return ready === 'False' ? paint.red : paint.yellow
}

async function listVersions(client: ApiClient, names: readonly string[]): Promise<Listing<EngineVersionRow>> {
  const answer = await client.call('GET /versions', {})
  const rows = answer.items.filter(
    ({ engine, version }) => names.length === 0 || names.includes(version) || names.includes(`${engine}/${version}`),
  )
  if (names.length > 0 && rows.length === 0)
    throw new CliError(`there is no engine version ${names.join(', ')}; galaxy get versions lists them`)
  const columns: readonly Column<EngineVersionRow>[] = [
    { title: 'ENGINE', value: ({ engine }) => engine },
    { title: 'VERSION', value: ({ version }) => version },
    { title: 'ENABLED', value: ({ enabled }) => (enabled ? 'yes' : 'no') },
    { title: 'PROTOCOL', value: ({ protocol }) => protocol },
    { title: 'IMAGE', value: ({ imageRef }) => imageRef ?? '(by template)' },
  ]
  return {
    answer: names.length === 1 && rows.length === 1 ? rows[0] : { ...answer, items: rows },
    rows,
    columns,
    name: ({ engine, version }) => `version/${engine}/${version}`,
    empty: 'no engine versions found',
  }
}

/** A file of the watched folder, or the folder itself when it cannot be read. */
interface ManifestRow {
  readonly root: string
  readonly path: string
  readonly documents: string | null
  readonly changedAt: string
  readonly state: string
}

async function listManifestFiles(client: ApiClient, names: readonly string[], nowMs: number): Promise<Listing<ManifestRow>> {
  const answer = await client.call('GET /manifests', {})
  const rows = manifestRows(answer).filter(({ path }) => names.length === 0 || names.includes(path))
  const columns: readonly Column<ManifestRow>[] = [
    { title: 'ROOT', value: ({ root }) => root },
    { title: 'FILE', value: ({ path }) => path },
    { title: 'DOCUMENTS', value: ({ documents }) => documents },
    { title: 'CHANGED', value: ({ changedAt }) => ageOf(changedAt, nowMs) },
    { title: 'STATE', value: ({ state }) => state },
  ]
  return { answer, rows, columns, name: ({ path }) => `manifest/${path}`, empty: 'no manifest files are watched' }
}

function manifestRows({ roots, files, waiting }: ManifestList): readonly ManifestRow[] {
  const unread = roots.filter(({ problem }) => problem !== null)
  const unreadRoots = new Set(unread.map(({ root }) => root))
  return [
    ...unread.map(({ root, dir, problem, changedAt }) => ({ root, path: dir, documents: null, changedAt, state: problem ?? '' })),
    ...files.map((file) => {
      const own = waiting.filter(({ path, root }) => path === file.path && root === file.root)
      const state = unreadRoots.has(file.root) ? `not read; ${whatApplies(file)}` : fileState(file, own)
      return { root: file.root, path: file.path, documents: String(file.documents), changedAt: file.changedAt, state }
    }),
  ]
}

function fileState(file: WatchedFile, waiting: ManifestList['waiting']): string {
  const problems = Array.isArray(file.problems) ? file.problems : []
  const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`
  if (problems.length > 0) return `${count}; ${whatApplies(file)}: ${problemText(problems[0])}`
  const first = waiting[0]
  if (first !== undefined) return `${first.name} waits to be deleted: ${first.waiting}`
  return file.missingSince === null ? 'ok' : 'missing'
}

function whatApplies({ documents }: WatchedFile): string {
  return documents === 0 ? 'nothing of it applies' : 'its last good state applies'
}

function problemText(problem: unknown): string {
  if (typeof problem !== 'object' || problem === null) return String(problem)
  const { line, column, message } = { line: '', column: '', message: JSON.stringify(problem), ...problem }
  return `${line}:${column}: ${message}`
}
