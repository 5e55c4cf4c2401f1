import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { EngineWorkshop } from './engine-process.ts'

const ROUNDS = 12

const workshop = new EngineWorkshop()
afterEach(() => workshop.dispose())

describe('kill -9 at random points', () => {
  it('loses no answered turn, computes none twice, and leaves a state that loads', async () => {
    const folder = await workshop.stateFolder()
    let answered = 0
    for (let round = 0; round < ROUNDS; round += 1) {
      const engine = await workshop.start(folder)
      const { turn } = await engine.init('Terran', 'Vulkan')
      // One more than answered: committed, and killed before the answer came through.
      expect([answered, answered + 1]).toContain(turn)
      answered = turn
      const killed = delay(Math.random() * 40).then(() => engine.kill('SIGKILL'))
      answered = await playUntilDead(engine.turn, answered)
      await killed
    }
    expect(answered).toBeGreaterThan(0)
  }, 30_000)
})

async function playUntilDead(turn: (turn: number) => Promise<{ status: number }>, from: number): Promise<number> {
  for (let played = from; ; played += 1) {
    try {
      const { status } = await turn(played + 1)
      if (status !== 200) return played
    } catch {
      return played
    }
  }
}
