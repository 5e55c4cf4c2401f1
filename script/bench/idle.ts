import { setTimeout as delay } from 'node:timers/promises'
import { quiet } from './quiet.ts'
import { schedule, type TurnsSetting } from './turns-setting.ts'

/** What the same games cost with and without a schedule, while nothing is due. */
export interface IdlePair {
  readonly round: number
  readonly scheduled: Idle
  readonly unscheduled: Idle
}

interface Idle {
  /** Of the controller over the window. */
  readonly cpuMs: number
  /** The least over the window: those of idle connections come and go. */
  readonly timers: number
}

const YEARLY = '0 0 1 1 *'
/** Long enough for the database's idle connections to be given up in it (30 s), and their timers with them. */
export const WINDOW_MS = 35_000
const SAMPLES = 35

/** Both windows right after each other; the one that goes first changes with every pair. */
export async function idlePair(setting: TurnsSetting, round: number): Promise<IdlePair> {
  if (round % 2 === 1) {
    const scheduled = await idle(setting, YEARLY)
    return { round, scheduled, unscheduled: await idle(setting, null) }
  }
  const unscheduled = await idle(setting, null)
  return { round, scheduled: await idle(setting, YEARLY), unscheduled }
}

async function idle(setting: TurnsSetting, cron: string | null): Promise<Idle> {
  const { gameIds, controller, signal } = setting
  await schedule(
    setting,
    gameIds.map(() => cron),
  )
  await quiet(signal)
  const before = await controller.usageCollected()
  const timers: number[] = []
  for (let sample = 0; sample < SAMPLES; sample += 1) {
    await delay(WINDOW_MS / SAMPLES, undefined, { signal })
    timers.push((await controller.usage()).timers)
  }
  const after = await controller.usage()
  return { cpuMs: after.cpuMs - before.cpuMs, timers: Math.min(...timers) }
}
