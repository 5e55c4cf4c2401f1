import { z } from 'zod'
import { duration } from './values.ts'

/** What the sources, the error messages and the documentation know of one setting. */
export interface SettingMeta {
  readonly env: string
  /** One sentence for the documentation. */
  readonly doc: string
  /** What a valid value looks like. */
  readonly expected: string
  /** The default as one would write it; `null` when none is needed. */
  readonly fallback: string | null
  readonly isSecret: boolean
}

const metas = z.registry<SettingMeta>()

export function metaOf(schema: z.ZodType): SettingMeta | undefined {
  return metas.get(schema)
}

export function setting<S extends z.ZodType>(env: string, schema: S, fallback: string, expected: string, doc: string) {
  // The fallback is parsed like any value: what the documentation shows is what applies.
  const defaulted = schema.prefault(fallback as z.input<S> /* every setting can be written as text */)
  metas.add(defaulted, { env, doc, expected, fallback, isSecret: false })
  return defaulted
}

export function optional<S extends z.ZodType>(env: string, schema: S, expected: string, doc: string) {
  const nullable = schema.nullable().default(null)
  metas.add(nullable, { env, doc, expected, fallback: null, isSecret: false })
  return nullable
}

export function secret<S extends z.ZodType>(env: string, schema: S, expected: string, doc: string) {
  const nullable = schema.nullable().default(null)
  metas.add(nullable, { env, doc, expected, fallback: null, isSecret: true })
  return nullable
}

export function timing(env: string, fallback: string, doc: string) {
  return setting(env, duration, fallback, 'a duration such as 250ms, 10s, 1m or 1h, at most 24 days', doc)
}

export function group<T extends z.ZodRawShape>(shape: T) {
  return z.strictObject(shape).prefault({} as z.input<z.ZodObject<T>> /* every setting has a default */)
}
