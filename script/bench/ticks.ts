import { setTimeout as delay } from 'node:timers/promises'
import type { TurnArrival } from './stub-engines.ts'
import { percentile } from './statistics.ts'
import { schedule, type TurnsSetting } from './turns-setting.ts'

/** What became of the ticks of some minutes. */
export interface Ticks {
  readonly due: number
  /** From the scheduled instant to the request's arrival at the engine, in milliseconds. */
  readonly p50Ms: number
  readonly p99Ms: number
  readonly lastMs: number
  /** Due, but without a turn in the ledger or without a request. */
  readonly lost: number
  /** Requests beyond one for each tick of the ledger. */
  readonly doubled: number
}

const MINUTE_MS = 60_000
/** A request that comes later than this is lost. */
const PATIENCE_MS = 15_000

/** Every game ticks once a minute, at a second of its own: `games / 60` of them in each. */
export function spreadTicks(setting: TurnsSetting, minutes: number): Promise<Ticks> {
  return measure(
    setting,
    setting.gameIds.map((_, index) => index % 60),
    minutes,
  )
}

/** Every game ticks once a minute, all in the same second. */
export function simultaneousTicks(setting: TurnsSetting, minutes: number): Promise<Ticks> {
  return measure(
    setting,
    setting.gameIds.map(() => 30),
    minutes,
  )
}

async function measure(setting: TurnsSetting, seconds: readonly number[], minutes: number): Promise<Ticks> {
  const { engines, signal } = setting
  await schedule(
    setting,
    seconds.map((second) => `${second} * * * * *`),
  )
  const fromMs = (Math.floor(Date.now() / 1_000) + 2) * 1_000
  const toMs = fromMs + minutes * MINUTE_MS
  await delay(fromMs - Date.now() - 500, undefined, { signal })
  await engines.take()
  await delay(toMs + PATIENCE_MS - Date.now(), undefined, { signal })
  const arrivals = (await engines.take()).filter(({ atMs }) => atMs >= fromMs)
  const ledger = await readLedger(setting, fromMs)
  await schedule(
    setting,
    seconds.map(() => null),
  )
  return judge(dueTicks(setting.gameIds, seconds, fromMs, toMs), ledger, arrivals)
}

/** {@link tickOf} of every tick from `fromMs` on, before `toMs`. */
function dueTicks(gameIds: readonly string[], seconds: readonly number[], fromMs: number, toMs: number): readonly string[] {
  return gameIds.flatMap((gameId, index) => {
    const inMinuteMs = (seconds[index] ?? 0) * 1_000
    const firstMs = Math.ceil((fromMs - inMinuteMs) / MINUTE_MS) * MINUTE_MS + inMinuteMs
    const ticks: string[] = []
    for (let atMs = firstMs; atMs < toMs; atMs += MINUTE_MS) ticks.push(tickOf(gameId, atMs))
    return ticks
  })
}

/** `{game_id} {instant}` */
function tickOf(gameId: string, atMs: number): string {
  return `${gameId} ${atMs}`
}

interface LedgerRow {
  readonly game_id: string
  readonly scheduled_at: Date
  readonly turn: number
  readonly status: string
}

/** Turns that were asked for since; a row is written before its request is sent. */
async function readLedger({ database }: TurnsSetting, fromMs: number): Promise<readonly LedgerRow[]> {
  const { rows } = await database.pool.query<LedgerRow>(
    'SELECT game_id, scheduled_at, turn, status FROM turns WHERE turn IS NOT NULL AND scheduled_at >= $1',
    [new Date(fromMs)],
  )
  return rows
}

function judge(due: readonly string[], ledger: readonly LedgerRow[], arrivals: readonly TurnArrival[]): Ticks {
  const requests = Map.groupBy(arrivals, ({ gameId, turn }) => turnOf(gameId, turn))
  const computed = ledger.filter(({ status }) => status === 'succeeded')
  const turns = new Map(computed.map((row) => [tickOf(row.game_id, row.scheduled_at.getTime()), turnOf(row.game_id, row.turn)]))
  const delaysMs = due.flatMap((tick) => {
    const [first] = requests.get(turns.get(tick) ?? '') ?? []
    return first === undefined ? [] : [first.atMs - Number(tick.split(' ')[1])]
  })
  return {
    due: due.length,
    p50Ms: percentile(delaysMs, 0.5),
    p99Ms: percentile(delaysMs, 0.99),
    lastMs: percentile(delaysMs, 1),
    lost: due.length - delaysMs.length,
    doubled: arrivals.length - new Set(ledger.map((row) => turnOf(row.game_id, row.turn))).intersection(new Set(requests.keys())).size,
  }
}

function turnOf(gameId: string, turn: number): string {
  return `${gameId} ${turn}`
}
