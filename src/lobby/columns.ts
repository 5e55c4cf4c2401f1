import type { StartOptions } from './wishes.ts'

/** One column of `desired_games` and what it is to say. Column and type come from this client, never from its caller. */
export interface Assignment {
  readonly column: string
  readonly type: 'text' | 'boolean' | 'numeric' | 'integer' | 'jsonb'
  readonly value: unknown
}

export function startColumns(options: StartOptions): readonly Assignment[] {
  const all: readonly Assignment[] = [
    { column: 'players', type: 'jsonb', value: json(options.players) },
    { column: 'turn_schedule', type: 'text', value: options.turnSchedule },
    { column: 'time_zone', type: 'text', value: options.timeZone },
    { column: 'cpus', type: 'numeric', value: options.cpus },
    { column: 'memory', type: 'text', value: options.memory },
    { column: 'pids', type: 'integer', value: options.pids },
    { column: 'labels', type: 'jsonb', value: json(options.labels) },
    { column: 'paused', type: 'boolean', value: options.paused },
    { column: 'allow_incompatible_to', type: 'text', value: options.allowIncompatibleTo },
  ]
  return all.filter(({ value }) => value !== undefined)
}

/** pg would write a list as a Postgres array. */
export function json(value: unknown): string | undefined {
  return value === undefined ? undefined : JSON.stringify(value)
}

/** `$5::jsonb`, …: the values' places when the first is `$first`. */
export function places(assignments: readonly Assignment[], first: number): readonly string[] {
  return assignments.map(({ type }, index) => `$${first + index}::${type}`)
}

/** An SQL condition: whether row `g` says otherwise than the assignments. */
export function differs(assignments: readonly Assignment[], first: number): string {
  if (assignments.length === 0) return 'false'
  const present = assignments.map(({ column }) => `g.${column}`)
  return `ROW(${present.join(', ')}) IS DISTINCT FROM ROW(${places(assignments, first).join(', ')})`
}
