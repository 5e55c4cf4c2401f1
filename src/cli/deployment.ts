import { sql } from 'kysely'
import { openPool } from '../database/pool.ts'

/** What a database says of the deployment it drives. */
export interface Deployment {
  readonly id: string
  /** The instance it is bound to; null before the first controller. */
  readonly instance: string | null
  /** Who holds the lease now; null when nobody does. */
  readonly activeHolder: string | null
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
    return deployment === undefined ? null : { ...deployment, activeHolder: lease?.holder ?? null }
  } finally {
    await close()
  }
}
