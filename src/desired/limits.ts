import { type Limits, MINIMUM_MEMORY_BYTES, parseMemory } from '../model/limits.ts'

/** Docker's own range for `NanoCpus`, and the schema's upper bound. */
const CPUS = {
  min: 0.01,
  max: 1024,
  expected: 'cores from 0.01 to 1024, such as 0.5',
} as const
/** The kernel's greatest `pid_max`. */
const PIDS = {
  min: 1,
  max: 4_194_304,
  expected: 'a whole number from 1 to 4194304',
} as const
const MEMORY_EXPECTED = 'a size of at least 6Mi, such as 256Mi or 512m'

export function cpusObjection(cpus: number): string | null {
  return cpus >= CPUS.min && cpus <= CPUS.max ? null : CPUS.expected
}

export function memoryObjection(memory: string): string | null {
  return bytesOf(memory) === null ? MEMORY_EXPECTED : null
}

export function pidsObjection(pids: number): string | null {
  return Number.isInteger(pids) && pids >= PIDS.min && pids <= PIDS.max ? null : PIDS.expected
}

export interface AskedLimits {
  readonly cpus: number | null
  readonly memory: string | null
  readonly pids: number | null
}

/** Labels by which an image says what it needs (spec 4, "limits"). */
const LIMIT_LABEL = {
  cpus: 'com.galaxy.cpu_quota',
  memory: 'com.galaxy.memory',
  pids: 'com.galaxy.pids_limit',
} as const

/**
 * A game's limits: its row, else its image's labels, else the defaults.
 *
 * `com.galaxy.cpu_quota` is a number of cores, like the row's `cpus`; Docker's microseconds per period are out of its range
 * and so fall to the default rather than mean fifty thousand cores.
 *
 * @returns `problems` tells each label that could not be read, in an operator's words
 */
export function resolveLimits(
  asked: AskedLimits,
  imageLabels: Readonly<Record<string, string>>,
  defaults: Limits,
): { readonly limits: Limits; readonly problems: readonly string[] } {
  const problems: string[] = []
  const fromLabel = (label: string, parse: (text: string) => number | null, expected: string): number | null => {
    const text = Object.hasOwn(imageLabels, label) ? imageLabels[label] : undefined
    if (text === undefined) return null
    const value = parse(text)
    if (value === null) problems.push(`image label ${label} is ${JSON.stringify(text.slice(0, 80))}, not ${expected}; the default applies`)
    return value
  }
  const limits: Limits = {
    cpus: asked.cpus ?? fromLabel(LIMIT_LABEL.cpus, parseCpus, CPUS.expected) ?? defaults.cpus,
    memoryBytes: askedBytes(asked) ?? fromLabel(LIMIT_LABEL.memory, bytesOf, MEMORY_EXPECTED) ?? defaults.memoryBytes,
    pids: asked.pids ?? fromLabel(LIMIT_LABEL.pids, parsePids, PIDS.expected) ?? defaults.pids,
  }
  return { limits, problems }
}

function askedBytes(asked: AskedLimits): number | null {
  return asked.memory === null ? null : bytesOf(asked.memory)
}

function bytesOf(memory: string): number | null {
  const bytes = parseMemory(memory)
  return bytes !== null && bytes >= MINIMUM_MEMORY_BYTES ? bytes : null
}

function parseCpus(text: string): number | null {
  const cpus = /^\s*\d{1,9}(\.\d{1,9})?\s*$/.test(text) ? Number(text) : Number.NaN
  return cpusObjection(cpus) === null ? cpus : null
}

function parsePids(text: string): number | null {
  const pids = /^\s*\d{1,9}\s*$/.test(text) ? Number(text) : Number.NaN
  return pidsObjection(pids) === null ? pids : null
}
