import { type ComputedTurn, type Finding, number, type Row, text, type Write } from './testimony.ts'

/** S6: by the engines' own account, no turn of a game's state was computed twice, and none without one before it. */
export function judgeTurns(turns: readonly ComputedTurn[]): readonly Finding[] {
  const last = new Map<string, number>()
  return turns.flatMap(({ game, incarnation, turn, containerId }) => {
    const state = `${game}, incarnation ${incarnation}`
    const before = last.get(state)
    last.set(state, Math.max(turn, before ?? turn))
    if (before === undefined ? turn === 0 : turn === before + 1) return []
    const message = `${state}: ${containerId.slice(0, 12)} computed turn ${turn} after turn ${before ?? 'none'}`
    return [{ promise: 'S6', message, seq: null } as const]
  })
}

/**
 * S6 from the ledger's side, at rest: each turn that was computed stands for a tick or token of its own, so that no tick was answered with two. Engines count the
 * lives of a state folder and the ledger counts purges, also those that found no folder: so the two are compared by how many there are of each number.
 */
export function judgeLedger(turns: readonly ComputedTurn[], writes: readonly Write[]): readonly Finding[] {
  const ledger = ledgerOf(writes)
  const computed = Map.groupBy(
    turns.filter(({ turn }) => turn > 0),
    ({ game, turn }) => `turn ${turn} of ${game}`,
  )
  return [...computed].flatMap(([which, times]) => {
    const rows = ledger.filter(
      (row) => `turn ${number(row, 'turn')} of ${text(row, 'game_id')}` === which && !UNCOMPUTED.has(text(row, 'status')),
    )
    const incarnations = new Set(rows.map((row) => number(row, 'incarnation'))).size
    const succeeded = rows.filter((row) => text(row, 'status') === 'succeeded')
    const isTwice = new Set(succeeded.map((row) => number(row, 'incarnation'))).size < succeeded.length
    if (incarnations >= times.length && succeeded.length <= times.length && !isTwice) return []
    const message = `${which} was computed ${times.length} times; the ledger has it in ${incarnations} incarnations, ${succeeded.length} times as succeeded`
    return [{ promise: 'S6', message, seq: null } as const]
  })
}

/** At rest each row of the ledger has its end, but for a turn of an engine that cannot be reached any more. */
export function judgeOpenTurns(writes: readonly Write[], records: readonly Row[]): readonly Finding[] {
  const lost = new Set(records.flatMap((record) => (text(record, 'status') === 'engine_unreachable' ? [text(record, 'game_id')] : [])))
  return ledgerOf(writes).flatMap((row) => {
    const game = text(row, 'game_id')
    if (text(row, 'status') !== 'in_progress' || lost.has(game)) return []
    return [{ promise: 'L1', message: `turn ${text(row, 'turn')} of ${game} has no end`, seq: null } as const]
  })
}

/** Ends of a row for which no turn is computed. */
const UNCOMPUTED: ReadonlySet<string | null> = new Set(['skipped', 'superseded'])

/** Every row of the ledger as it was at its end, those included that retention has taken away since. */
function ledgerOf(writes: readonly Write[]): readonly Row[] {
  const rows = new Map<string | null, Row>()
  for (const { table, after } of writes) if (table === 'turns' && after !== null) rows.set(text(after, 'id'), after)
  return [...rows.values()]
}
