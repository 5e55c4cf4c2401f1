/** Turns one untrusted JSON value into a typed one, or throws {@link ShapeError} naming the place in the document. */
export type Reader<T> = (value: unknown, path: string) => T

/** A value that is not what its place in the document asks for. `message` is fit for whoever sent the document. */
export class ShapeError extends Error {
  override readonly name = 'ShapeError'
}

/** Strict object: every field is required and any other field is refused. */
export function object<T extends Readonly<Record<string, Reader<unknown>>>>(
  fields: T,
): Reader<{ readonly [K in keyof T]: ReturnType<T[K]> }> {
  const known = Object.keys(fields)
  return (value, path) => {
    const source = plainObject(value, path)
    const unknown = Object.keys(source).find((key) => !known.includes(key))
    if (unknown !== undefined) {
      throw new ShapeError(`${path}: unknown field ${quote(unknown)}; known are ${known.join(', ')}`)
    }
    const entries = Object.entries(fields).map(([key, read]) => {
      if (!Object.hasOwn(source, key)) throw new ShapeError(`${path}: field ${quote(key)} is missing`)
      return [key, read(source[key], `${path}.${key}`)]
    })
    // fromEntries cannot carry the relation of key and reader; the loop above has just established it.
    return Object.fromEntries(entries) as {
      readonly [K in keyof T]: ReturnType<T[K]>
    }
  }
}

/** Object whose keys are data; `key` checks each of them. */
export function record<T>(key: Reader<string>, read: Reader<T>): Reader<Readonly<Record<string, T>>> {
  return (value, path) =>
    Object.fromEntries(
      Object.entries(plainObject(value, path)).map(([name, item]) => [key(name, `${path} key`), read(item, `${path}.${name}`)]),
    )
}

/** Array of at most `atMost` items. */
export function array<T>(read: Reader<T>, atMost: number): Reader<readonly T[]> {
  return (value, path) => {
    if (!Array.isArray(value)) throw new ShapeError(`${path}: expected an array`)
    if (value.length > atMost) throw new ShapeError(`${path}: at most ${atMost} items, found ${value.length}`)
    return value.map((item, index) => read(item, `${path}[${index}]`))
  }
}

/** Whole number within `from`..`to`, both included. */
export function integer(from: number, to: number = Number.MAX_SAFE_INTEGER): Reader<number> {
  return (value, path) => {
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < from || value > to) {
      throw new ShapeError(`${path}: expected a whole number from ${from} to ${to}`)
    }
    return value
  }
}

/** String that matches `pattern`; `expected` says so in words. */
export function text(pattern: RegExp, expected: string): Reader<string> {
  return (value, path) => {
    if (typeof value !== 'string' || !pattern.test(value)) throw new ShapeError(`${path}: expected ${expected}`)
    return value
  }
}

export const uuid = text(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, 'a lower-case uuid')

/** Name that people see: 1 to 64 characters, none of them a control character, no blank at either end. */
export const displayName = text(
  /^(?!\s)[^\p{Cc}]{1,64}(?<!\s)$/u,
  'a name of 1 to 64 characters without control characters or blanks at its ends',
)

export const boolean: Reader<boolean> = (value, path) => {
  if (typeof value !== 'boolean') throw new ShapeError(`${path}: expected true or false`)
  return value
}

export function nullable<T>(read: Reader<T>): Reader<T | null> {
  return (value, path) => (value === null ? null : read(value, path))
}

export function oneOf<const T extends string>(choices: readonly T[]): Reader<T> {
  return (value, path) => {
    const found = choices.find((choice) => choice === value)
    if (found === undefined) throw new ShapeError(`${path}: expected one of ${choices.join(', ')}`)
    return found
  }
}

/** Object told apart by its field `type`. */
export function variants<T>(readers: Readonly<Record<string, Reader<T>>>): Reader<T> {
  const choose = oneOf(Object.keys(readers))
  return (value, path) => {
    const type = choose(plainObject(value, path)['type'], `${path}.type`)
    const read = readers[type]
    if (read === undefined) throw new ShapeError(`${path}.type: unknown`)
    return read(value, path)
  }
}

function plainObject(value: unknown, path: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ShapeError(`${path}: expected an object`)
  }
  // A non-null, non-array object from JSON.parse is a record of unknown values.
  return value as Readonly<Record<string, unknown>>
}

function quote(name: string): string {
  return JSON.stringify(name.slice(0, 64))
}
