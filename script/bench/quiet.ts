import { cpus } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'

const LOOK_MS = 250
const IDLE_SHARE = 0.8
const PATIENCE_MS = 10_000

/** Waits until the machine has little to do, so that no side of a pair pays for what came before; gives up after 10 s. */
export async function quiet(signal: AbortSignal): Promise<void> {
  const endMs = performance.now() + PATIENCE_MS
  for (let before = cpuTimes(); performance.now() < endMs; ) {
    await delay(LOOK_MS, undefined, { signal })
    const now = cpuTimes()
    if ((now.idle - before.idle) / (now.all - before.all) >= IDLE_SHARE) return
    before = now
  }
}

/** Milliseconds of all cores together since the machine started. */
function cpuTimes(): { readonly idle: number; readonly all: number } {
  const times = cpus().map((cpu) => cpu.times)
  const all = times.reduce((sum, each) => sum + each.user + each.nice + each.sys + each.idle + each.irq, 0)
  return { idle: times.reduce((sum, each) => sum + each.idle, 0), all }
}
