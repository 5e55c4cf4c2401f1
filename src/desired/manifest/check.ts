import type { z } from 'zod'
import { checkGame } from '../admission.ts'
import type { Problem } from '../problem.ts'
import type { ImagePolicy } from '../resolve-image.ts'
import { checkVersion } from '../version-admission.ts'
import { toCandidate, toVersion } from './document.ts'
import { type FieldProblem, describeIssue, fieldProblem, valueAt } from './issues.ts'
import {
  API_VERSION,
  type GameSpec,
  type gameSchema,
  KINDS,
  type ManifestKind,
  SCHEMAS,
  type VersionSpec,
  type versionSchema,
} from './schema.ts'
import type { FieldPath, YamlValue } from './yaml-value.ts'

export type CheckedDocument =
  | { readonly kind: 'Game'; readonly name: string; readonly labels: Readonly<Record<string, string>>; readonly spec: GameSpec }
  | { readonly kind: 'EngineVersion'; readonly name: string; readonly labels: Readonly<Record<string, string>>; readonly spec: VersionSpec }

export type Checked =
  | { readonly kind: 'valid'; readonly document: CheckedDocument }
  | { readonly kind: 'invalid'; readonly problems: readonly FieldProblem[] }

/**
 * One document against its schema and admission. Fields that have the wrong type are left out of the latter, so that one
 * slip hides no other.
 */
export function checkDocument(yaml: YamlValue, policy: ImagePolicy): Checked {
  const kind = kindOf(yaml.value)
  if (kind === null) return { kind: 'invalid', problems: [kindProblem(yaml)] }
  const parsed = SCHEMAS[kind].safeParse(yaml.value)
  const typeProblems = (parsed.error?.issues ?? []).flatMap((issue) => describeIssue(issue, kind, yaml))
  const sound = parsed.data ?? withoutBadFields(yaml.value, kind)
  const badFields = new Set(typeProblems.map(({ problem }) => problem.path))
  const meaning = admissionProblems(sound, policy).filter(
    ({ problem }) => ![...badFields].some((bad) => problem.path === bad || problem.path.startsWith(`${bad}.`)),
  )
  const problems = [...typeProblems, ...meaning]
  if (problems.length > 0 || parsed.data === undefined) return { kind: 'invalid', problems }
  return { kind: 'valid', document: { ...named(parsed.data), labels: parsed.data.metadata.labels ?? {} } }
}

type Manifest = z.output<typeof gameSchema> | z.output<typeof versionSchema>

function named(data: Manifest) {
  return data.kind === 'Game'
    ? { kind: data.kind, name: data.metadata.name, spec: data.spec }
    : { kind: data.kind, name: data.metadata.name, spec: data.spec }
}

function kindOf(value: unknown): ManifestKind | null {
  const kind = valueAt(value, ['kind'])
  return KINDS.find((known) => known === kind) ?? null
}

function kindProblem(yaml: YamlValue): FieldProblem {
  if (typeof yaml.value !== 'object' || yaml.value === null || Array.isArray(yaml.value)) {
    return fieldProblem([], Array.isArray(yaml.value) ? 'a list' : `no mapping`, `apiVersion: ${API_VERSION}, kind, metadata and spec`)
  }
  const kind = valueAt(yaml.value, ['kind'])
  return fieldProblem(['kind'], kind === undefined ? 'missing' : JSON.stringify(kind).slice(0, 80), KINDS.join(' or '))
}

/** What admission can still judge of a document that does not parse: its fields one by one, the bad ones left out. */
function withoutBadFields(value: unknown, kind: ManifestKind): Manifest | null {
  const copy = structuredClone(value)
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
    const parsed = SCHEMAS[kind].safeParse(copy)
    if (parsed.success) return parsed.data
    for (const issue of parsed.error.issues) {
      const at = issue.path.filter((step) => typeof step !== 'symbol')
      if (issue.code === 'unrecognized_keys') for (const key of issue.keys) remove(copy, [...at, key])
      else if (!remove(copy, at)) return null
    }
  }
  return null
}

/** Removing an item's bad field makes the item bad, and then its list. */
const MAX_ATTEMPTS = 4

/** Takes a field, or the list item that it stands in, out of a value; false when it is not there to take. */
function remove(value: unknown, path: FieldPath): boolean {
  const inList = path.findIndex((step) => typeof step === 'number')
  const target = inList === -1 ? path : path.slice(0, inList)
  const last = target.at(-1)
  const parent = valueAt(value, target.slice(0, -1))
  if (last === undefined || typeof parent !== 'object' || parent === null) return false
  return Object.hasOwn(parent, last) && Reflect.deleteProperty(parent, last)
}

function admissionProblems(manifest: Manifest | null, policy: ImagePolicy): readonly FieldProblem[] {
  if (manifest === null) return []
  const problems =
    manifest.kind === 'Game'
      ? [...checkGame(toCandidate(manifest.metadata.name, manifest.spec), { policy, races: null }), ...gameSlips(manifest.spec)]
      : [...checkVersion(toVersion(manifest.spec), policy), ...versionSlips(manifest.metadata.name, manifest.spec)]
  return problems.map(placed)
}

/** Contradictions that the default-filled candidate no longer shows. */
function gameSlips(spec: GameSpec): readonly Problem[] {
  if (spec.stopReason === undefined || spec.state === 'Stopped') return []
  return [{ path: 'stopReason', found: spec.stopReason, expected: 'state: Stopped beside it, or no stopReason', message: '' }]
}

function versionSlips(name: string, spec: VersionSpec): readonly Problem[] {
  const probes = spec.probe === undefined ? 1 : Object.keys(spec.probe).length
  return [
    ...(probes === 1
      ? []
      : [{ path: 'probe', found: `${probes} probes`, expected: 'exactly one of http, tcp, docker and none', message: '' }]),
    ...(name.trim() !== '' && name.length <= 253
      ? []
      : [{ path: 'name', found: JSON.stringify(name.slice(0, 80)), expected: 'a name of 1 to 253 characters', message: '' }]),
  ]
}

const PLACES: Readonly<Record<string, FieldPath>> = {
  gameId: ['metadata', 'name'],
  name: ['metadata', 'name'],
  cpus: ['spec', 'resources', 'cpus'],
  memory: ['spec', 'resources', 'memory'],
  pids: ['spec', 'resources', 'pids'],
}

/** Admission names fields as the row does; a manifest has them elsewhere. */
function placed(problem: Problem): FieldProblem {
  const steps = problem.path.split('.').map((step) => (/^\d+$/.test(step) ? Number(step) : step))
  return fieldProblem(PLACES[problem.path] ?? ['spec', ...steps], problem.found, problem.expected)
}
