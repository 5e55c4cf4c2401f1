import { namedDocuments } from './apply.ts'
import { chosenGames } from './choose-games.ts'
import type { ApiClient } from './client.ts'
import { CliError, EXIT } from './exit.ts'
import { oneByOne } from './one-by-one.ts'
import { plain } from './table.ts'
import { printLine, type Terminal, warnLine } from './terminal.ts'
import { deleteVersions } from './version.ts'
import { waitForGames } from './wait.ts'

export interface DeleteRequest {
  /** Null where none was named. */
  readonly kind: 'games' | 'versions' | null
  readonly names: readonly string[]
  /** Manifests; null for none. */
  readonly paths: readonly string[] | null
  readonly selector: string | null
  readonly isAll: boolean
  /** Of named versions. */
  readonly engine: string
}

export interface ToDelete {
  readonly games: readonly string[]
  readonly versions: readonly { readonly engine: string; readonly version: string }[]
}

/** @throws CliError where nothing, or more than one thing, says what is to go */
export async function whatToDelete(terminal: Terminal, client: ApiClient, asked: DeleteRequest): Promise<ToDelete> {
  const { kind, names, paths, selector, isAll, engine } = asked
  if (paths !== null) {
    if (kind !== null || selector !== null || isAll) throw new CliError('name things to delete, or manifests with -f, not both', EXIT.usage)
    return documentsToDelete(terminal, client, paths)
  }
  if (kind === null) throw new CliError('name what to delete: galaxy delete game NAME, or galaxy delete -f FILE', EXIT.usage)
  if (kind === 'games') return { games: await chosenGames(client, { names, selector, isAll }), versions: [] }
  if (names.length === 0 || selector !== null || isAll) throw new CliError('name versions; galaxy get versions lists them', EXIT.usage)
  return { games: [], versions: names.map((name) => versionNamed(name, engine)) }
}

async function documentsToDelete(terminal: Terminal, client: ApiClient, paths: readonly string[]): Promise<ToDelete> {
  const documents = await namedDocuments(terminal, client, paths)
  const named = (wanted: string) => documents.filter(({ kind }) => kind === wanted).map(({ name }) => name)
  return { games: named('Game'), versions: named('EngineVersion').map((name) => versionNamed(name, 'galaxy')) }
}

/** `1.0.0`, or `galaxy/1.0.0` as the lists have it. */
function versionNamed(name: string, engine: string) {
  const parts = name.split('/')
  return parts.length === 2 ? { engine: parts[0] ?? '', version: parts[1] ?? '' } : { engine, version: name }
}

export interface DeleteOptions {
  readonly purgeState: boolean
  readonly dryRun: boolean
  /** Until the games are gone; null: not at all. */
  readonly waitMs: number | null
}

/** `galaxy delete`: asks for it; the controller stops and removes. Games go first, since a version stays while games desire it. */
export async function deleteAll(
  terminal: Terminal,
  client: ApiClient,
  { games, versions }: ToDelete,
  options: DeleteOptions,
): Promise<void> {
  const { dryRun, waitMs } = options
  const deadlineMs = performance.now() + (waitMs ?? 0)
  await oneByOne(
    games,
    (name) => deleteGame(terminal, client, name, options),
    async (asked) => {
      if (waitMs !== null && !dryRun) await waitForGames(terminal, client, asked, { kind: 'delete' }, deadlineMs)
      await oneByOne(versions, ({ engine, version }) => deleteVersions(terminal, client, [version], { engine, dryRun }))
    },
  )
}

async function deleteGame(terminal: Terminal, client: ApiClient, name: string, options: DeleteOptions): Promise<string> {
  const { purgeState, dryRun } = options
  const { warnings } = await client.call('DELETE /games/{id}', { path: { id: name }, query: { purgeState, dryRun } })
  const state = purgeState ? 'with its state' : 'its state is kept'
  printLine(terminal, `game/${name} ${dryRun ? `would be deleted, ${state} (dry run)` : `is being deleted, ${state}`}`)
  for (const warning of warnings) warnLine(terminal, `warning: ${plain(warning)}`)
  return name
}
