import type { EngineState, Maxima, PlayerMapping } from '../model/engine.ts'
import type { Player } from '../model/game.ts'
import type { LedgerEntry, OpenTurn } from '../model/turn.ts'
import type { PlayerStats, TurnWrite } from '../record/life-write.ts'

/** Who of the desired players is which player of the engine; races that only one side knows are left out. */
export function mappingOf(players: readonly Player[], { players: known }: EngineState): readonly PlayerMapping[] {
  const users = new Map(players.map(({ raceName, userId }) => [raceName, userId]))
  const mapped = known.flatMap(({ id, raceName }) => {
    const userId = users.get(raceName)
    return userId === undefined ? [] : [{ raceName, userId, enginePlayerId: id }]
  })
  return mapped.sort((a, b) => (a.raceName < b.raceName ? -1 : 1))
}

export function isSameMapping(a: readonly PlayerMapping[], b: readonly PlayerMapping[]): boolean {
  const isSame = (one: PlayerMapping, other: PlayerMapping | undefined): boolean =>
    one.raceName === other?.raceName && one.userId === other.userId && one.enginePlayerId === other.enginePlayerId
  return a.length === b.length && a.every((one, index) => isSame(one, b[index]))
}

export function maximaAfter(before: Maxima, { players }: EngineState): Maxima {
  const entries = players.map(({ id, planets, population }) => {
    const known = before[id]
    return [id, { planets: Math.max(planets, known?.planets ?? 0), population: Math.max(population, known?.population ?? 0) }] as const
  })
  return { ...before, ...Object.fromEntries(entries) }
}

/** The engine's players as users, found by engine player id, else by race; unknown ones are left out. */
export function playerStats({ players }: EngineState, mapping: readonly PlayerMapping[], maxima: Maxima): readonly PlayerStats[] {
  return players.flatMap(({ id, raceName, planets, population }) => {
    const user = mapping.find(({ enginePlayerId }) => enginePlayerId === id) ?? mapping.find((each) => each.raceName === raceName)
    if (user === undefined) return []
    const most = maxima[id]
    return [
      {
        user_id: user.userId,
        current_planets: planets,
        current_population: population,
        max_planets: most?.planets ?? planets,
        max_population: most?.population ?? population,
      },
    ]
  })
}

/** The ledger's rows and the open turn after a step. */
export function ledgerAfter(
  entries: readonly LedgerEntry[],
  open: OpenTurn | null,
  operationId: string | null,
  newId: () => string,
): { readonly writes: readonly TurnWrite[]; readonly open: OpenTurn | null } {
  const writes: TurnWrite[] = []
  let now = open
  for (const entry of entries) {
    switch (entry.kind) {
      case 'skip':
      case 'skip_token':
        writes.push({ ...entry, id: newId() })
        break
      case 'begin': {
        now = { id: newId(), call: entry.call, turn: entry.turn }
        writes.push({ ...entry, id: now.id, operationId: operationOf(operationId) })
        break
      }
      case 'retry':
        if (now !== null) writes.push({ kind: 'retry', id: now.id, operationId: operationOf(operationId) })
        break
      case 'end':
        if (now !== null) writes.push({ ...entry, id: now.id })
        now = null
        break
    }
  }
  return { writes, open: now }
}

function operationOf(operationId: string | null): string {
  if (operationId === null) throw new TypeError('a turn is asked for outside of any operation')
  return operationId
}
