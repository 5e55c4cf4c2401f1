import { type Kysely, sql } from 'kysely'
import { openPool } from '../database/pool.ts'
import type { Database } from '../database/tables.ts'
import { readAdopted } from '../desired/adopted-deployments.ts'

/** What a database says of the deployment it drives. */
export interface Deployment {
  readonly id: string
  /** The instance it is bound to; null before the first controller. */
  readonly instance: string | null
  /** Who holds the lease now; null when nobody does. */
  readonly activeHolder: string | null
  /** Other deployments whose containers are this one's by now. */
  readonly adopted: ReadonlySet<string>
  /** Games that may have a container by what the controller wrote last. */
  readonly gamesWithContainer: number
}

/** Null when the database has no schema of ours yet. */
export async function readDeployment(url: string, instance: string): Promise<Deployment | null> {
  const { db, close } = openPool({ url, applicationName: 'galaxy-cli', max: 1 })
  try {
    const { rows } = await sql<{ name: string | null }>`SELECT to_regclass('deployment')::text AS name`.execute(db)
    if ((rows[0]?.name ?? null) === null) return null
    const deployment = await db.selectFrom('deployment').select(['id', 'instance']).executeTakeFirst()
    const lease = await db
      .selectFrom('controller_leases')
      .select('holder')
      .where('instance', '=', instance)
      .where('expires_at', '>', sql<Date>`clock_timestamp()`)
      .executeTakeFirst()
    if (deployment === undefined) return null
    const adopted = new Set(await readAdopted(db))
    return { ...deployment, adopted, activeHolder: lease?.holder ?? null, gamesWithContainer: await countGamesWithContainer(db) }
  } finally {
    await close()
  }
}

/** An open operation may have made one that no record names yet. */
async function countGamesWithContainer(db: Kysely<Database>): Promise<number> {
  const { rows } = await sql<{ games: number }>`
    SELECT count(*) AS games FROM (
      SELECT game_id FROM runtime_records WHERE status <> 'removed' AND current_container_id IS NOT NULL
      UNION SELECT game_id FROM operation_log WHERE status = 'running') AS found`.execute(db)
  return rows[0]?.games ?? 0
}
