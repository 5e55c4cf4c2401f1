import { type Row, type Testimony, text } from './testimony.ts'

/** The races of the game that the engine plays; empty before it was begun. From the engine's last answer before then, as the database keeps it. */
export function racesOf({ writes }: Pick<Testimony, 'writes'>, game: string, untilMs: number): ReadonlySet<string> {
  const known = writes.filter(({ realMs }) => realMs < untilMs)
  const sinceMs = lastPurgeMs(known, game)
  const said = known.findLast(
    ({ table, after, realMs }) => table === 'health_snapshots' && realMs > sinceMs && text(after, 'game_id') === game,
  )
  const state = said?.after?.['engine_state'] as { readonly players: readonly { readonly raceName: string }[] } | undefined // the engine contract
  return new Set(state?.players.map(({ raceName }) => raceName))
}

/** When the game's state was last taken away as asked; -Infinity where it never was. */
export function lastPurgeMs(writes: Testimony['writes'], game: string): number {
  const purge = writes.findLast(
    ({ table, op, before }) =>
      table === 'desired_games' && op === 'DELETE' && text(before, 'game_id') === game && before?.['purge_state'] === true,
  )
  return purge?.realMs ?? -Infinity
}

/** Spec 2, "Admission": once a game has begun, only the user of a race may change. */
export function mayPlay(row: Row, races: ReadonlySet<string>): boolean {
  return races.size === 0 || racesAsked(row).symmetricDifference(races).size === 0
}

export function isSameRaces(a: Row, b: Row): boolean {
  return racesAsked(a).symmetricDifference(racesAsked(b)).size === 0
}

function racesAsked(row: Row): ReadonlySet<string> {
  return new Set((row['players'] as readonly { readonly raceName: string }[]).map(({ raceName }) => raceName)) // the column's CHECK
}
