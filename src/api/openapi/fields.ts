import { COMPONENTS, type JsonSchema } from './json-schema.ts'

/** A field of an object for people to read, those of objects within it by their dotted paths. */
export interface Field {
  /** `metadata.name`, or `files[].path`. */
  readonly path: string
  readonly isRequired: boolean
  readonly schema: JsonSchema
}

/** Of an object, of a list of objects, or of one that may be null; none of anything else, and of what is a component of its own. */
export function fieldsOf(schema: JsonSchema, prefix = ''): readonly Field[] {
  const object = isArray(schema) ? (schema.items ?? {}) : withoutNull(schema)
  const place = isArray(schema) ? `${prefix}[]` : prefix
  return Object.entries(object.properties ?? {}).flatMap(([name, property]) => {
    const path = place === '' ? name : `${place}.${name}`
    return [{ path, isRequired: object.required?.includes(name) === true, schema: property }, ...fieldsOf(property, path)]
  })
}

/** How a type is written for a medium. */
export interface TypeStyle {
  component(name: string): string
  text(text: string): string
}

/** `string or null`, `list of Game`, `"True", "False" or "Unknown"`. */
export function typeText(schema: JsonSchema, style: TypeStyle): string {
  if (schema.$ref !== undefined) return style.component(schema.$ref.slice(COMPONENTS.length))
  const variants = schema.oneOf ?? schema.anyOf
  if (variants !== undefined) return variants.map((variant) => typeText(variant, style)).join(' or ')
  if (schema.enum !== undefined) return alternatives(schema.enum.map((value) => style.text(JSON.stringify(value))))
  if (schema.const !== undefined) return style.text(JSON.stringify(schema.const))
  if (isArray(schema)) return `list of ${schema.items?.properties === undefined ? typeText(schema.items ?? {}, style) : 'objects'}`
  if (schema.type === 'object' && typeof schema.additionalProperties === 'object')
    return `map to ${typeText(schema.additionalProperties, style)}`
  const format = typeof schema['format'] === 'string' ? ` (${schema['format']})` : ''
  return style.text(`${[schema.type ?? 'any'].flat().join(' or ')}${format}`)
}

function alternatives(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`
}

function isArray(schema: JsonSchema): boolean {
  return schema.type === 'array'
}

function withoutNull(schema: JsonSchema): JsonSchema {
  const variants = schema.anyOf?.filter(({ type }) => type !== 'null') ?? []
  return variants.length === 1 ? (variants[0] ?? schema) : schema
}
