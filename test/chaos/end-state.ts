import { overlaps } from '../../simulator/judge/overlaps.ts'
import type { ChaosWorld } from './world.ts'

/** What a history has led to, without what differs from one run to another: ids, times, addresses. */
export async function endState(world: ChaosWorld): Promise<unknown> {
  const rows = (text: string) => world.sql(text)
  return {
    containers: world.daemon.world
      .containers()
      .map(({ name, status, config, hostConfig, imageId, mounts }) => ({
        name,
        status,
        imageId,
        limits: [hostConfig.NanoCpus, hostConfig.Memory, hostConfig.PidsLimit],
        labels: Object.fromEntries(Object.entries(config.Labels ?? {}).filter(([label]) => !UNLIKE.has(label))),
        mounts,
      }))
      .toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    folders: [...world.stateFolders],
    desired: await rows('SELECT game_id, engine_version, state, paused, managed_by, generation::int FROM desired_games ORDER BY game_id'),
    records: await rows(`
      SELECT game_id, status, current_engine_version, current_turn, paused, skip_next_tick, applied_resources, engine_health
        FROM runtime_records ORDER BY game_id, status`),
    status: await rows(`
      SELECT game_id, accepted_generation::int, observed_generation::int, handled_restart_token, handled_turn_token, state_version, state_incarnation::int
        FROM game_status ORDER BY game_id`),
    turns: await rows('SELECT game_id, turn, scheduled_at, turn_token, status FROM turns ORDER BY game_id, turn, scheduled_at'),
    mappings: await rows('SELECT game_id, race_name, engine_player_uuid FROM player_mappings ORDER BY game_id, race_name'),
    done: countOf(world),
    computed: world.computedTurns.map(({ game, incarnation, turn }) => `${game} ${incarnation} ${turn}`).toSorted(),
  }
}

/** How often what was made, started, stopped and removed by the controller's calls: nothing of it twice. */
function countOf({ daemon }: ChaosWorld): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const { effect, origin } of daemon.history.since(0)) {
    if (origin.caller !== 'docker' || effect.subject === 'name' || !COUNTED.has(effect.action)) continue
    const key = `${effect.subject} ${effect.action}`
    counts[key] = (counts[key] ?? 0) + 1
  }
  return counts
}

const COUNTED: ReadonlySet<string> = new Set(['create', 'start', 'die', 'destroy', 'rename', 'update', 'pull'])

/** Each run its own. */
const UNLIKE: ReadonlySet<string> = new Set(['com.galaxy.operation_id', 'com.galaxy.started_at_ms', 'com.galaxy.deployment'])

/** What may never be, whatever has happened: two writers of a state folder (S1), a turn computed twice (S6), an intent without its outcome (S4). */
export async function breaches(world: ChaosWorld): Promise<readonly string[]> {
  const computed = world.computedTurns.map(({ game, incarnation, turn }) => `${game} ${incarnation} ${turn}`)
  const twice = computed.filter((turn, at) => computed.indexOf(turn) !== at)
  const open = await world.sql<{ said: string }>(`
    SELECT game_id || ' ' || op || ' is ' || status AS said FROM operation_log WHERE status IN ('queued', 'running')
    UNION ALL SELECT o.game_id || ' ' || a.kind || ' has no outcome' FROM operation_actions a JOIN operation_log o USING (operation_id) WHERE a.outcome IS NULL
    UNION ALL SELECT game_id || ' has an open turn' FROM turns WHERE status = 'in_progress'`)
  return [
    ...overlaps(world.daemon.history.since(0)).map(({ folder }) => `S1: two containers on ${folder}`),
    ...twice.map((turn) => `S6: ${turn} computed twice`),
    ...open.map(({ said }) => `S4: ${said}`),
  ]
}
