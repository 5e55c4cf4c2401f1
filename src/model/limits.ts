/** Resource limits of one game; null means unlimited. */
export interface Limits {
  /** Cores, as a decimal: 0.5 is half a core. */
  readonly cpus: number | null
  /** Bytes; swap is limited to the same value, so none is used. */
  readonly memoryBytes: number | null
  /** Processes and threads. */
  readonly pids: number | null
}

export function sameLimits(a: Limits, b: Limits): boolean {
  return a.cpus === b.cpus && a.memoryBytes === b.memoryBytes && a.pids === b.pids
}

const UNIT_BYTES: Readonly<Record<string, number>> = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3, t: 1024 ** 4 }

/** Docker refuses less ("Minimum memory limit allowed is 6MB"). */
export const MINIMUM_MEMORY_BYTES = 6 * 1024 ** 2

/**
 * Bytes of a memory quantity such as `256Mi` (Kubernetes) or `512m` (Docker); null when it is none.
 * Single letters are binary, as in Docker, so that `512m` means the same at every door.
 */
export function parseMemory(text: string): number | null {
  const match = /^([1-9][0-9]{0,14})([kmgt]i?)?b?$/i.exec(text.trim())
  if (match === null) return null
  const unit = UNIT_BYTES[(match[2] ?? '').slice(0, 1).toLowerCase()]
  const bytes = unit === undefined ? Number.NaN : Number(match[1]) * unit
  return Number.isSafeInteger(bytes) ? bytes : null
}

/** `268435456` → `256Mi`: the largest binary unit that divides it. */
export function formatMemory(bytes: number): string {
  for (const [unit, size] of [
    ['Gi', 1024 ** 3],
    ['Mi', 1024 ** 2],
    ['Ki', 1024],
  ] as const) {
    if (bytes % size === 0) return `${bytes / size}${unit}`
  }
  return String(bytes)
}
