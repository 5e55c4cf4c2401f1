import { Refusal } from './process.ts'

const LEAST_MEMORY = 6 * 1024 ** 2

/** Docker's rules for a memory limit and the sum of memory and swap; 0 is no limit, -1 unlimited swap. */
export function requireMemory(memory: number, swap: number): void {
  if (memory > 0 && memory < LEAST_MEMORY) throw new Refusal(400, 'Minimum memory limit allowed is 6MB')
  if (memory > 0 && swap > 0 && swap < memory)
    throw new Refusal(400, 'Minimum memoryswap limit should be larger than memory limit, see usage')
  if (memory === 0 && swap > 0) throw new Refusal(400, 'You should always set the Memory limit when using Memoryswap limit, see usage')
}

export function requireCpus(nanoCpus: number, cpus: number): void {
  if (nanoCpus === 0 || (nanoCpus >= 1e7 && nanoCpus <= cpus * 1e9)) return
  throw new Refusal(400, `Range of CPUs is from 0.01 to ${cpus.toFixed(2)}, as there are only ${cpus} CPUs available`)
}
