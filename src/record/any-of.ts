import { sql } from 'kysely'

/** One array parameter, however many games: a list of parameters has a limit. */
export function anyOf(gameIds: readonly string[] | undefined) {
  return sql<string>`ANY(${gameIds ?? []}::text[])`
}
