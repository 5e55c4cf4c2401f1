import fc from 'fast-check'
import { type Kysely, sql } from 'kysely'
import { v4 as uuidv4 } from 'uuid'
import { expect } from 'vitest'
import { classifyDatabaseError } from '../../src/database/errors.ts'
import type { Database } from '../../src/database/tables.ts'
import type { RuntimeRecord } from '../../src/model/record.ts'
import { checkRecord } from '../../src/record/validity.ts'
import { describeOnEachPostgres } from '../support/postgres-majors.ts'
import { storeTest } from './record-store-fixture.ts'

/** Few moments, so that order and equality are both common. */
const moment = fc.integer({ min: 0, max: 3 }).map((minute) => new Date(Date.UTC(2026, 0, 1, 12, minute)))
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { freq: 3 })
const filled = fc.oneof({ weight: 12, arbitrary: fc.constant('x') }, { weight: 1, arbitrary: fc.constant('') })

const anyRecord: fc.Arbitrary<RuntimeRecord> = fc.record({
  uid: fc.constant(null).map(() => uuidv4()),
  gameId: filled,
  status: fc.constantFrom(
    ...([
      'starting',
      'running',
      'generation_in_progress',
      'generation_failed',
      'stopped',
      'engine_unreachable',
      'finished',
      'removed',
    ] as const),
  ),
  containerId: maybe(fc.constant('c')),
  imageRef: maybe(fc.constant('i')),
  imageId: fc.constant(null),
  engineVersion: fc.constant(null),
  endpoint: filled,
  statePath: filled,
  network: filled,
  limits: fc.constant(null),
  turnSchedule: fc.constant(null),
  timeZone: fc.constant(null),
  ticksAfter: fc.constant(null),
  currentTurn: maybe(fc.nat(9)),
  skipNextTick: fc.boolean(),
  paused: fc.boolean(),
  pausedAt: maybe(moment),
  health: fc.constantFrom('ok', 'unknown'),
  startedAt: maybe(moment),
  stoppedAt: maybe(moment),
  finishedAt: maybe(moment),
  finishedGeneration: maybe(fc.nat(9)),
  removedAt: maybe(moment),
  lastOpAt: moment,
  createdAt: moment,
})

describeOnEachPostgres('the model’s rules for a record', (serverUrl) => {
  const it = storeTest(serverUrl)

  it('refuse exactly what the CHECK constraints refuse', async ({ term }) => {
    const seen = { valid: 0, invalid: 0 }
    await fc.assert(
      fc.asyncProperty(anyRecord, async (record) => {
        const isValid = checkRecord(record).length === 0
        seen[isValid ? 'valid' : 'invalid'] += 1
        expect(await databaseTakes(term.db, record), checkRecord(record).join('; ')).toBe(isValid)
      }),
      { numRuns: 500 },
    )
    expect(Math.min(seen.valid, seen.invalid)).toBeGreaterThan(20)
  })
})

/** Written past the store, which would refuse an invalid record itself. */
async function databaseTakes(db: Kysely<Database>, record: RuntimeRecord): Promise<boolean> {
  const insert = db.insertInto('runtime_records').values({
    uid: record.uid,
    game_id: record.gameId,
    status: record.status,
    current_container_id: record.containerId,
    current_image_ref: record.imageRef,
    engine_endpoint: record.endpoint,
    state_path: record.statePath,
    docker_network: record.network,
    paused: record.paused,
    paused_at: record.pausedAt,
    started_at: record.startedAt,
    stopped_at: record.stoppedAt,
    finished_at: record.finishedAt,
    removed_at: record.removedAt,
    last_op_at: record.lastOpAt,
    created_at: record.createdAt,
  })
  const error: unknown = await insert.execute().then(
    () => null,
    (thrown: unknown) => thrown,
  )
  if (error === null) {
    await sql`DELETE FROM runtime_records WHERE uid = ${record.uid}`.execute(db)
    return true
  }
  const failure = classifyDatabaseError(error)
  if (failure.kind !== 'invalid') throw new Error('not refused by a CHECK', { cause: error })
  return false
}
