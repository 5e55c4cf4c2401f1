import { type Kysely, sql } from 'kysely'
import type { Database } from '../database/tables.ts'
import type { VersionKey } from './versions.ts'

/** The document of the watched folder that declares an engine version, and so has it back after every other writer. */
export interface VersionHolder {
  /** `manifests/engine-versions.yaml:9`. */
  readonly place: string
  /** Null where the document does not name it: then it is the operators' alone. */
  readonly enabled: boolean | null
}

/** By `engine/version`, as the active controller last read the folder. */
export async function versionHolders(db: Kysely<Database>): Promise<ReadonlyMap<string, VersionHolder>> {
  const rows = await db
    .selectFrom('manifest_documents as d')
    .innerJoin('manifest_roots as r', 'r.root', 'd.root')
    .select(['d.name', 'd.root', 'd.path', 'd.line', sql<string | null>`d.document #>> '{spec,enabled}'`.as('enabled')])
    .where('d.kind', '=', 'EngineVersion')
    .where('d.missing_since', 'is', null)
    .execute()
  return new Map(
    rows.map(({ name, root, path, line, enabled }) => [
      name,
      { place: `${root}/${path}:${line}`, enabled: enabled === null ? null : enabled === 'true' },
    ]),
  )
}

/** What the folder will do about a change that somebody else has made, in an operator's words; null for nothing. */
export function enforcementWarning(
  holder: VersionHolder | undefined,
  { engine, version }: VersionKey,
  change: { readonly kind: 'replaced' | 'deleted' } | { readonly kind: 'switched'; readonly enabled: boolean },
): string | null {
  if (holder === undefined) return null
  const declares = `${holder.place} declares engine version ${engine} ${version}`
  switch (change.kind) {
    case 'replaced':
      return `${declares}, so the watched folder sets it back to what stands there; change it there instead`
    case 'deleted':
      return `${declares}, so the watched folder registers it again; take the document out of it to be rid of the version`
    case 'switched':
      if (holder.enabled === null || holder.enabled === change.enabled) return null
      return `${declares} with enabled: ${holder.enabled}, so the watched folder sets it back; change it there instead`
  }
}
