import type { RunningController } from './deployment.ts'
import type { StatementCounter } from './statements.ts'
import { until } from './until.ts'

export function activeTerm({ state }: RunningController): NonNullable<RunningController['state']['active']> {
  if (state.active === null) throw new Error('the controller is not active')
  return state.active
}

/** No key waits and no pass is under way, several times in a row with time between for a late event to come in. */
export async function settled(controller: RunningController): Promise<void> {
  const { loop } = activeTerm(controller)
  for (let quiet = 0; quiet < 5; quiet += 1) {
    await until(
      () => loop.depth + loop.inFlight,
      (busy) => busy === 0,
      'the queue is empty',
    )
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** Kinds of Docker calls that only look. */
const LOOKS: ReadonlySet<string> = new Set([
  'container_list',
  'container_inspect',
  'image_list',
  'image_inspect',
  'network_list',
  'events',
  'ping',
  'info',
  'version',
])

export function writesAmong(calls: readonly string[]): readonly string[] {
  return calls.filter((kind) => !LOOKS.has(kind))
}

/**
 * What ten more looks at everything did (promise L1: nothing at all).
 *
 * @param calls where the controller's `onDockerCall` puts the kinds
 */
export async function tenResyncs(
  controller: RunningController,
  statements: StatementCounter,
  calls: readonly string[],
): Promise<{ readonly dockerWrites: readonly string[]; readonly written: readonly string[] }> {
  await settled(controller)
  const { loop, world } = activeTerm(controller)
  const callsBefore = calls.length
  const writtenBefore = (await statements.written()).length
  for (let resync = 0; resync < 10; resync += 1) {
    loop.add(await world.relist())
    loop.addAll()
    await settled(controller)
  }
  return { dockerWrites: writesAmong(calls.slice(callsBefore)), written: (await statements.written()).slice(writtenBefore) }
}

export const SILENCE = { dockerWrites: [], written: [] } as const
