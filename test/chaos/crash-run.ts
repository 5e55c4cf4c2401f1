import type { Crash, NumberedEffect } from './effects.ts'
import { breaches, endState } from './end-state.ts'
import type { Scenario, Stage } from './scenarios.ts'
import { type ChaosWorld, createWorld } from './world.ts'

/** What became of a scenario, with or without a crash. */
export interface Run {
  /** Those of the scenario itself, without its preparation. */
  readonly effects: readonly NumberedEffect[]
  readonly end: unknown
  /** None may be. */
  readonly breaches: readonly string[]
  /** Of ten more looks at everything; nothing may have been done. */
  readonly resyncs: { readonly dockerWrites: readonly string[]; readonly rowsWritten: number }
  readonly lives: number
  readonly trace: readonly string[]
}

const SEED = 1
const REST_WITHIN_MS = 3_600_000

/** Lives a scenario; the same until its crash, if any, as without it. */
export async function runScenario(scenario: Scenario, postgresUrl: string, crash: Crash | null): Promise<Run> {
  const world = await createWorld({ seed: SEED, postgresUrl, ...(scenario.settings !== undefined && { settings: scenario.settings }) })
  try {
    const stage: Stage = { world, rest: () => rest(world) }
    await world.start()
    await stage.rest()
    await scenario.prepare(stage)
    const prepared = world.effects.length
    if (crash !== null) world.crashAt(crash)
    await stage.rest()
    for (const wish of scenario.wishes) {
      await wish(stage)
      await stage.rest()
    }
    return {
      effects: world.effects.slice(prepared),
      resyncs: await world.resyncs(10),
      breaches: await breaches(world),
      end: await endState(world),
      lives: world.epoch,
      trace: world.trace,
    }
  } finally {
    await world.dispose()
  }
}

async function rest(world: ChaosWorld): Promise<void> {
  do {
    if (!world.isAlive) await world.start()
    if (!(await world.settle(REST_WITHIN_MS)))
      throw new Error(`no rest within ${REST_WITHIN_MS} ms; last: ${world.trace.slice(-10).join('; ')}`)
  } while (!world.isAlive)
}
