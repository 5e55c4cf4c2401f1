import type { DesiredGame } from '../model/game.ts'
import { type DesiredRow, parseDesired } from './rows.ts'

/** Key and resource version of a row, which tell whether it has to be read again. */
export interface RowVersion {
  readonly gameId: string
  readonly resourceVersion: number
}

interface HeldRow {
  readonly resourceVersion: number
  /** The last version that parsed; null when none did. */
  readonly game: DesiredGame | null
  /** Set when the present version does not parse. */
  readonly problem: string | null
}

/** The desired rows as last read. Single-owner: whoever reads the database puts, everybody else asks. */
export class RowsMemory {
  readonly #rows = new Map<string, HeldRow>()

  get(gameId: string): DesiredGame | undefined {
    return this.#rows.get(gameId)?.game ?? undefined
  }

  problem(gameId: string): string | undefined {
    return this.#rows.get(gameId)?.problem ?? undefined
  }

  keys(): readonly string[] {
    return [...this.#rows.keys()]
  }

  get size(): number {
    return this.#rows.size
  }

  /** Those whose row is unknown here or of another version. */
  outdated(versions: readonly RowVersion[]): readonly string[] {
    return versions.filter((row) => this.#rows.get(row.gameId)?.resourceVersion !== row.resourceVersion).map((row) => row.gameId)
  }

  /** Those held here that a complete list does not name. */
  missingFrom(versions: readonly RowVersion[]): readonly string[] {
    const named = new Set(versions.map((row) => row.gameId))
    return this.keys().filter((gameId) => !named.has(gameId))
  }

  /** Takes the answer to a read of exactly these keys, and returns those that changed; a key without a row is gone. */
  put(gameIds: readonly string[], rows: readonly DesiredRow[]): readonly string[] {
    const found = new Map(rows.map((row) => [row.game_id, row]))
    return gameIds.filter((gameId) => {
      const row = found.get(gameId)
      return row === undefined ? this.#rows.delete(gameId) : this.#putRow(row)
    })
  }

  /** For whoever removed the row in this version; false when another one is held by now. */
  drop(gameId: string, resourceVersion: string): boolean {
    return String(this.#rows.get(gameId)?.resourceVersion) === resourceVersion && this.#rows.delete(gameId)
  }

  #putRow(row: DesiredRow): boolean {
    const before = this.#rows.get(row.game_id)
    if (before?.resourceVersion === row.resource_version) return false
    const { games, problems } = parseDesired([row])
    this.#rows.set(row.game_id, {
      resourceVersion: row.resource_version,
      // Lack of information never destroys (S3): what the unreadable row asked for before stays in force.
      game: games[0] ?? before?.game ?? null,
      problem: problems[0]?.problem ?? null,
    })
    return true
  }
}
