import { messageOf } from '../model/errors.ts'
import { printable } from '../model/printable.ts'

/** What an untrusted answer says, or what was expected of it and what was found instead: bounded and printable. */
export type Reading<T> = { readonly kind: 'read'; readonly value: T } | { readonly kind: 'unusable'; readonly why: string }

const MAX_DEPTH = 64
/** Small values cost dozens of bytes of memory each for two of text. */
const MAX_VALUES = 500_000

/**
 * JSON of somebody untrusted, in UTF-8: at most 64 levels deep (what is written out again is written recursively) and of 500 000 values, without
 * `__proto__` fields.
 */
export function parseJson(bytes: Uint8Array): Reading<unknown> {
  const excess = excessOf(bytes)
  if (excess !== null) return { kind: 'unusable', why: excess }
  try {
    return { kind: 'read', value: parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) }
  } catch (error) {
    const found = bytes.length === 0 ? 'nothing' : printable(messageOf(error))
    return { kind: 'unusable', why: `expected JSON, found: ${found}` }
  }
}

function parse(text: string): unknown {
  // The field can be written with escapes, too.
  return /__proto__|\\u00/.test(text) ? JSON.parse(text, withoutPrototype) : JSON.parse(text)
}

function withoutPrototype(key: string, value: unknown): unknown {
  return key === '__proto__' ? undefined : value
}

const QUOTE = 0x22
const COMMA = 0x2c
const BACKSLASH = 0x5c

/** What there is too much of, null for nothing. Looks at the bytes, so that nothing is built of a text that is refused. Where they are no JSON, parsing them says so. */
export function excessOf(bytes: Uint8Array): string | null {
  let depth = 0
  let values = 1
  let isInString = false
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at]
    if (isInString) {
      if (byte === BACKSLASH) at += 1
      else if (byte === QUOTE) isInString = false
    } else if (byte === QUOTE) isInString = true
    else if (byte === COMMA) values += 1
    else if (isOpening(byte)) {
      depth += 1
      values += 1
      if (depth > MAX_DEPTH) return `expected JSON of at most ${MAX_DEPTH} levels, found more`
    } else if (isClosing(byte)) depth -= 1
    if (values > MAX_VALUES) return `expected JSON of at most ${MAX_VALUES} values, found more`
  }
  return null
}

function isOpening(byte: number | undefined): boolean {
  return byte === 0x5b || byte === 0x7b
}

function isClosing(byte: number | undefined): boolean {
  return byte === 0x5d || byte === 0x7d
}
