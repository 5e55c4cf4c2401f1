const MAX_SHOWN = 80

/** @throws TypeError that names the field, what was found and what is expected */
export function refuse(field: string, found: unknown, expected: string): never {
  throw new TypeError(`${field} is ${show(found)}; expected ${expected}`)
}

/** A text that Postgres can store. */
export function textOf(value: unknown, field: string, expected: string): string {
  if (typeof value !== 'string') refuse(field, value, expected)
  if (value.includes('\0') || !value.isWellFormed()) refuse(field, value, `${expected}, without NUL and lone surrogates`)
  return value
}

/** @param known the only fields it may have; null allows any */
export function objectOf(
  value: unknown,
  field: string,
  known: readonly string[] | null,
  expected: string,
): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) refuse(field, value, expected)
  const unknown = known === null ? undefined : Object.keys(value).find((name) => !known.includes(name))
  if (unknown !== undefined && known !== null) throw new TypeError(`${field}.${unknown} is unknown; known are ${known.join(', ')}`)
  return value as Readonly<Record<string, unknown>> // any object that is no array is one
}

function show(value: unknown): string {
  if (value === undefined) return 'missing'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object' && value !== null) return 'an object'
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value)
  return text.length <= MAX_SHOWN ? text : `${text.slice(0, MAX_SHOWN).toWellFormed()}…`
}
