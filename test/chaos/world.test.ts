import { afterAll, describe, expect, inject, it } from 'vitest'
import { runScenario } from './crash-run.ts'
import { closeDatabases } from './databases.ts'
import { SCENARIOS } from './scenarios.ts'
import { createWorld } from './world.ts'

const postgresUrl = inject('postgresUrl')
afterAll(closeDatabases)

const INSERT = "INSERT INTO desired_games (game_id, engine_version) SELECT unnest($1::text[]), '1.0.0'"

async function traceOf(seed: number): Promise<readonly string[]> {
  const world = await createWorld({ seed, postgresUrl })
  try {
    await world.start()
    await world.sql(INSERT, [['andromeda', 'draco', 'pegasus']])
    await world.pass(60_000)
    return [...world.trace]
  } finally {
    await world.dispose()
  }
}

describe('the world of the histories', () => {
  it('is replayed by its seed, call by call, and another seed orders the calls otherwise', async () => {
    const traces = [await traceOf(1), await traceOf(1), await traceOf(2)]
    expect(traces[1]).toEqual(traces[0])
    expect(traces[2]).not.toEqual(traces[0])
  })

  it('is replayed with a crash in it', async () => {
    const scenario = SCENARIOS[0]
    if (scenario === undefined) throw new Error('there is no scenario')
    const crash = { effect: 4, moment: 'after' } as const
    const [first, second] = [await runScenario(scenario, postgresUrl, crash), await runScenario(scenario, postgresUrl, crash)]
    expect(second.trace).toEqual(first.trace)
  })

  it('lets nothing of a killed life through', async () => {
    const world = await createWorld({ seed: 3, postgresUrl })
    await world.start()
    await world.sql(INSERT, [['andromeda']])
    await world.pass(100)
    world.kill()
    const [effects, calls] = [world.effects.length, world.daemon.history.calls().length]
    await world.pass(600_000)
    expect([world.isAlive, world.effects.length, world.daemon.history.calls().length - calls]).toEqual([
      false,
      effects,
      expect.toSatisfy(isAtMostOne),
    ])
    await world.dispose()
  })
})

/** One that was under way may still end. */
function isAtMostOne(count: number): boolean {
  return count <= 1
}
