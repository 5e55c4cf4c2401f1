import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, type Pair } from 'yaml'
import type { Setting } from './schema.ts'
import { withoutUserInfo } from './values.ts'
import { CONFIG_FILE } from './whereabouts.ts'

/** Raw values by dotted path, each with where it came from. */
export type RawSettings = ReadonlyMap<string, { readonly value: unknown; readonly origin: string }>

export interface FileSettings {
  readonly values: RawSettings
  /** What the file holds besides settings, or why it can't be read. */
  readonly problems: readonly { readonly name: string; readonly found: string; readonly expected: string }[]
}

/** A variable set to nothing counts as not set. */
export function readEnvironment(env: NodeJS.ProcessEnv, settings: readonly Setting[]): RawSettings {
  const found = settings.filter(({ meta }) => (env[meta.env] ?? '') !== '')
  return new Map(found.map(({ path, meta }) => [path, { value: env[meta.env], origin: `env ${meta.env}` }]))
}

/** One line for each `GALAXY_*` variable that is no setting, with the nearest one's name. */
export function unknownVariables(env: NodeJS.ProcessEnv, settings: readonly Setting[]): readonly string[] {
  const known = settings.map(({ meta }) => meta.env)
  return Object.keys(env)
    .filter((name) => name.startsWith('GALAXY_') && !known.includes(name))
    .map((name) => `${name} is no setting and is ignored; the nearest is ${nearest(name, known)}`)
}

/** The settings of `galaxy.yaml` in this folder; an absent file holds none. */
export function readConfigFile(folder: string, settings: readonly Setting[]): FileSettings {
  const file = join(folder, CONFIG_FILE)
  if (!existsSync(file)) return { values: new Map(), problems: [] }
  const lines = new LineCounter()
  const document = parseDocument(readFileSync(file, 'utf8'), { lineCounter: lines, uniqueKeys: true })
  const broken = document.errors.map((error) => ({
    name: `${CONFIG_FILE}:${error.linePos?.[0].line ?? 1}`,
    found: withoutSource(error.message),
    expected: 'valid YAML',
  }))
  if (broken.length > 0 || document.contents === null) return { values: new Map(), problems: broken }
  const values = new Map<string, { value: unknown; origin: string }>()
  const problems: { name: string; found: string; expected: string }[] = []
  const known = settings.map((setting) => setting.path)
  collect(document.contents, '')
  return { values, problems }

  function collect(node: unknown, prefix: string): void {
    if (isMap(node)) {
      for (const pair of node.items) collectPair(pair, prefix)
    } else
      problems.push({
        name: originOf(node),
        found: kindOf(node),
        expected: `settings by name${prefix === '' ? '' : ` below "${prefix}"`}`,
      })
  }

  function collectPair(pair: Pair, prefix: string): void {
    const key = isScalar(pair.key) ? withoutUserInfo(String(pair.key.value)) : 'a key that is no text'
    const dotted = prefix === '' ? key : `${prefix}.${key}`
    const origin = originOf(pair.key)
    if (known.includes(dotted)) collectValue(dotted, pair.value, origin)
    else if (known.some((name) => name.startsWith(`${dotted}.`))) collect(pair.value, dotted)
    else
      problems.push({
        name: `${dotted} (${origin})`,
        found: 'an unknown setting',
        expected: `a known one; the nearest is ${nearest(dotted, known)}`,
      })
  }

  function collectValue(dotted: string, node: unknown, origin: string): void {
    try {
      values.set(dotted, { value: plain(node), origin })
    } catch {
      problems.push({
        name: `${dotted} (${origin})`,
        found: 'an alias without its anchor',
        expected: 'a value; one that begins with * takes quotes',
      })
    }
  }

  function originOf(node: unknown): string {
    const offset = typeof node === 'object' && node !== null && 'range' in node && Array.isArray(node.range) ? Number(node.range[0]) : 0
    return `${CONFIG_FILE}:${lines.linePos(offset).line}`
  }

  function plain(node: unknown): unknown {
    return typeof node === 'object' && node !== null && 'toJS' in node && typeof node.toJS === 'function' ? node.toJS(document) : null
  }
}

/** What stands at a place that a setting may have been meant for, which may be a secret: its kind alone. */
function kindOf(node: unknown): string {
  return isSeq(node) ? 'a list' : isAlias(node) ? 'an alias' : 'a value without a name'
}

/** The parser's message may quote the text around, and that a secret. */
function withoutSource(message: string): string {
  return (message.split('\n')[0] ?? '').replace(/ at line \d+, column \d+:?$/, '').replace(/:.*$/, '')
}

function nearest(name: string, known: readonly string[]): string {
  const ranked = known.map((candidate) => ({ candidate, distance: editDistance(name, candidate) }))
  return ranked.reduce((best, next) => (next.distance < best.distance ? next : best)).candidate
}

/** Levenshtein distance: insertions, deletions and replacements between two texts. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}
