import { touched, type Touch } from '../../../simulator/judge/touched.ts'
import { type Container, isAlive } from '../../../simulator/world/container.ts'
import type { Entry } from '../../../simulator/world/history.ts'
import { gameOf, isOurs, labelOf } from './labels.ts'
import { isSameRaces, mayPlay, racesOf } from './races.ts'
import { hasRival } from './rivals.ts'
import { type Finding, number, type Row, type Testimony, text } from './testimony.ts'
import { earlierTimes, virtualTimes } from './virtual-time.ts'
import { generationOf, reasonToReplace, registryOf, type Versions, whyRefused, type Wish, wishesOf } from './wishes.ts'

/** A row may be that much older than the intent that was planned from it: told by the poll at the latest (10 s), and a look takes a call's deadline (30 s). */
const PATIENCE_MS = 40_000

const DESTRUCTIVE: ReadonlySet<string> = new Set(['container_stop', 'container_kill', 'container_remove'])

/**
 * S3: the controller takes a running container down, or removes one, only where somebody asked for it in so many words: a row that says stopped, a tombstone, a
 * change of the row that needs another container, or a second container beside it. What was asked is read from the database's memory of its rows; no answer of
 * Docker's and no opinion of the controller counts.
 */
export function judgeReasons(testimony: Testimony, registry: readonly Row[]): readonly Finding[] {
  const history = testimony.entries.map(({ entry }) => entry)
  const realOf = new Map(testimony.entries.map(({ entry, realMs }) => [entry.seq, realMs]))
  const first = new Map<number, Touch>()
  for (const touch of touched(history, 'docker')) {
    if (DESTRUCTIVE.has(touch.kind) && !first.has(touch.callId)) first.set(touch.callId, touch)
  }
  return [...first.values()].flatMap((touch) => {
    const { container, seq, kind } = touch
    if (!isOurs(container, testimony.identity)) return []
    const why = whyNot({ testimony, history, registry, touch, realMs: realOf.get(seq) ?? 0 })
    if (why === null) return []
    return [
      {
        promise: 'S3',
        message: `${kind} of ${container.status} container ${container.name} (${container.id.slice(0, 12)}): ${why}`,
        seq,
      } as const,
    ]
  })
}

interface Case {
  readonly testimony: Testimony
  readonly history: readonly Entry[]
  readonly registry: readonly Row[]
  readonly touch: Touch
  readonly realMs: number
}

/** Null where something asked for it. */
function whyNot(given: Case): string | null {
  const { testimony, touch, realMs } = given
  const { container } = touch
  const game = gameOf(container)
  if (game === null) return 'it is no game’s'
  if (hasRival(testimony, touch)) return null
  // It never ran, or its removal has begun: there is nothing in it that anybody could lose.
  if (container.lives === 0 || container.status === 'dead' || container.status === 'removing') return null
  const wishes = recent(given, wishesOf(testimony.writes, game))
  if (wishes.some(({ row }) => row !== null && (row['deleted_at'] !== null || text(row, 'state') === 'stopped'))) return null
  if (isFinished(testimony, game, realMs)) return null
  if (wishes.some(({ row, life }) => row === null && life > 0) && wasOurs(testimony, container)) return null
  if (!isAlive(container) && isRefused(given, 'container_start', endOf(given))) return null
  const changedMs = changedByHandMs(given)
  if (changedMs !== null && isRefused(given, 'container_update', changedMs)) return null
  if (waitsForRestart(given, wishes)) return null
  const base = baseOf(testimony, container, game, realMs)
  if (base === null) return whyNotReplaced(given, game, wishes)
  const asked = { game, base, versionsFor: versionsFor(given) }
  const isAsked = [...wishes, ...inForceBefore(given, asked, wishes)].some((wish) => isReason(given, asked, wish))
  return isAsked ? null : `no row since generation ${generationOf(base.row)} asks for another container`
}

interface Asked {
  readonly game: string
  /** What the container was made for. */
  readonly base: Wish
  /** The registry as it may have been known when the wish was taken or refused. */
  readonly versionsFor: (wish: Wish) => Versions
}

function versionsFor({ testimony, registry, realMs }: Case): (wish: Wish) => Versions {
  const earlier = earlierTimes(testimony)
  return ({ fromMs }) => registryOf(testimony.writes, registry, earlier(fromMs, PATIENCE_MS), realMs)
}

/** Limits alone are changed in place: only a refusal asks for another container. */
function isReason(given: Case, asked: Asked, wish: Wish): boolean {
  const { base, versionsFor } = asked
  if (base.row === null || wish.row === null) return false
  const reason = reasonToReplace(base.row, wish.row, versionsFor(wish))
  if (reason === null || reason === 'restart token') return reason !== null
  return mayBeTaken(given, asked, wish) && (reason !== 'limits' || isRefused(given, 'container_update', -Infinity))
}

/** Other races are refused once the game has begun: surely where its engine had said so by then, of the races that the container's own row names. */
function mayBeTaken({ testimony }: Case, { game, base }: Asked, { row, fromMs }: Wish): boolean {
  const races = racesOf(testimony, game, fromMs)
  return row !== null && (base.row === null || !mayPlay(base.row, races) || mayPlay(row, races))
}

/**
 * A restart token that no operation has handled yet asks for a fresh container, also where one has just been made by an operation that was begun for an earlier
 * row: which of token and operation was first is not kept. What a restart itself has made, or an operation for this very row, is never made again.
 */
function waitsForRestart({ testimony, touch, realMs }: Case, wishes: readonly Wish[]): boolean {
  const row = wishes.at(-1)?.row
  const token = text(row, 'restart_token')
  const isHandled = testimony.writes.some(
    ({ table, after, realMs: at }) =>
      table === 'game_status' &&
      at < realMs &&
      text(after, 'game_id') === text(row, 'game_id') &&
      text(after, 'handled_restart_token') === token,
  )
  if (row == null || token === null || isHandled) return false
  // A human's copy carries the labels of what it was copied from, and was made for nothing.
  if (wasMadeByHand(testimony, touch.container)) return true
  const operation = operationOf(testimony, touch.container)
  return text(operation, 'op') !== 'restart' && (number(operation, 'generation') ?? 0) < generationOf(row)
}

/**
 * What was accepted last stays in force where all that came after it is refused. Where it is not sure that a row with other races was, what came before it may be in
 * force as well.
 */
function inForceBefore(given: Case, asked: Asked, recently: readonly Wish[]): readonly Wish[] {
  const { game, base, versionsFor } = asked
  const all = wishesOf(given.testimony.writes, game)
  const before = all.slice(
    0,
    all.findIndex(({ fromMs }) => fromMs === recently[0]?.fromMs),
  )
  const acceptable = before.filter(
    (wish) =>
      wish.fromMs > base.fromMs &&
      wish.row !== null &&
      whyRefused(base.row, wish.row, versionsFor(wish)) === null &&
      mayBeTaken(given, asked, wish),
  )
  const certain = acceptable.findLastIndex(({ row }) => row !== null && base.row !== null && isSameRaces(row, base.row))
  return acceptable.slice(Math.max(certain, 0))
}

/** Docker will not start it again, or not change it in place: it said so since then. That it found no such container, or gave no answer, says nothing. */
function isRefused({ testimony, touch: { container, atMs } }: Case, kind: string, sinceMs: number): boolean {
  return testimony.calls.some(
    ({ origin, target, status, atMs: calledMs, endedAtMs }) =>
      origin.kind === kind &&
      origin.caller === 'docker' &&
      target === container.id &&
      status !== null &&
      status >= 400 &&
      status !== 404 &&
      calledMs >= sinceMs &&
      endedAtMs <= atMs,
  )
}

/** When its last life ended; -Infinity where it never had one. */
function endOf({ history, touch: { container, seq } }: Case): number {
  const end = history.findLast(
    (entry) => entry.seq < seq && entry.effect.subject === 'container' && entry.effect.id === container.id && entry.effect.action === 'die',
  )
  return end?.atMs ?? -Infinity
}

/** When a human gave it other limits last; null where none did. */
function changedByHandMs({ history, touch: { container, seq } }: Case): number | null {
  const change = history.findLast(
    (entry) => entry.seq < seq && entry.origin.caller === 'control' && entry.effect.action === 'update' && entry.effect.id === container.id,
  )
  return change?.atMs ?? null
}

/** Those that held when the stop or removal was planned, or shortly before. */
function recent({ testimony, touch, realMs }: Case, wishes: readonly Wish[]): readonly Wish[] {
  const virtual = virtualTimes(testimony)
  const intent = testimony.writes.findLast(
    ({ table, op, after, realMs: at }) =>
      table === 'operation_actions' &&
      op === 'INSERT' &&
      at <= realMs &&
      text(after, 'target') === touch.container.id &&
      ENDING.has(text(after, 'kind')),
  )
  const plannedMs = intent?.realMs ?? realMs
  const sinceMs = (intent === undefined ? touch.atMs : virtual(plannedMs)) - PATIENCE_MS
  return wishes.filter(({ fromMs, untilMs }) => fromMs <= plannedMs && (untilMs === Infinity || virtual(untilMs) >= sinceMs))
}

const ENDING: ReadonlySet<string | null> = new Set(['stop_container', 'remove_container'])

/** Its engine has called the game over, and nothing has begun it anew since. */
function isFinished({ writes }: Testimony, game: string, realMs: number): boolean {
  const last = writes.findLast(
    ({ table, after, realMs: at }) => table === 'runtime_records' && at <= realMs && text(after, 'game_id') === game,
  )
  return text(last?.after, 'status') === 'finished'
}

function operationOf({ writes }: Testimony, container: Container): Row | null {
  const id = labelOf(container, 'operation_id')
  const opened = writes.find(({ table, op, after }) => table === 'operation_log' && op === 'INSERT' && text(after, 'operation_id') === id)
  return opened?.after ?? null
}

function wasMadeByHand({ entries }: Testimony, { id }: Container): boolean {
  return entries.some(
    ({ entry: { effect, origin } }) =>
      effect.subject === 'container' && effect.action === 'create' && effect.id === id && origin.caller === 'control',
  )
}

/** Made by an operation of the log, or once named by a record. */
function wasOurs(testimony: Testimony, container: Container): boolean {
  if (operationOf(testimony, container) !== null) return true
  return testimony.writes.some(({ table, after }) => table === 'runtime_records' && text(after, 'current_container_id') === container.id)
}

/** The wish that a container of the controller's was made for; null for what somebody else made. */
function baseOf(testimony: Testimony, container: Container, game: string, realMs: number): Wish | null {
  const operation = operationOf(testimony, container)
  if (operation === null) return null
  const made = testimony.entries.find(
    ({ entry: { effect } }) => effect.subject === 'container' && effect.action === 'create' && effect.id === container.id,
  )
  const wishes = wishesOf(testimony.writes, game)
  const life = wishes.findLast(({ fromMs }) => fromMs <= (made?.realMs ?? realMs))?.life
  const generation = number(operation, 'generation')
  const wish = wishes.findLast((each) => each.life === life && generationOf(each.row) === generation)
  if (wish?.row == null) return null
  // Where the row's version was refused, the container was made of the one in force.
  return { ...wish, row: { ...wish.row, engine_version: labelOf(container, 'engine_version') } }
}

/** One that somebody else made is replaced only where another image is asked for, by a row that admission does not refuse; the last one of those stays in force. */
function whyNotReplaced(given: Case, game: string, wishes: readonly Wish[]): string | null {
  const { testimony, touch, realMs } = given
  const life = wishes.at(-1)?.life
  const versions = versionsFor(given)
  const all = wishesOf(testimony.writes, game).filter((wish) => wish.life === life && wish.fromMs <= realMs)
  const isAcceptable = (wish: Wish): boolean => wish.row !== null && whyRefused(null, wish.row, versions(wish)) === null
  const inForce = all.filter(({ fromMs }) => fromMs < (wishes[0]?.fromMs ?? Infinity)).findLast(isAcceptable)
  const asked = [...(inForce === undefined ? [] : [inForce]), ...wishes.filter(isAcceptable)]
  if (asked.length === 0) return 'nobody asked for it, nor to end it'
  const image = touch.container.config.Image
  const isAsked = ({ row }: Wish): boolean =>
    image === text(row, 'image_ref') || image === `galaxy-engine:${text(row, 'engine_version') ?? ''}`
  return asked.every(isAsked) ? 'its image is the one that is asked for' : null
}
