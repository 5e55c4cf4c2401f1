import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import { writesAmong } from '../../test/support/settled.ts'
import { type LoadSetting, RESYNC_MS } from './setting.ts'

/** What ten resyncs did (promise L1: nothing at all). */
export interface Silence {
  readonly resyncs: number
  readonly dockerWrites: readonly string[]
  /** Rows inserted, updated and deleted, the lease's own aside. */
  readonly rowsWritten: number
}

const RESYNCS = 10
/** Each begins that much after the one before has ended. */
const LISTS_MS = 5_000
/** A database backend tells of its last statements within a second, once it rests. */
const STATISTICS_MS = 2_000

const callsShape = z.array(z.object({ caller: z.string(), kind: z.string(), atMs: z.number() }))

export async function tenSilentResyncs(setting: LoadSetting): Promise<Silence> {
  const { simulator, signal } = setting
  await delay(STATISTICS_MS, undefined, { signal })
  const fromMs = Date.now()
  const rowsBefore = await rowsWritten(setting)
  await delay(RESYNCS * RESYNC_MS + LISTS_MS, undefined, { signal })
  const rowsAfter = await rowsWritten(setting)
  const calls = callsShape
    .parse(await simulator.control('GET', 'calls'))
    .filter(({ caller, atMs }) => caller === 'docker' && atMs >= fromMs)
  const kinds = calls.map(({ kind }) => kind)
  return {
    resyncs: kinds.filter((kind) => kind === 'container_list').length,
    dockerWrites: writesAmong(kinds),
    rowsWritten: rowsAfter - rowsBefore,
  }
}

async function rowsWritten({ database }: LoadSetting): Promise<number> {
  const { rows } = await database.pool.query<{ count: number }>(
    "SELECT sum(n_tup_ins + n_tup_upd + n_tup_del)::float8 AS count FROM pg_stat_user_tables WHERE relname <> 'controller_leases'",
  )
  return rows[0]?.count ?? 0
}
