import type { Readable } from 'node:stream'
import { z } from 'zod'

// What answers are made of. Their schemas are for the document and for the compiler, which holds the routes to them; an answer that
// goes out is not parsed by them once more, and tests hold real answers to the document.

export const time = z.date()

/** Text that is one of these. Where it comes from a column, Postgres holds it to them, and the row's type is text. */
export function word(words: readonly string[]): z.ZodType<string> {
  return z.enum(words)
}

/** A JSON column. The row's type is `unknown`; who writes it holds it to this shape. */
export function stored(shape: z.ZodType): z.ZodType {
  return shape
}

/** Text that may go on without an end. */
export function streamed(mediaType: string): z.ZodType<string | Readable> {
  return z.string().meta({ mediaType })
}

/** One page of a list. */
export function listOf<Kind extends string, Item extends z.ZodType>(kind: Kind, item: Item) {
  return z.object({ kind: z.literal(kind), metadata: listMetadata, items: z.array(item).readonly() })
}

const listMetadata = z.object({ continue: z.string().nullable().describe('Asks for the next page; null on the last one.') })

export const warnings = z.array(z.string()).readonly().describe('What the caller should know, in an operator’s words.')

/** A field that a write changes, or would. */
export const fieldChange = z
  .object({
    path: z.string().describe('As a manifest calls it, such as `resources.cpus`.'),
    before: z.unknown().optional().describe('Left out where there was nothing.'),
    after: z.unknown().optional(),
  })
  .meta({ id: 'FieldChange' })

/** What the controller would do. */
export const plan = z
  .object({
    text: z.string().describe('Each action with its reason, for people.'),
    actions: z.int().min(0).describe('How many there are; 0 when all is as it should be.'),
  })
  .meta({ id: 'PlanText' })
