import { z } from 'zod'

/** Every field of a schema, as dotted paths; list items and map values are `*`. */
export function fieldPaths(schema: z.ZodType, prefix: readonly string[] = []): readonly string[] {
  if (schema instanceof z.ZodOptional) return fieldPaths(asSchema(schema.unwrap()), prefix)
  if (schema instanceof z.ZodArray) return fieldPaths(asSchema(schema.element), [...prefix, '*'])
  if (!(schema instanceof z.ZodObject)) return []
  return Object.entries(schema.shape).flatMap(([name, child]) => [
    [...prefix, name].join('.'),
    ...fieldPaths(asSchema(child), [...prefix, name]),
  ])
}

/** zod types an inner schema by its core; all of ours come from its classic API. */
function asSchema(inner: unknown): z.ZodType {
  return inner as z.ZodType // see above
}

/** What an unknown field was probably meant to be: `turnSchedule`, or `spec.resources.memory` when it stands elsewhere; null when nothing is near. */
export function nearestField(unknown: string, parent: readonly (string | number)[], known: readonly string[]): string | null {
  const inside = parent.map((step) => (typeof step === 'number' ? '*' : step)).join('.')
  const siblings = known.filter((path) => parentOf(path) === inside).map(lastOf)
  const nearest = closest(unknown, siblings)
  if (nearest !== null) return nearest
  return known.find((path) => fold(lastOf(path)) === fold(unknown)) ?? null
}

/** Fields that may stand where an unknown one does. */
export function fieldsAt(parent: readonly (string | number)[], known: readonly string[]): readonly string[] {
  const inside = parent.map((step) => (typeof step === 'number' ? '*' : step)).join('.')
  return known.filter((path) => parentOf(path) === inside).map(lastOf)
}

/** The word at the smallest edit distance, if that is at most a third of its length. */
function closest(word: string, words: readonly string[]): string | null {
  const wanted = fold(word)
  const ranked = words
    .map((candidate) => ({ candidate, distance: editDistance(wanted, fold(candidate)) }))
    .filter(({ candidate, distance }) => distance <= Math.max(1, Math.floor(candidate.length / 3)))
    .sort((a, b) => a.distance - b.distance)
  return ranked[0]?.candidate ?? null
}

const MAX_WORD = 40

/** Case and separators carry no meaning in a slip: `turn_schedule` is `turnSchedule`. */
function fold(word: string): string {
  return word
    .slice(0, MAX_WORD)
    .replaceAll(/[-_\s]/g, '')
    .toLowerCase()
}

/** Damerau–Levenshtein with adjacent swaps (optimal string alignment). */
function editDistance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, column) => column)]
  const at = (row: number, column: number) => rows[row]?.[column] ?? Number.POSITIVE_INFINITY
  for (let row = 1; row <= a.length; row += 1) {
    rows.push([row])
    for (let column = 1; column <= b.length; column += 1) {
      const change = at(row - 1, column - 1) + (a[row - 1] === b[column - 1] ? 0 : 1)
      const isSwap = a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]
      const swap = isSwap ? at(row - 2, column - 2) + 1 : Number.POSITIVE_INFINITY
      rows[row]?.push(Math.min(at(row - 1, column) + 1, at(row, column - 1) + 1, change, swap))
    }
  }
  return at(a.length, b.length)
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('.')))
}

function lastOf(path: string): string {
  return path.slice(path.lastIndexOf('.') + 1)
}
