import { sql } from 'kysely'
import { storableJson } from '../database/storable.ts'
import type { RuntimeRecord } from '../model/record.ts'
import type { Part } from './statement.ts'
import { checkRecord } from './validity.ts'

/**
 * Inserts the record or overwrites the one of its uid. A
 * removed record that is written again as removed stays as it is, so that a write whose answer was lost can be repeated.
 *
 * @throws Error when the record breaks a rule of the model: a bug of the caller
 */
export function recordPart(record: RuntimeRecord): Part {
  const problems = checkRecord(record)
  if (problems.length > 0) throw new Error(`record of game ${record.gameId} is invalid: ${problems.join('; ')}`)
  return {
    name: 'written_record',
    query: sql`
      INSERT INTO runtime_records (uid, game_id, status, current_container_id, current_image_ref, current_image_id,
        current_engine_version, engine_endpoint, state_path, docker_network, applied_resources, turn_schedule,
        time_zone, ticks_after, current_turn, skip_next_tick, paused, paused_at, engine_health, started_at, stopped_at,
        finished_at, finished_generation, removed_at, last_op_at, created_at, updated_at)
      VALUES (${record.uid}, ${record.gameId}, ${record.status}, ${record.containerId}, ${record.imageRef}, ${record.imageId},
        ${record.engineVersion}, ${record.endpoint}, ${record.statePath}, ${record.network}, ${storableJson(record.limits)},
        ${record.turnSchedule}, ${record.timeZone}, ${record.ticksAfter}, ${record.currentTurn}, ${record.skipNextTick},
        ${record.paused}, ${record.pausedAt}, ${record.health}, ${record.startedAt}, ${record.stoppedAt},
        ${record.finishedAt}, ${record.finishedGeneration}, ${record.removedAt}, ${record.lastOpAt}, ${record.createdAt},
        clock_timestamp())
      ON CONFLICT (uid) DO UPDATE SET
        status = EXCLUDED.status, current_container_id = EXCLUDED.current_container_id,
        current_image_ref = EXCLUDED.current_image_ref, current_image_id = EXCLUDED.current_image_id,
        current_engine_version = EXCLUDED.current_engine_version, engine_endpoint = EXCLUDED.engine_endpoint,
        state_path = EXCLUDED.state_path, docker_network = EXCLUDED.docker_network,
        applied_resources = EXCLUDED.applied_resources, turn_schedule = EXCLUDED.turn_schedule,
        time_zone = EXCLUDED.time_zone, ticks_after = EXCLUDED.ticks_after, current_turn = EXCLUDED.current_turn,
        skip_next_tick = EXCLUDED.skip_next_tick, finished_generation = EXCLUDED.finished_generation, paused = EXCLUDED.paused,
        paused_at = EXCLUDED.paused_at, engine_health = EXCLUDED.engine_health, started_at = EXCLUDED.started_at,
        stopped_at = EXCLUDED.stopped_at, finished_at = EXCLUDED.finished_at, removed_at = EXCLUDED.removed_at,
        last_op_at = EXCLUDED.last_op_at, created_at = EXCLUDED.created_at, updated_at = EXCLUDED.updated_at
      WHERE NOT (runtime_records.status = 'removed' AND EXCLUDED.status = 'removed')`,
  }
}
