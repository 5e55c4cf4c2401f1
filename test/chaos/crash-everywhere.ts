import { afterAll, describe, expect, inject, it } from 'vitest'
import { runScenario } from './crash-run.ts'
import { closeDatabases } from './databases.ts'
import type { Crash, Moment } from './effects.ts'
import { type Scenario, SCENARIOS } from './scenarios.ts'

const MOMENTS: readonly Moment[] = ['before', 'after', 'answered']

/** Fewer effects than these mean that a scenario has lost what it is for. */
const FEWEST_EFFECTS = 100

/**
 * Crash everywhere (spec 6): every effect of every scenario, and the controller killed there; what it leads to is what the undisturbed scenario leads to.
 * @param momentsOf at which moments of the effect, of which this is the how manieth
 */
export function describeCrashes(momentsOf: (at: number) => readonly Moment[]): void {
  const postgresUrl = inject('postgresUrl')
  const covered = { effects: 0, crashes: 0 }

  afterAll(closeDatabases)

  describe('killed before, after and between an effect and its log', () => {
    it.each(SCENARIOS)('row 1: $name, as if nothing had happened', async (scenario) => {
      const undisturbed = await runScenario(scenario, postgresUrl, null)
      expect({ ...undisturbed, end: null }).toMatchObject({ breaches: [], resyncs: SILENCE })
      const crashes = undisturbed.effects.flatMap(({ number: effect }, at) => momentsOf(at).map((moment) => ({ effect, moment })))
      const differing = []
      for (const crash of crashes) {
        const difference = await differenceOf(scenario, postgresUrl, crash, undisturbed)
        if (difference !== null) differing.push(difference)
      }
      expect(differing).toEqual([])
      covered.effects += undisturbed.effects.length
      covered.crashes += crashes.length
    })

    it('row 1: covers every effect of all scenarios', () => {
      process.stdout.write(`crash everywhere: ${covered.effects} effects, ${covered.crashes} crashes\n`)
      expect(covered.effects).toBeGreaterThanOrEqual(FEWEST_EFFECTS)
      expect(covered.crashes).toBeGreaterThanOrEqual(covered.effects)
    })
  })
}

export function everyMoment(): readonly Moment[] {
  return MOMENTS
}

/** One moment for each effect, in turn. */
export function oneMoment(at: number): readonly Moment[] {
  return MOMENTS.slice(at % MOMENTS.length, (at % MOMENTS.length) + 1)
}

const SILENCE = { dockerWrites: [], rowsWritten: 0 }

/** Null where the run came to the undisturbed one's end, in one life more and without a breach. */
async function differenceOf(
  scenario: Scenario,
  postgresUrl: string,
  crash: Crash,
  undisturbed: Awaited<ReturnType<typeof runScenario>>,
): Promise<unknown> {
  const { end, breaches, resyncs, lives, effects } = await runScenario(scenario, postgresUrl, crash)
  const expected = { end: undisturbed.end, breaches: [], resyncs: SILENCE, lives: undisturbed.lives + 1 }
  try {
    expect({ end, breaches, resyncs, lives }).toEqual(expected)
    return null
  } catch (error) {
    const struck = effects.find(({ number }) => number === crash.effect)
    return `${crash.moment} effect ${crash.effect}, ${struck?.by} ${struck?.kind}: ${error instanceof Error ? error.message : String(error)}`
  }
}
