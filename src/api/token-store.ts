import { type Kysely, type Selectable, sql } from 'kysely'
import { v7 as uuid } from 'uuid'
import type { ApiTokensTable } from '../database/token-table.ts'
import { prepared } from '../database/prepared.ts'
import type { Database } from '../database/tables.ts'
import { type Role, ROLES } from '../model/role.ts'
import { isSameHash } from './token.ts'

/** A token as the doors show it; the secret itself is nowhere. */
export type TokenAnswer = ReturnType<typeof toAnswer>

export interface NewToken {
  readonly name: string
  readonly role: Role
  readonly hash: Buffer
  /** Null: it does not expire. */
  readonly lifetimeS: number | null
  /** Name of the token that asks. */
  readonly createdBy: string
}

/** @returns null where a token of this name is there already, expired or not */
export async function createTokenRow(db: Kysely<Database>, token: NewToken): Promise<TokenAnswer | null> {
  const { name, role, hash, lifetimeS, createdBy } = token
  const row = await db
    .insertInto('api_tokens')
    .values({ id: uuid(), name, role, hash, created_by: createdBy, expires_at: lifetimeS === null ? null : expiryIn(lifetimeS) })
    .onConflict((target) => target.columns(['name']).where('revoked_at', 'is', null).doNothing())
    .returning(SHOWN)
    .executeTakeFirst()
  return row === undefined ? null : toAnswer(row)
}

/** By the database's clock, which judges it later. */
function expiryIn(lifetimeS: number) {
  return sql<Date>`now() + make_interval(secs => ${lifetimeS})`
}

/** All that were not revoked, by name. */
export async function listTokens(db: Kysely<Database>): Promise<readonly TokenAnswer[]> {
  const rows = await db.selectFrom('api_tokens').select(SHOWN).where('revoked_at', 'is', null).orderBy('name').execute()
  return rows.map(toAnswer)
}

export async function hasToken(db: Kysely<Database>, name: string): Promise<boolean> {
  const row = await db.selectFrom('api_tokens').select('id').where('name', '=', name).where('revoked_at', 'is', null).executeTakeFirst()
  return row !== undefined
}

/** From here on nobody is let in by it, on any controller. @returns whether there was one of this name */
export async function revokeToken(db: Kysely<Database>, name: string, revokedBy: string): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('api_tokens')
    .set({ revoked_at: sql<Date>`now()`, revoked_by: revokedBy })
    .where('name', '=', name)
    .where('revoked_at', 'is', null)
    .executeTakeFirst()
  return numUpdatedRows > 0n
}

export interface KnownToken {
  readonly id: string
  readonly name: string
  readonly role: Role
  /** Null while it holds. */
  readonly expiredAt: Date | null
  /** Whether its last use was recorded within the last minute. */
  readonly isMarkedAsUsed: boolean
}

interface FoundToken extends Pick<Selectable<ApiTokensTable>, 'id' | 'name' | 'role' | 'hash'> {
  readonly expired_at: Date | null
  readonly is_marked: boolean
}

/**
 * Looks a token up by its hash. The time that takes tells nothing: who wants a hash that nearly matches would have to find a
 * preimage of it first. It is compared in constant time all the same.
 *
 * @returns null where there is none, or it was revoked
 */
export async function findToken(db: Kysely<Database>, hash: Buffer): Promise<KnownToken | null> {
  const { rows } = await sql<FoundToken>`${prepared('token')}
    SELECT id, name, role, hash, CASE WHEN expires_at <= now() THEN expires_at END AS expired_at,
           coalesce(last_used_at > now() - interval '1 minute', false) AS is_marked
      FROM api_tokens WHERE hash = ${hash} AND revoked_at IS NULL`.execute(db)
  const [row] = rows
  const role = ROLES.find((each) => each === row?.role)
  if (row === undefined || role === undefined || !isSameHash(row.hash, hash)) return null
  return { id: row.id, name: row.name, role, expiredAt: row.expired_at, isMarkedAsUsed: row.is_marked }
}

/** Those of the given ids that are neither revoked nor expired. */
export async function tokensInForce(db: Kysely<Database>, ids: readonly string[]): Promise<ReadonlySet<string>> {
  const rows = await db
    .selectFrom('api_tokens')
    .select('id')
    .where('id', '=', sql<string>`ANY(${ids}::uuid[])`)
    .where('revoked_at', 'is', null)
    .where(sql<boolean>`coalesce(expires_at > now(), true)`)
    .execute()
  return new Set(rows.map(({ id }) => id))
}

/** Once a minute at most, however many requests find that it is due. */
export async function markAsUsed(db: Kysely<Database>, id: string): Promise<void> {
  await db
    .updateTable('api_tokens')
    .set({ last_used_at: sql<Date>`now()` })
    .where('id', '=', id)
    .where(sql<boolean>`last_used_at IS NULL OR last_used_at <= now() - interval '1 minute'`)
    .execute()
}

const SHOWN = ['name', 'role', 'created_at', 'created_by', 'expires_at', 'last_used_at'] as const

function toAnswer(row: Pick<Selectable<ApiTokensTable>, (typeof SHOWN)[number]>) {
  return {
    name: row.name,
    role: row.role,
    createdAt: row.created_at,
    createdBy: row.created_by,
    expiresAt: row.expires_at,
    lastUsedAt: row.last_used_at,
  }
}
