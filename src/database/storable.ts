/** Text as Postgres can hold it: engines and daemons may answer with NUL bytes or broken surrogates. */
export function storableText(text: string): string {
  return text.toWellFormed().replaceAll('\0', '')
}

/** JSON text for a `jsonb` parameter; null stays SQL's null. */
export function storableJson(value: unknown): string | null {
  if (value === null || value === undefined) return null
  return JSON.stringify(value, (_key, field: unknown) => (typeof field === 'string' ? storableText(field) : field))
}
