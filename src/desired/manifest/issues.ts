import type { z } from 'zod'
import { type Problem, show } from '../problem.ts'
import { fieldPaths, fieldsAt, nearestField } from './field-names.ts'
import { type ManifestKind, SCHEMAS } from './schema.ts'
import type { FieldPath, YamlValue } from './yaml-value.ts'

/** A problem, and the field whose place in the file it belongs to. */
export interface FieldProblem {
  readonly problem: Problem
  readonly at: FieldPath
  readonly part: 'key' | 'value'
}

const KNOWN: Readonly<Record<ManifestKind, readonly string[]>> = {
  Game: fieldPaths(SCHEMAS.Game),
  EngineVersion: fieldPaths(SCHEMAS.EngineVersion),
}

/** What zod found, in the words of somebody who writes manifests. */
export function describeIssue(issue: z.core.$ZodIssue, kind: ManifestKind, yaml: YamlValue): readonly FieldProblem[] {
  const path = issue.path.filter((step) => typeof step !== 'symbol')
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownField(key, path, kind))
  const value = valueAt(yaml.value, path)
  const found = typeof value === 'string' || value === undefined ? show(value) : foundText(value, yaml.sourceOf(path))
  const expected = expectedOf(issue, path, value, yaml.sourceOf(path))
  return [fieldProblem(path, found, expected)]
}

export function fieldProblem(at: FieldPath, found: string, expected: string): FieldProblem {
  const path = at.join('.')
  return { at, part: 'value', problem: { path, found, expected, message: `${path || 'the document'} is ${found}; expected ${expected}` } }
}

function unknownField(key: string, parent: FieldPath, kind: ManifestKind): FieldProblem {
  const at = [...parent, key]
  const path = at.join('.').slice(0, 200)
  const nearest = nearestField(key, parent, KNOWN[kind])
  const here = fieldsAt(parent, KNOWN[kind]).join(', ')
  const expected = nearest ?? (here === '' ? 'nothing here' : `one of ${here}`)
  const hint = nearest === null ? `expected ${expected}` : `did you mean ${nearest}?`
  return { at, part: 'key', problem: { path, found: show(key), expected, message: `${path} is not a field of kind ${kind}; ${hint}` } }
}

function foundText(value: unknown, source: string | null): string {
  if (value === null) return source === null || source === '' ? 'empty' : source
  return typeof value === 'object' || source === null ? show(value) : source.slice(0, 80)
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping',
  record: 'a mapping',
}

function expectedOf(issue: z.core.$ZodIssue, path: FieldPath, value: unknown, source: string | null): string {
  switch (issue.code) {
    case 'invalid_type':
      return issue.expected === 'string' ? expectedText(path, value, source) : (TYPE_NAMES[issue.expected] ?? issue.expected)
    case 'invalid_value':
      return issue.values
        .map(String)
        .join(', ')
        .replace(/, ([^,]*)$/, ' or $1')
    case 'too_small':
      return `at least ${issue.minimum}`
    case 'too_big':
      return `at most ${issue.maximum}`
    default:
      return issue.message
  }
}

/** YAML reads 1.0 as a number and true as a boolean; the usual slip of a newcomer. */
function expectedText(path: FieldPath, value: unknown, source: string | null): string {
  if (typeof value !== 'number' && typeof value !== 'boolean') return 'text'
  const isVersion = /^(engineVersion|version|allowIncompatibleTo)$/.test(String(path.at(-1)))
  if (isVersion) return 'a version of three parts in quotes, such as "1.0.0": YAML reads this one as a number'
  return `text: put it in quotes, "${source ?? String(value)}"`
}

export function valueAt(value: unknown, path: FieldPath): unknown {
  let current = value
  for (const step of path) {
    if (typeof current !== 'object' || current === null || !Object.hasOwn(current, step)) return undefined
    current = Reflect.get(current, step)
  }
  return current
}
