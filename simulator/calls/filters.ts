import { z } from 'zod'
import { Refusal } from './process.ts'

/** The values given for each filter. */
export type Filters = ReadonlyMap<string, readonly string[]>

const listed = z.record(z.string(), z.array(z.string()))
const mapped = z.record(z.string(), z.record(z.string(), z.boolean()))

/** The query's `filters`: lists, or maps of booleans as older clients send them. */
export function readFilters(text: string | null): Filters {
  if (text === null || text === '') return new Map()
  const json = parse(text)
  const asLists = listed.safeParse(json)
  if (asLists.success) return new Map(Object.entries(asLists.data))
  const asMaps = mapped.safeParse(json)
  if (asMaps.success) return new Map(Object.entries(asMaps.data).map(([name, values]) => [name, Object.keys(values)]))
  throw new Refusal(500, 'json: cannot unmarshal array into Go value of type map[string]bool')
}

/** Every label filter has to fit: `name` or `name=value`. */
export function matchesLabels(labels: Readonly<Record<string, string>>, filters: Filters): boolean {
  return (filters.get('label') ?? []).every((wanted) => {
    const at = wanted.indexOf('=')
    return at < 0 ? Object.hasOwn(labels, wanted) : labels[wanted.slice(0, at)] === wanted.slice(at + 1)
  })
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new Refusal(500, 'unexpected end of JSON input')
  }
}
