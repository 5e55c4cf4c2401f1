import { touched, type Touch } from '../../../simulator/judge/touched.ts'
import { type Container, isAlive } from '../../../simulator/world/container.ts'
import type { Entry } from '../../../simulator/world/history.ts'
import { gameOf, isOurs, labelOf } from './labels.ts'
import { hasRival } from './rivals.ts'
import { type Finding, number, type Row, type Testimony, text } from './testimony.ts'
import { virtualTimes } from './virtual-time.ts'
import { generationOf, reasonToReplace, registryOf, type Versions, whyRefused, type Wish, wishesOf } from './wishes.ts'

/** A look, its plan and its intent may be that much older than the effect: a call's deadline, once for the look and once for the call. */
const PATIENCE_MS = 60_000

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
  const { testimony, touch, realMs, registry } = given
  const { container } = touch
  const game = gameOf(container)
  if (game === null) return 'it is no game’s'
  if (hasRival(testimony, touch)) return null
  // It never ran, or its removal has begun: there is nothing in it that anybody could lose.
  if (container.lives === 0 || container.status === 'dead' || container.status === 'removing') return null
  const wishes = recent(given, wishesOf(testimony.writes, game))
  if (wishes.some(({ row }) => row !== null && (row['deleted_at'] !== null || text(row, 'state') === 'stopped'))) return null
  if (hasFinished(testimony, game, realMs)) return null
  if (wishes.some(({ row, life }) => row === null && life > 0) && wasOurs(testimony, container)) return null
  if (!isAlive(container) && isRefused(given, 'container_start')) return null
  if (isChangedByHand(given) && isRefused(given, 'container_update')) return null
  const base = baseOf(testimony, container, game, realMs)
  if (base === null) return whyNotReplaced(container, wishes)
  if (waitsForRestart(given, game, wishes)) return null
  const versions = registryOf(testimony.writes, registry, base.fromMs, realMs)
  const inForce = inForceBefore(wishesOf(testimony.writes, game), wishes, base, versions)
  const isAsked = [...wishes, ...inForce].some(
    ({ row, life }) => life !== base.life || (base.row !== null && row !== null && reasonToReplace(base.row, row, versions) !== null),
  )
  return isAsked ? null : `no row since generation ${generationOf(base.row)} asks for another container`
}

/**
 * A restart token that no operation has handled yet asks for a fresh container, also where another operation has just made one: which of the two was first
 * is forgotten in a crash. What a restart itself has made is never made again.
 */
function waitsForRestart({ testimony, touch, realMs }: Case, game: string, wishes: readonly Wish[]): boolean {
  const token = text(wishes.at(-1)?.row, 'restart_token')
  const isHandled = testimony.writes.some(
    ({ table, after, realMs: at }) =>
      table === 'game_status' && at < realMs && text(after, 'game_id') === game && text(after, 'handled_restart_token') === token,
  )
  return token !== null && !isHandled && text(operationOf(testimony, touch.container), 'op') !== 'restart'
}

/**
 * What was accepted last stays in force where all that came after it is refused. Whether other races are refused depends on whether the game was initialised by
 * then, which is not asked here: what came before them may be in force as well.
 */
function inForceBefore(all: readonly Wish[], recently: readonly Wish[], base: Wish, versions: Versions): readonly Wish[] {
  const before = all.slice(
    0,
    all.findIndex(({ fromMs }) => fromMs === recently[0]?.fromMs),
  )
  const acceptable = before.filter(
    ({ row, fromMs }) => fromMs > base.fromMs && row !== null && whyRefused(base.row, row, versions) === null,
  )
  const certain = acceptable.findLastIndex(({ row }) => racesOf(row) === racesOf(base.row))
  return acceptable.slice(Math.max(certain, 0))
}

function racesOf(row: Row | null): string {
  const players: unknown = row?.['players']
  const races = Array.isArray(players) ? players.map((player: { readonly raceName?: unknown }) => String(player.raceName)) : []
  return JSON.stringify(races.toSorted())
}

/** Docker will not start it again, or not change it in place. */
function isRefused({ testimony, touch: { container, atMs } }: Case, kind: string): boolean {
  return testimony.calls.some(
    ({ origin, target, status, atMs: calledMs }) =>
      origin.kind === kind &&
      origin.caller === 'docker' &&
      target === container.id &&
      (status === null || status >= 400) &&
      calledMs <= atMs,
  )
}

/** A human gave it other limits. */
function isChangedByHand({ history, touch: { container, seq } }: Case): boolean {
  return history.some(
    (entry) => entry.seq < seq && entry.origin.caller === 'control' && entry.effect.action === 'update' && entry.effect.id === container.id,
  )
}

/** Those that held at some time in the patience before the effect. */
function recent({ testimony, touch, realMs }: Case, wishes: readonly Wish[]): readonly Wish[] {
  const virtual = virtualTimes(testimony)
  return wishes.filter(({ fromMs, untilMs }) => fromMs <= realMs && (untilMs === Infinity || virtual(untilMs) >= touch.atMs - PATIENCE_MS))
}

function hasFinished({ writes }: Testimony, game: string, realMs: number): boolean {
  return writes.some(
    ({ table, after, realMs: at }) =>
      table === 'runtime_records' && at <= realMs && text(after, 'game_id') === game && text(after, 'status') === 'finished',
  )
}

function operationOf({ writes }: Testimony, container: Container): Row | null {
  const id = labelOf(container, 'operation_id')
  const opened = writes.find(({ table, op, after }) => table === 'operation_log' && op === 'INSERT' && text(after, 'operation_id') === id)
  return opened?.after ?? null
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

/** One that somebody else made is replaced only where another image is asked for. */
function whyNotReplaced(container: Container, wishes: readonly Wish[]): string | null {
  const rows = wishes.flatMap(({ row }) => (row === null ? [] : [row]))
  if (rows.length === 0) return 'nobody asked for it, nor to end it'
  const image = container.config.Image
  const isAsked = rows.some((row) => image === text(row, 'image_ref') || image === `galaxy-engine:${text(row, 'engine_version') ?? ''}`)
  return isAsked ? 'its image is the one that is asked for' : null
}
