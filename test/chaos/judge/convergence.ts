import { type Container, isAlive } from '../../../simulator/world/container.ts'
import { gameOf, isOurs, labelOf } from './labels.ts'
import { expectedLimits, type Limits } from './limits.ts'
import { lastPurgeMs, mayPlay, racesOf } from './races.ts'
import { type Finding, number, type Row, type Testimony, text } from './testimony.ts'
import { generationOf, type Versions, whyRefused, wishesOf } from './wishes.ts'

/** What there is once inputs and faults have stopped and time has passed. */
export interface End {
  readonly containers: readonly Container[]
  /** Of `desired_games`. */
  readonly rows: readonly Row[]
  /** Of `runtime_records`, those that live. */
  readonly records: readonly Row[]
  readonly versions: Versions
  readonly imageLabels: (imageId: string) => Readonly<Record<string, string>>
  readonly defaults: Limits
}

/** L1, first half: the containers are what the rows ask for, by the judge's own reading of the rows. */
export function judgeConvergence(testimony: Testimony, end: End): readonly Finding[] {
  const ours = end.containers.filter((container) => isOurs(container, testimony.identity))
  const games = new Set([...ours.map((container) => gameOf(container) ?? ''), ...end.rows.map((row) => text(row, 'game_id') ?? '')])
  return [...games].flatMap((game) => {
    const row = end.rows.find((each) => text(each, 'game_id') === game) ?? null
    const containers = ours.filter((container) => gameOf(container) === game)
    const record = end.records.find((each) => text(each, 'game_id') === game) ?? null
    return objections(testimony, end, { game, row, containers, record }).map(
      (message): Finding => ({ promise: 'L1', message: `${game}: ${message}`, seq: null }),
    )
  })
}

interface Game {
  readonly game: string
  readonly row: Row | null
  readonly containers: readonly Container[]
  readonly record: Row | null
}

function objections(testimony: Testimony, end: End, given: Game): readonly string[] {
  const { row, containers, record } = given
  const alive = containers.filter(isAlive)
  if (row === null) return orphans(testimony, given)
  if (row['deleted_at'] !== null) return ['it was deleted, and its row is still there']
  if (text(row, 'state') === 'stopped') return stopped(alive, record)
  if (text(record, 'status') === 'finished') return []
  return running(testimony, end, given, row)
}

function stopped(alive: readonly Container[], record: Row | null): readonly string[] {
  if (alive.length > 0) return ['it is to be stopped and runs']
  const status = text(record, 'status')
  return status === null || AT_REST.has(status) ? [] : [`it is stopped, and its record is ${status}`]
}

const AT_REST: ReadonlySet<string> = new Set(['stopped', 'finished'])

/** Nobody asks for it: nothing of our own making is left. What somebody else ran stays, unless it had to be adopted. */
function orphans({ writes }: Testimony, { containers }: Game): readonly string[] {
  const isOfOurLog = (container: Container): boolean => {
    const id = labelOf(container, 'operation_id')
    return (
      id !== null &&
      writes.some(({ table, op, after }) => table === 'operation_log' && op === 'INSERT' && text(after, 'operation_id') === id)
    )
  }
  return containers
    .filter((container) => isOfOurLog(container) || (container.status === 'running' && isGame(container)))
    .map((container) => `nobody asks for it, and ${container.name} is ${container.status}`)
}

/** Canonical name, state mount, not AutoRemove: what had to be adopted. */
function isGame(container: Container): boolean {
  const game = gameOf(container) ?? ''
  const isMounted = container.mounts.some(({ source }) => source.endsWith(`/${game}`))
  return container.name.endsWith(`galaxy-game-${game}`) && isMounted && !container.hostConfig.AutoRemove
}

function running(testimony: Testimony, end: End, { game, containers, record }: Game, row: Row): readonly string[] {
  const alive = containers.filter(isAlive)
  const { rows: asked, isCertain } = acceptable(testimony, end, game, row)
  if (alive.length === 0 && !isCertain) return []
  if (asked.length === 0) return ['it may not run, and does']
  const [container] = alive
  if (container === undefined) return ['it is to run and does not']
  if (alive.length > 1) return [`${alive.length} containers of it run`]
  const wrong = asked.map((wish) => differences(testimony, end, container, wish))
  const best = wrong.toSorted((a, b) => a.length - b.length)[0] ?? []
  const leftovers = containers.filter((each) => each !== container && labelOf(each, 'operation_id') !== null)
  return [
    ...(container.status === 'running' ? [] : [`${container.name} is ${container.status}`]),
    ...best,
    ...leftovers.map((each) => `${each.name} is left over beside it`),
    ...(text(record, 'current_container_id') === container.id ? [] : ['its record names another container']),
    ...unserved(container, record, asked),
  ]
}

/** Its engine answers by then, and has its game once there are players. One that was taken from its network is told of, and left as it is (spec 6, row 31). */
function unserved(container: Container, record: Row | null, asked: readonly Row[]): readonly string[] {
  const status = text(record, 'status')
  const isAttached = (container.endpoints[text(record, 'docker_network') ?? '']?.attached ?? null) !== null
  if (container.status !== 'running' || !isAttached || status === 'running') return []
  const mayWait = asked.some((row) => Array.isArray(row['players']) && row['players'].length === 0)
  return status === 'starting' && mayWait ? [] : [`${container.name} runs, and its record is ${status}`]
}

/**
 * The rows that may be in force: the last one where admission has to take it, else those before it, in this life, that what runs may come from. Whether one of those
 * was ever accepted is certain once a container was started for it, or its status has said so.
 */
function acceptable(
  testimony: Testimony,
  end: End,
  game: string,
  row: Row,
): { readonly rows: readonly Row[]; readonly isCertain: boolean } {
  const all = wishesOf(testimony.writes, game)
  const life = all.at(-1)?.life
  const rows = all.flatMap((wish) => (wish.row !== null && wish.life === life && wish.row['deleted_at'] === null ? [wish.row] : []))
  const written = lastVersionOf(testimony, game)
  const base: Row | null = written === null ? null : { engine_version: written }
  const races = racesOf(testimony, game, Infinity)
  const isTaken = (each: Row): boolean => whyRefused(base, each, end.versions) === null
  const began = all.find((wish) => wish.life === life)?.fromMs ?? Infinity
  // One that came and went while Docker was away was never in force.
  const accepted = acceptedGenerations(testimony, game, began)
  const counts = (each: Row): boolean => each === row || accepted.has(generationOf(each))
  // Asked for anew over an old state of other players, a first row is taken and later ones may be refused: none of them is wrong.
  const isForeign = races.size > 0 && !rows.some((each) => isTaken(each) && mayPlay(each, races) && counts(each))
  if (isTaken(row) && !isForeign && mayPlay(row, races)) return { rows: [row], isCertain: true }
  return {
    rows: rows.filter((each) => isTaken(each) && (isForeign || mayPlay(each, races))),
    isCertain: wasStarted(testimony, game, began) || accepted.size > 0,
  }
}

function acceptedGenerations({ writes }: Testimony, game: string, sinceMs: number): ReadonlySet<number> {
  const said = writes.filter(({ table, after, realMs }) => table === 'game_status' && realMs >= sinceMs && text(after, 'game_id') === game)
  return new Set(said.flatMap(({ after }) => number(after, 'accepted_generation') ?? []))
}

function wasStarted({ entries }: Testimony, game: string, sinceMs: number): boolean {
  return entries.some(
    ({ entry: { effect, origin }, realMs }) =>
      realMs >= sinceMs &&
      origin.caller === 'docker' &&
      effect.subject === 'container' &&
      effect.action === 'start' &&
      effect.after !== null &&
      gameOf(effect.after) === game,
  )
}

/** Of the container that was started last on the game's present state: what may have written it. What somebody ran by hand has no version and no such state. */
function lastVersionOf({ entries, writes }: Testimony, game: string): string | null {
  const sinceMs = lastPurgeMs(writes, game)
  const started = entries.findLast(
    ({ entry: { effect }, realMs }) =>
      realMs > sinceMs &&
      effect.subject === 'container' &&
      effect.action === 'start' &&
      effect.after !== null &&
      gameOf(effect.after) === game &&
      labelOf(effect.after, 'engine_version') !== null,
  )
  const container = started?.entry.effect.subject === 'container' ? started.entry.effect.after : null
  return container === null || container === undefined ? null : labelOf(container, 'engine_version')
}

function differences(testimony: Testimony, end: End, container: Container, wish: Row): readonly string[] {
  const version = text(wish, 'engine_version')
  const isHandMade = labelOf(container, 'spec_hash') === null
  const image = text(wish, 'image_ref') ?? `galaxy-engine:${version ?? ''}`
  const isImage = container.config.Image === image || labelOf(container, 'engine_image_ref') === image
  if (isHandMade) return isImage ? [] : [`${container.name} runs ${container.config.Image}, not ${image}`]
  const asked = expectedLimits(wish, end.imageLabels(container.imageId), end.defaults)
  const isUnseen = isChangedUnseen(testimony, container)
  const { NanoCpus, Memory, MemorySwap, PidsLimit } = container.hostConfig
  const shown = [
    ['image', isImage ? image : container.config.Image, image],
    ['cpus', NanoCpus / 1e9, asked.cpus],
    ['memory', Memory, isUnseen ? Memory : asked.memoryBytes],
    ['memory with swap', MemorySwap, isUnseen ? MemorySwap : asked.memoryBytes],
    ['pids', PidsLimit, asked.pids],
  ] as const
  return shown.flatMap(([what, is, should]) => (is === should ? [] : [`${what} of ${container.name} is ${is}, not ${should}`]))
}

/**
 * No list carries limits: what a human changes while no event of it arrives is not seen (spec 3, "Observed side"), until something has the container inspected. The
 * judge's histories change its memory alone.
 */
function isChangedUnseen({ entries, calls, lives }: Testimony, { id }: Container): boolean {
  const last = entries.findLast(({ entry: { effect } }) => effect.subject === 'container' && effect.action === 'update' && effect.id === id)
  if (last?.entry.origin.caller !== 'control') return false
  // What an earlier life saw, this one may not know.
  const sinceMs = Math.max(last.entry.atMs, lives.at(-1)?.startedAtMs ?? 0)
  return !calls.some(
    ({ origin, target, atMs, status, faults }) =>
      origin.caller === 'docker' &&
      origin.kind === 'container_inspect' &&
      target === id &&
      atMs > sinceMs &&
      status === 200 &&
      faults.length === 0,
  )
}
