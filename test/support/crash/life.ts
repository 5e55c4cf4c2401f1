import { stat } from 'node:fs/promises'
import path from 'node:path'
import type Docker from 'dockerode'
import { LABEL } from '../../../src/model/labels.ts'
import type { Deployment } from '../deployment.ts'
import type { DockerHistory } from '../docker-history.ts'
import { PLAYERS } from '../reference-engine.ts'

/** One thing asked of a game; together they are a life from the first word to the purge. */
export interface Step {
  readonly name: string
  ask(gameId: string, deployment: Deployment): Promise<unknown>
}

export const LIFE: readonly Step[] = [
  {
    name: 'start',
    ask: (gameId, { query }) =>
      query("INSERT INTO desired_games (game_id, engine, engine_version, players) VALUES ($1, 'reference', '1.0.0', $2)", [
        gameId,
        JSON.stringify(PLAYERS),
      ]),
  },
  { name: 'turn', ask: (gameId, { query }) => query("UPDATE desired_games SET turn_token = 'one' WHERE game_id = $1", [gameId]) },
  { name: 'resize', ask: (gameId, { query }) => query("UPDATE desired_games SET memory = '300Mi' WHERE game_id = $1", [gameId]) },
  { name: 'patch', ask: (gameId, { query }) => query("UPDATE desired_games SET engine_version = '1.0.1' WHERE game_id = $1", [gameId]) },
  { name: 'restart', ask: (gameId, { query }) => query("UPDATE desired_games SET restart_token = 'one' WHERE game_id = $1", [gameId]) },
  {
    name: 'stop',
    ask: (gameId, { query }) =>
      query("UPDATE desired_games SET state = 'stopped', stop_reason = 'admin_request' WHERE game_id = $1", [gameId]),
  },
  {
    name: 'start again',
    ask: (gameId, { query }) => query("UPDATE desired_games SET state = 'running' WHERE game_id = $1", [gameId]),
  },
  {
    name: 'delete with its state',
    ask: (gameId, { query }) => query('UPDATE desired_games SET deleted_at = now(), purge_state = true WHERE game_id = $1', [gameId]),
  },
]

/**
 * All that is to be the same whether or not the controller was killed: containers, database, engine, folder, and what
 * Docker did. Games are told apart by nothing in it.
 */
export async function stateOf(gameId: string, deployment: Deployment, history: DockerHistory): Promise<string> {
  const containers = (await deployment.containers()).filter(({ Labels }) => Labels[LABEL.gameId] === gameId)
  const inspected = await Promise.all(containers.map(({ Id }) => containerState(deployment.docker, Id).catch(() => 'going')))
  const [database] = await deployment.query<{ state: unknown }>(STATE, [gameId])
  const isKept = await stat(path.join(deployment.config.state.root, gameId)).then(
    () => true,
    () => false,
  )
  const docker = history.events.filter((event) => event.gameId === gameId && TOLD.has(event.action)).map(({ action }) => action)
  return JSON.stringify({ containers: inspected, database: database?.state, isKept, docker }, null, 1).replaceAll(gameId, 'GAME')
}

/** What Docker tells of our calls; a container's own death comes with each stop. */
const TOLD: ReadonlySet<string> = new Set(['create', 'start', 'stop', 'kill', 'die', 'destroy', 'rename', 'update'])

async function containerState(docker: Docker, id: string): Promise<unknown> {
  const container = docker.getContainer(id)
  const { Name, State, Config, HostConfig, NetworkSettings } = await container.inspect()
  const log = await container.logs({ stdout: true, stderr: true })
  const { [LABEL.operationId]: _operation, [LABEL.startedAtMs]: _started, [LABEL.specHash]: _hashesItsName, ...labels } = Config.Labels
  return {
    name: Name,
    status: State.Status,
    image: Config.Image,
    labels,
    memory: HostConfig.Memory,
    networks: Object.keys(NetworkSettings.Networks),
    engine: ['game initialised', 'turn computed'].map((event) => `${event} ${log.toString('latin1').split(event).length - 1}`),
  }
}

const STATE = `SELECT jsonb_build_object(
  'wishes', (SELECT count(*) FROM desired_games WHERE game_id = $1),
  'records', (SELECT jsonb_agg(jsonb_build_object('status', status, 'image', current_image_ref, 'version', current_engine_version, 'turn', current_turn,
      'health', engine_health, 'limits', applied_resources, 'paused', paused, 'skips', skip_next_tick)) FROM runtime_records WHERE game_id = $1),
  'status', (SELECT jsonb_agg(jsonb_build_object('accepted', accepted_generation, 'observed', observed_generation, 'restart', handled_restart_token,
      'turn', handled_turn_token, 'backoff', backoff, 'wrote', state_version, 'incarnation', state_incarnation,
      'conditions', (SELECT jsonb_object_agg(c ->> 'type', concat_ws(' ', c ->> 'status', c ->> 'reason')) FROM jsonb_array_elements(conditions) AS c)))
    FROM game_status WHERE game_id = $1),
  'operations', (SELECT jsonb_agg(concat_ws(' ', op || coalesce('/' || op_detail, ''), status, error_code, source) ORDER BY operation_id)
    FROM operation_log WHERE game_id = $1),
  'open', (SELECT count(*) FROM operation_actions JOIN operation_log USING (operation_id) WHERE game_id = $1 AND outcome IS NULL),
  'turns', (SELECT jsonb_agg(concat_ws(' ', turn, turns.status, turn_token, attempts) ORDER BY id) FROM turns WHERE game_id = $1),
  'snapshots', (SELECT jsonb_agg(turn ORDER BY id) FROM health_snapshots WHERE game_id = $1),
  'players', (SELECT jsonb_agg(race_name ORDER BY race_name) FROM player_mappings WHERE game_id = $1),
  'events', (SELECT jsonb_agg(type ORDER BY id) FROM health_events WHERE game_id = $1),
  'outbox', (SELECT jsonb_agg(type ORDER BY id) FROM outbox WHERE game_id = $1)
) AS state`
