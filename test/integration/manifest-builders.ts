import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { sql } from 'kysely'
import { acquireLease } from '../../src/database/lease.ts'
import { type DatabasePool, openPool } from '../../src/database/pool.ts'
import type { ManifestDocument } from '../../src/desired/manifest/document.ts'
import { parseManifest } from '../../src/desired/manifest/parse.ts'
import { createRescan, type FolderReport } from '../../src/desired/manifest/rescan.ts'
import type { PruneMode } from '../../src/desired/manifest/prune-decision.ts'
import { type FreshDatabase, freshDatabase } from '../support/postgres.ts'

export const POLICY = { imageTemplate: 'galaxy-engine:{version}', allowedRegistries: null }

/** One game's document; `spec` in YAML's flow form, e.g. `engineVersion: 1.0.0, paused: true`. */
export function game(name: string, spec = 'engineVersion: 1.0.0'): string {
  return `apiVersion: galaxy.dev/v1alpha1\nkind: Game\nmetadata: {name: ${name}}\nspec: {${spec}}\n`
}

export function version(number: string, spec = ''): string {
  return `apiVersion: galaxy.dev/v1alpha1\nkind: EngineVersion\nmetadata: {name: v${number}}\nspec: {version: ${number}${spec === '' ? '' : `, ${spec}`}}\n`
}

export function documents(...texts: string[]): readonly ManifestDocument[] {
  const parsed = parseManifest(texts.join('---\n'), 'a.yaml', POLICY)
  if (parsed.problems.length > 0) throw new Error(parsed.problems.map(({ message }) => message).join('; '))
  return parsed.documents
}

export interface Setting {
  /** Carries the lease, as the active controller's connection does. */
  readonly term: DatabasePool
  readonly database: FreshDatabase
  end(): Promise<void>
}

export async function openSetting(serverUrl: string): Promise<Setting> {
  const database = await freshDatabase(serverUrl)
  const term = openPool({ url: database.url, applicationName: 'test', max: 3, session: { instance: 'default', leaseEpoch: 1 } })
  await acquireLease(term.db, { instance: 'default', holder: 'test', ttlMs: 600_000, staleAfterMs: 30_000 })
  const end = async () => {
    await term.close()
    await database.drop()
  }
  return { term, database, end }
}

/** Every write of any table of the database, as Postgres counts them, and the desired rows' versions. */
export async function writesOf({ term }: Setting): Promise<string> {
  const { rows } = await sql`SELECT (SELECT jsonb_agg(d.resource_version ORDER BY d.game_id) FROM desired_games d) AS games,
    (SELECT jsonb_agg(xmin::text ORDER BY name) FROM manifest_documents) AS documents,
    (SELECT jsonb_agg(xmin::text ORDER BY path) FROM manifest_files) AS files,
    (SELECT jsonb_agg(xmin::text ORDER BY root) FROM manifest_roots) AS roots,
    (SELECT jsonb_agg(xmin::text ORDER BY version) FROM engine_versions) AS versions`.execute(term.db)
  return JSON.stringify(rows)
}

export interface Folder {
  readonly dir: string
  /** Writes a file whole, as one that was saved a while ago. */
  write(path: string, ...texts: string[]): Promise<void>
  remove(path: string): Promise<void>
  end(): Promise<void>
}

export async function makeFolder(): Promise<Folder> {
  const dir = await mkdtemp(join(tmpdir(), 'galaxy-manifests-'))
  const write = async (path: string, ...texts: string[]) => {
    const file = join(dir, path)
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, texts.join('---\n'))
    const before = new Date(Date.now() - 60_000)
    await utimes(file, before, before)
  }
  return { dir, write, remove: (path) => rm(join(dir, path), { recursive: true }), end: () => rm(dir, { recursive: true, force: true }) }
}

/** The folder's rescans on a clock of the test's own. */
export interface Rescans {
  /** A rescan this many milliseconds after the one before. */
  after(ms: number): Promise<FolderReport>
}

export function startRescans({ term }: Pick<Setting, 'term'>, { dir }: Folder, prune: PruneMode = 'settled'): Rescans {
  let now = 0
  const rescan = createRescan({ dir, rootName: 'root', db: term.db, policy: POLICY, prune, nowMs: () => now })
  return {
    after: (ms) => {
      now += ms
      return rescan(AbortSignal.timeout(60_000))
    },
  }
}
