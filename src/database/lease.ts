import { type Kysely, sql } from 'kysely'
import type { Database } from './tables.ts'

export interface LeaseRequest {
  readonly instance: string
  /** Who asks, for operators' eyes: host and process. */
  readonly holder: string
  readonly ttlMs: number
  /** Age from which a status reads `Unknown` (S8). */
  readonly staleAfterMs: number
}

/**
 * Takes the instance's lease when it is free or has expired, and begins a new epoch; null while somebody else holds it.
 * Waits for writes of the former holder that are already in flight. All times are the database's.
 */
export async function acquireLease(db: Kysely<Database>, request: LeaseRequest): Promise<number | null> {
  const { rows } = await sql<{ epoch: number | null }>`
    SELECT galaxy_acquire_lease(${request.instance}, ${request.holder}, ${milliseconds(request.ttlMs)},
      ${milliseconds(request.staleAfterMs)}) AS epoch`.execute(db)
  return rows[0]?.epoch ?? null
}

/** False: the term is over. An expired lease is never revived, even if nobody has taken it yet. */
export async function renewLease(
  db: Kysely<Database>,
  {
    instance,
    epoch,
    ttlMs,
    testimony,
  }: {
    readonly instance: string
    readonly epoch: number
    readonly ttlMs: number
    /** Null vouches for nothing; what an earlier renewal vouched for stays, and grows old. */
    readonly testimony: { readonly unseen: readonly string[] } | null
  },
): Promise<boolean> {
  const result = await db
    .updateTable('controller_leases')
    .set({
      expires_at: sql`clock_timestamp() + ${milliseconds(ttlMs)}`,
      renewed_at: sql`clock_timestamp()`,
      ...(testimony !== null && { observed_at: sql`clock_timestamp()`, unseen_games: [...testimony.unseen] }),
    })
    .where('instance', '=', instance)
    .where('epoch', '=', epoch)
    .where('expires_at', '>', sql<Date>`clock_timestamp()`)
    .executeTakeFirst()
  return result.numUpdatedRows > 0n
}

/** Lets a standby take over at once; does nothing when the term is over already. */
export async function releaseLease(db: Kysely<Database>, term: { readonly instance: string; readonly epoch: number }): Promise<void> {
  await db
    .updateTable('controller_leases')
    .set({ expires_at: sql`'-infinity'` })
    .where('instance', '=', term.instance)
    .where('epoch', '=', term.epoch)
    .execute()
}

/** The database is driven by another instance, or by none that this release could bind. */
export class InstanceError extends Error {
  override readonly name = 'InstanceError'
}

/**
 * Binds the database to its one instance, the first that asks, and returns the deployment's id.
 *
 * @throws InstanceError when another instance is bound
 */
export async function bindInstance(db: Kysely<Database>, instance: string): Promise<string> {
  const bound = await db.updateTable('deployment').set({ instance }).where('instance', 'is', null).returning(['id']).executeTakeFirst()
  if (bound !== undefined) return bound.id
  const deployment = await db.selectFrom('deployment').select(['id', 'instance']).executeTakeFirstOrThrow()
  if (deployment.instance !== instance) {
    throw new InstanceError(
      `this database belongs to instance "${deployment.instance}", not "${instance}": give each instance a database of its own`,
    )
  }
  return deployment.id
}

function milliseconds(durationMs: number) {
  return sql`make_interval(secs => ${durationMs / 1000}::double precision)`
}
