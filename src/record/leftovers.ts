import { type Kysely, sql } from 'kysely'
import type { Database } from '../database/tables.ts'

/** Which of the given ids this deployment's history knows. */
export interface KnownLeftovers {
  /** Those of removed records. */
  readonly containerIds: ReadonlySet<string>
  /** Those of our operation log. */
  readonly operationIds: ReadonlySet<string>
}

/** Tells our own leftovers from orphans that may be adopted (spec 3, "Plan"); ids that are no uuid are nobody's. */
export async function knownLeftovers(
  db: Kysely<Database>,
  asked: { readonly containerIds: readonly string[]; readonly operationIds: readonly string[] },
): Promise<KnownLeftovers> {
  const { rows } = await sql<{ kind: 'container' | 'operation'; id: string }>`
    SELECT 'container' AS kind, current_container_id AS id FROM runtime_records
     WHERE status = 'removed' AND current_container_id = ANY(${asked.containerIds}::text[])
    UNION
    SELECT 'operation', operation_id::text FROM operation_log WHERE operation_id = ANY(${asked.operationIds.filter(isUuid)}::uuid[])`.execute(
    db,
  )
  const idsOf = (kind: string) => new Set(rows.filter((row) => row.kind === kind).map((row) => row.id))
  return { containerIds: idsOf('container'), operationIds: idsOf('operation') }
}

/** As our labels carry them; a forged label must not break the query. */
function isUuid(id: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id)
}
