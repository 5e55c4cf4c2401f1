import type { Kysely } from 'kysely'
import type { Database } from '../database/tables.ts'

/** Other deployments whose containers are this one's by an operator's word. */
export async function readAdopted(db: Kysely<Database>): Promise<readonly string[]> {
  const rows = await db.selectFrom('adopted_deployments').select('id').execute()
  return rows.map(({ id }) => id)
}

/** May be repeated: who asked first stays. */
export async function recordAdopted(db: Kysely<Database>, deployment: string, askedBy: string): Promise<void> {
  await db
    .insertInto('adopted_deployments')
    .values({ id: deployment, adopted_by: askedBy })
    .onConflict((conflict) => conflict.column('id').doNothing())
    .execute()
}
