/** One thing wrong with what somebody asked for, at whichever door they asked. */
export interface Problem {
  /** Field, camelCase and dotted: `players.1.raceName`. Empty for the whole. */
  readonly path: string
  /** What was given, shortened. */
  readonly found: string
  readonly expected: string
  /** One sentence: which field, what is wrong with it, what to write instead. */
  readonly message: string
}

/** The usual problem: a value that is not what the field takes. */
export function problem(path: string, found: unknown, expected: string): Problem {
  const shown = show(found)
  return {
    path,
    found: shown,
    expected,
    message: `${path === '' ? 'the document' : path} is ${shown}; expected ${expected}`,
  }
}

const MAX_SHOWN = 80

/** A value as an operator may read it: strings quoted, control characters escaped, long ones cut. */
export function show(value: unknown): string {
  if (value === undefined) return 'missing'
  if (typeof value === 'string') return shorten(JSON.stringify(value))
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object' && value !== null) return 'a mapping'
  return shorten(String(value))
}

function shorten(text: string): string {
  return text.length <= MAX_SHOWN ? text : `${text.slice(0, MAX_SHOWN).toWellFormed()}…`
}
