import { setTimeout as delay } from 'node:timers/promises'
import type { AskedGame, Fleet } from './fleet.ts'
import type { LoadSetting } from './setting.ts'

/** Changes by kind, as far as they were made: a game that crashes has to run just then. */
export type Changes = Readonly<Record<Change, number>>

/** How often each comes among 20. */
const SHARES = { patch: 3, resize: 2, stop: 3, start: 3, replace: 3, restart: 2, crash: 4 } as const
type Change = keyof typeof SHARES

const CHANGES = (Object.keys(SHARES) as Change[]).flatMap((change) => Array.from({ length: SHARES[change] }, () => change)) // Object.keys of a literal
/** Statements at a time. A game may well be changed again while the controller is at its last change. */
const AT_ONCE = 4

/** Changes games at random, so many a second, until `untilMs` (of `performance.now()`). */
export async function churn(setting: LoadSetting, fleet: Fleet, perSecond: number, untilMs: number): Promise<Changes> {
  const made = { patch: 0, resize: 0, stop: 0, start: 0, replace: 0, restart: 0, crash: 0 }
  const startedMs = performance.now()
  let begun = 0
  const inHand = new Set<string>()
  const hand = async (): Promise<void> => {
    while (performance.now() < untilMs) {
      const dueMs = startedMs + (1_000 * begun++) / perSecond
      await delay(Math.max(dueMs - performance.now(), 0), undefined, { signal: setting.signal })
      const change = pick(CHANGES)
      if (change !== undefined && (await changeOne(setting, fleet, change, inHand))) made[change] += 1
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, hand))
  return made
}

/** Whether there was a game to change. One that another hand writes just now is left to it: which of two writes came last would not be known. */
async function changeOne(setting: LoadSetting, fleet: Fleet, change: Change, inHand: Set<string>): Promise<boolean> {
  const game = pick(fleet.games.filter(({ gameId, isRunning }) => isRunning === (change !== 'start') && !inHand.has(gameId)))
  if (game === undefined) return false
  inHand.add(game.gameId)
  try {
    if (change === 'crash') return await crash(setting, game)
    await fleet[change](game)
    return true
  } finally {
    inHand.delete(game.gameId)
  }
}

async function crash({ simulator, instance }: LoadSetting, { gameId }: AskedGame): Promise<boolean> {
  const name = `${instance}.galaxy-game-${gameId}`
  const running = await simulator.control('POST', `end/${name}`, { exitCode: 1, isOom: Math.random() < 0.2 }).catch(() => null)
  return running !== null
}

function pick<T>(from: readonly T[]): T | undefined {
  return from[Math.floor(Math.random() * from.length)]
}
