import { afterEach, beforeEach, vi } from 'vitest'
import type { World } from '../../../src/observed/world.ts'
import { type FakeDocker, type Told, worldOf } from './fake-docker.ts'
import { runningSince } from './told.ts'

/** Of game `g`, and of game `h`. */
export const running = runningSince(1)
export const other = runningSince(1, { id: 'c2', gameId: 'h' })

export const never = new AbortController().signal

/** What a look needs to know more about. */
export const none: Parameters<World['refresh']>[1] = () => false
export const all: typeof none = () => true

/** Lets this much of the test's time go by, and everything that is due happen. */
export function pass(ms = 0): Promise<unknown> {
  return vi.advanceTimersByTimeAsync(ms)
}

export interface WatchedWorlds {
  /** A world that has begun to read. */
  started(docker: FakeDocker, over?: Parameters<typeof worldOf>[1]): Promise<Told>
  /** A world that has been read once, and has nothing to tell yet. */
  known(docker: FakeDocker, over?: Parameters<typeof worldOf>[1]): Promise<Told>
}

/** Gives every test of the file a time of its own, and ends its worlds. */
export function watchedWorlds(): WatchedWorlds {
  const opened: Told[] = []
  beforeEach(() => {
    vi.useFakeTimers()
  })
  afterEach(async () => {
    for (const { stop } of opened.splice(0)) await stop()
    vi.useRealTimers()
  })
  const started: WatchedWorlds['started'] = async (docker, over) => {
    const told = worldOf(docker, over)
    opened.push(told)
    told.world.start()
    await pass()
    return told
  }
  return {
    started,
    known: async (docker, over) => {
      const told = await started(docker, over)
      docker.calls.length = 0
      told.changed.length = 0
      return told
    },
  }
}
