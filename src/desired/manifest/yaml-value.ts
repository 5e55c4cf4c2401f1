import { type Alias, type Document, isAlias, isCollection, isMap, isScalar, isSeq, type Node, type Pair } from 'yaml'
import type { Problem } from '../problem.ts'

export type FieldPath = readonly (string | number)[]

/** One YAML document as plain data, and where each field of it stands. */
export interface YamlValue {
  readonly value: unknown
  readonly faults: readonly YamlFault[]
  /** False when reading was given up at the last fault: then the value says nothing of the rest. */
  readonly isWhole: boolean
  /** Offset of a field's key, or of its value; of the nearest field around it when there is none. */
  offsetOf(path: FieldPath, part: 'key' | 'value'): number
  /** A scalar as it is written, e.g. `1.0`; null when the field is none. */
  sourceOf(path: FieldPath): string | null
}

/** What YAML allows and a manifest does not. */
export interface YamlFault extends Problem {
  readonly offset: number
}

/** More nodes than this, with every alias counted as often as it is used, are a bomb. */
const MAX_NODES = 50_000
const MAX_DEPTH = 32

/**
 * Reads a composed document without the library's own conversion and duplicate check, both of which take quadratic time
 * on hostile text. Aliases are followed up to a limit; keys are text, each one once.
 */
export function readYaml(document: Document): YamlValue {
  const places = new Map<string, Place>()
  const reader: Reader = { places, anchors: new Map(), faults: [], nodesLeft: MAX_NODES }
  const value = read(reader, document.contents, [])
  return {
    value,
    faults: reader.faults,
    isWhole: reader.nodesLeft > 0,
    offsetOf: (path, part) => offsetOf(places, path, part) ?? document.contents?.range?.[0] ?? 0,
    sourceOf: (path) => places.get(keyOf(path))?.source ?? null,
  }
}

interface Place {
  readonly key: number
  readonly value: number
  readonly source: string | null
}

interface Reader {
  readonly places: Map<string, Place>
  /** As met so far; a later anchor of the same name takes its place, as YAML has it. */
  readonly anchors: Map<string, Node>
  readonly faults: YamlFault[]
  nodesLeft: number
}

function read(reader: Reader, node: unknown, path: FieldPath): unknown {
  if (reader.nodesLeft <= 0) return undefined
  reader.nodesLeft -= 1
  if (reader.nodesLeft === 0 || path.length > MAX_DEPTH) {
    reader.nodesLeft = 0
    return fault(reader, node, path, 'too much nesting or too many aliases', 'a plain document')
  }
  if (isAlias(node)) return readAlias(reader, node, path)
  if ((isCollection(node) || isScalar(node)) && node.anchor !== undefined) reader.anchors.set(node.anchor, node)
  if (isMap(node)) return readMap(reader, node.items, path)
  if (isSeq(node)) return node.items.map((item, index) => readItem(reader, item, [...path, index]))
  return isScalar(node) ? node.value : null
}

function readAlias(reader: Reader, alias: Alias, path: FieldPath): unknown {
  const target = reader.anchors.get(alias.source)
  if (target === undefined) return fault(reader, alias, path, `*${alias.source.slice(0, 40)}`, 'an alias of an anchor before it')
  return read(reader, target, path)
}

function readMap(reader: Reader, pairs: readonly Pair[], path: FieldPath): unknown {
  // Without a prototype: no key means anything but itself.
  const map: Record<string, unknown> = Object.create(null)
  for (const pair of pairs) {
    if (reader.nodesLeft === 0) break
    const key = keyText(pair.key)
    // A record would drop it without a word.
    if (key === '__proto__') fault(reader, pair.key, path, 'a field __proto__', 'another name')
    else if (key === null) fault(reader, pair.key, path, 'a key that is no text', 'the name of a field')
    else if (Object.hasOwn(map, key)) fault(reader, pair.key, [...path, key], `${key} twice`, 'each field once')
    else {
      place(reader, [...path, key], pair.key, pair.value)
      map[key] = read(reader, pair.value, [...path, key])
    }
  }
  return map
}

function readItem(reader: Reader, item: unknown, path: FieldPath): unknown {
  if (reader.nodesLeft === 0) return undefined
  place(reader, path, item, item)
  return read(reader, item, path)
}

/** A number or a boolean as a key is the text it was written as: labels may be called `1` or `true`. */
function keyText(key: unknown): string | null {
  if (!isScalar(key) || key.value === null) return null
  return typeof key.value === 'string' ? key.value : (key.source ?? String(key.value))
}

function place(reader: Reader, path: FieldPath, key: unknown, value: unknown): void {
  const keyOffset = startOf(key) ?? 0
  const source = isScalar(value) ? (value.source ?? null) : null
  reader.places.set(keyOf(path), { key: keyOffset, value: startOf(value) ?? keyOffset, source })
}

function fault(reader: Reader, at: unknown, path: FieldPath, found: string, expected: string): undefined {
  const name = path.join('.')
  const message = `${name === '' ? 'the document' : name}: found ${found}; expected ${expected}`
  reader.faults.push({ path: name, found, expected, message, offset: startOf(at) ?? 0 })
  return undefined
}

function offsetOf(places: ReadonlyMap<string, Place>, path: FieldPath, part: 'key' | 'value'): number | undefined {
  const exact = places.get(keyOf(path))
  if (exact !== undefined) return exact[part]
  for (let length = path.length - 1; length > 0; length -= 1) {
    const around = places.get(keyOf(path.slice(0, length)))
    if (around !== undefined) return around.key
  }
  return undefined
}

function startOf(node: unknown): number | undefined {
  return isMap(node) || isSeq(node) || isScalar(node) || isAlias(node) ? node.range?.[0] : undefined
}

function keyOf(path: FieldPath): string {
  return path.join('\0')
}
