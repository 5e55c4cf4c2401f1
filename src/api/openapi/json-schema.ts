import { z } from 'zod'

declare module 'zod' {
  interface GlobalMeta {
    /** What the document shows in place of the schema, such as a number that comes as text. */
    shown?: { readonly type: 'boolean' | 'integer' | 'string'; readonly default?: unknown; readonly minimum?: number }
    /** Of an answer that is no JSON. */
    mediaType?: string
  }
}

/** JSON Schema 2020-12, which is what OpenAPI 3.1 takes. */
export interface JsonSchema {
  readonly [keyword: string]: unknown
  readonly $ref?: string
  /** One, or several of which any will do. */
  readonly type?: string | readonly string[]
  readonly title?: string
  readonly description?: string
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: boolean | JsonSchema
  readonly items?: JsonSchema
  readonly anyOf?: readonly JsonSchema[]
  readonly oneOf?: readonly JsonSchema[]
  readonly default?: unknown
  readonly examples?: readonly unknown[]
}

export const COMPONENTS = '#/components/schemas/'

/**
 * Turns zod's schemas into JSON Schema. What has an id (`meta({ id })`) becomes a component, and a reference wherever it stands.
 *
 * `input` is what a caller may send, with its closed objects; `output` is what goes out as JSON, and may have more fields in a later
 * release.
 */
export class Schemas {
  readonly #components = new Map<string, JsonSchema>()

  /** In the order of their names. */
  get components(): Readonly<Record<string, JsonSchema>> {
    return Object.fromEntries([...this.#components].toSorted(([a], [b]) => (a < b ? -1 : 1)))
  }

  /** @throws Error where two schemas have the same id and are not the same */
  convert(schema: z.ZodType, io: 'input' | 'output'): JsonSchema {
    // Inside an array, since an id of the outermost schema itself would be left out.
    const converted = z.toJSONSchema(z.array(schema), { io, unrepresentable: 'any', override: (context) => rewrite(context, io) })
    const { $defs = {}, items } = withComponentReferences(converted)
    for (const [id, component] of Object.entries($defs)) this.#add(id, component)
    return items ?? {}
  }

  #add(id: string, component: JsonSchema): void {
    const known = this.#components.get(id)
    if (known !== undefined && JSON.stringify(known) !== JSON.stringify(component)) throw new Error(`two schemas have the id ${id}`)
    this.#components.set(id, component)
  }
}

type Override = NonNullable<NonNullable<Parameters<typeof z.toJSONSchema>[1]>['override']>

function rewrite({ zodSchema, jsonSchema }: Parameters<Override>[0], io: 'input' | 'output'): void {
  const { examples, shown } = z.globalRegistry.get(zodSchema) ?? {}
  if (shown !== undefined) replace(jsonSchema, shown)
  // Zod leaves them out for what is transformed, as if they were of what comes of it.
  if (Array.isArray(examples)) jsonSchema.examples = examples
  // As JSON.stringify writes it.
  if (zodSchema instanceof z.ZodDate) Object.assign(jsonSchema, { type: 'string', format: 'date-time' })
  if (zodSchema instanceof z.ZodObject && io === 'output' && jsonSchema.additionalProperties === false)
    delete jsonSchema.additionalProperties
  if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum
  // No keywords of JSON Schema.
  delete jsonSchema['mediaType']
  delete jsonSchema['shown']
  // Zod's own, beside the pattern that says it.
  if (jsonSchema.format === 'starts_with') delete jsonSchema.format
  // OpenAPI means something else by it: what is never sent.
  delete jsonSchema.readOnly
}

/** All but what a description says. */
function replace(jsonSchema: Parameters<Override>[0]['jsonSchema'], shown: object): void {
  for (const keyword of Object.keys(jsonSchema)) if (keyword !== 'description') delete jsonSchema[keyword]
  Object.assign(jsonSchema, shown)
}

interface Converted {
  readonly $defs?: Readonly<Record<string, JsonSchema>>
  readonly items?: JsonSchema
}

function withComponentReferences(schema: object): Converted {
  // What toJSONSchema makes of an array.
  return JSON.parse(JSON.stringify(schema).replaceAll('"#/$defs/', `"${COMPONENTS}`)) as Converted
}
