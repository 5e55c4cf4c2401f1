import type { Container } from '../../../simulator/world/container.ts'
import { engineImages } from '../../../simulator/setup.ts'
import type { ChaosWorld } from '../world.ts'
import { nameOf } from './meddling.ts'
import type { Stage } from './step.ts'

/** The end of all faults, and a human who tidies up what no controller may touch: then the rest is the controller's. */
export async function liftEverything(stage: Stage): Promise<void> {
  const { world } = stage
  for (const { rule, struck } of world.daemon.rules.list()) if ('event' in rule.match) stage.struck(`event ${rule.do.kind}`, struck)
  world.daemon.rules.clear()
  world.liftFaults()
  while (world.daemon.isDown) await world.pass(60_000)
  await freeNames(stage)
  for (const image of engineImages()) world.daemon.provide(image)
  for (const container of world.daemon.world.containers()) await tidy(stage, container)
  await world.sql('UPDATE engine_versions SET enabled = true WHERE NOT enabled')
  await world.sql('UPDATE desired_games SET turn_schedule = NULL WHERE turn_schedule IS NOT NULL AND deleted_at IS NULL')
}

/** A name that is held for a container which does not exist is freed by a restart of the daemon alone (spec 6, row 6: "condition if it stays"). */
async function freeNames({ world, games }: Stage): Promise<void> {
  const isHeld = (game: string): boolean => {
    const holder = world.daemon.world.nameHolder(nameOf({ world }, game))
    return holder !== undefined && world.daemon.world.container(holder) === undefined
  }
  if (!games.some(isHeld)) return
  world.daemon.restart({ downMs: 1_000, isGraceful: true, isLiveRestore: true })
  await world.pass(2_000)
}

async function tidy({ world, games }: Stage, { id, name, status, config, hostConfig }: Container): Promise<void> {
  if (status === 'paused') await world.docker('POST', `/containers/${id}/unpause`)
  const isHolder = games.some((game) => nameOf({ world }, game) === name) && config.Labels?.['com.galaxy.owner'] === undefined
  const isOther = config.Labels?.['com.galaxy.deployment'] === '00000000-0000-4000-8000-000000000000'
  if (isHolder || isOther || hostConfig.AutoRemove) await world.docker('DELETE', `/containers/${id}?force=1`)
}

/** The accepted schedule of a game whose last row is refused stays in force, and its turns would never come to rest. */
export async function stopTicking(world: ChaosWorld): Promise<void> {
  await world.sql(`
    UPDATE desired_games SET state = 'stopped', stop_reason = 'timeout'
     WHERE state = 'running' AND deleted_at IS NULL
       AND game_id IN (SELECT game_id FROM runtime_records WHERE status <> 'removed' AND turn_schedule IS NOT NULL)`)
}
