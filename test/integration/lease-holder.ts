import { sql, type Transaction } from 'kysely'
import { acquireLease } from '../../src/database/lease.ts'
import type { DatabasePool } from '../../src/database/pool.ts'
import type { Database } from '../../src/database/tables.ts'

/** Writes what only the active controller may write. */
export type WriteAsHolder = (write: (term: Transaction<Database>) => Promise<unknown>) => Promise<void>

/** Takes the lease of a database that nobody else drives. */
export async function leaseHolder({ db }: DatabasePool): Promise<WriteAsHolder> {
  const epoch = await acquireLease(db, { instance: 'test', holder: 'test', ttlMs: 600_000, staleAfterMs: 30_000 })
  return (write) =>
    db.transaction().execute(async (term) => {
      await sql`SELECT set_config('galaxy.instance', 'test', true), set_config('galaxy.lease_epoch', ${String(epoch)}, true)`.execute(term)
      await write(term)
    })
}
