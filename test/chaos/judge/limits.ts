import { type Row, text } from './testimony.ts'

export interface Limits {
  readonly cpus: number
  readonly memoryBytes: number
  readonly pids: number
}

/** Spec 4, "limits": the row's, else the image's labels', else the defaults. */
export function expectedLimits(row: Row, labels: Readonly<Record<string, string>>, defaults: Limits): Limits {
  const cpus = text(row, 'cpus') ?? labels['com.galaxy.cpu_quota']
  const memory = text(row, 'memory') ?? labels['com.galaxy.memory']
  const pids = text(row, 'pids') ?? labels['com.galaxy.pids_limit']
  return {
    cpus: cpus === undefined ? defaults.cpus : Number(cpus),
    memoryBytes: memory === undefined ? defaults.memoryBytes : bytesOf(memory),
    pids: pids === undefined ? defaults.pids : Number(pids),
  }
}

/** The judge's histories ask in mebibytes only. */
function bytesOf(memory: string): number {
  return Number.parseInt(memory, 10) * 1024 ** 2
}
