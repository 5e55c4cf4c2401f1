import { hostName } from '../model/labels.ts'
import type { LoopDeps } from './deps.ts'

/** Has the game's running container probed, if its engine version has a probe of ours; nothing else is asked. */
export function watchHealth(gameId: string, { games, world, health }: LoopDeps): void {
  const { acceptedSpec } = games.of(gameId).status
  const running = world.game(gameId).containers.find((container) => container.state === 'running')
  const probe = acceptedSpec?.probe
  if (running === undefined || probe === undefined || !('http' in probe || 'tcp' in probe)) return health.watch(gameId, null)
  // Only what an inspect or a list says counts as its address, never a row or a label (spec 4, "Reaching the engine").
  const address = acceptedSpec === null ? undefined : running.addresses[acceptedSpec.network]
  health.watch(gameId, address === undefined ? null : { containerId: running.id, address, name: hostName(gameId), probe })
}
