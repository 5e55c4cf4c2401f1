import { type RawBuilder, sql } from 'kysely'

/** For the beginning of a statement that is asked all the time: each connection has it planned once (ADR 26). */
export function prepared(name: string): RawBuilder<unknown> {
  return sql.raw(`/* prepared ${name} */`)
}

/** The name under which a statement is to be prepared; undefined for one that is planned anew each time. */
export function preparedName(text: string): string | undefined {
  return /^\s*\/\* prepared ([a-z-]+) \*\//.exec(text)?.[1]
}
