import type { Kysely } from 'kysely'
import { z } from 'zod'
import type { Database } from '../../database/tables.ts'
import type { ImagePolicy } from '../../desired/resolve-image.ts'
import { readVersions } from '../../desired/rows.ts'
import { askedBy } from '../access.ts'
import { applied, diff, manifestList, pruned } from '../answers/manifest.ts'
import { versionRowList } from '../answers/version.ts'
import { applyFiles, type DocumentResult } from '../apply-files.ts'
import { planOf } from '../plan-of.ts'
import type { ControllerView, PlanAnswer } from '../ports.ts'
import { ApiProblem } from '../problem.ts'
import { listManifests } from '../reads/manifests.ts'
import { dryRunQuery, noQuery } from '../requests.ts'
import type { ApiServer } from '../server.ts'

export interface ManifestRouteOptions {
  readonly db: Kysely<Database>
  readonly view: ControllerView
  readonly policy: ImagePolicy
  /** Ends a long reading of many files. */
  readonly signal: AbortSignal
}

export interface ApplyAnswer {
  readonly kind: 'ApplyResult'
  readonly dryRun: boolean
  readonly results: readonly DocumentResult[]
}

export interface DiffAnswer {
  readonly kind: 'DiffResult'
  readonly differs: boolean
  /** `plan` is null for what is no game, what changes nothing, and while this controller is on standby. */
  readonly results: readonly (DocumentResult & { readonly plan: PlanAnswer | null })[]
}

const MANIFESTS_LIMIT_BYTES = 16 * 1024 ** 2
const MAX_FILES = 10_000

const file = z
  .strictObject({
    path: z.string().min(1).max(1_000).describe('As the sender names it, for messages.'),
    location: z.string().max(4_096).optional().describe('Where it really lies, if this controller may watch it.'),
    text: z.string().describe('YAML, one document or several.'),
  })
  .meta({ id: 'ManifestFile', examples: [{ path: 'games.yaml', text: 'apiVersion: galaxy.dev/v1alpha1\nkind: Game\n…' }] })
const files = z.array(file).min(1).max(MAX_FILES)

export function manifestRoutes(app: ApiServer, options: ManifestRouteOptions): void {
  readRoutes(app, options.db)
  applyRoute(app, options)
  diffRoute(app, options)
  pruneRoute(app, options)
}

function readRoutes(app: ApiServer, db: Kysely<Database>): void {
  const list = {
    operationId: 'listManifests',
    tags: ['manifests'],
    summary: 'The watched folder, its files with their problems, and what waits to be deleted',
    querystring: noQuery,
    response: { 200: manifestList },
  } as const
  app.get('/manifests', { config: { needs: 'viewer' }, schema: list }, async () => ({
    kind: 'ManifestList' as const,
    ...(await listManifests(db)),
  }))

  const versions = {
    operationId: 'listVersions',
    tags: ['versions'],
    summary: 'The registry’s rows',
    querystring: noQuery,
    response: { 200: versionRowList },
  } as const
  app.get('/versions', { config: { needs: 'viewer' }, schema: versions }, async () => {
    const { versions, problems } = await readVersions(db)
    return { kind: 'EngineVersionList' as const, metadata: { continue: null }, items: versions, problems }
  })
}

function applyRoute(app: ApiServer, { db, policy, signal }: ManifestRouteOptions): void {
  const apply = {
    operationId: 'applyManifests',
    tags: ['manifests'],
    summary: 'Applies all documents of all files; a refused one stops no other',
    querystring: noQuery,
    body: z.strictObject({ files, force: z.boolean().default(false), dryRun: z.boolean().default(false) }),
    response: { 200: applied },
    refuses: ['conflict'],
  } as const
  app.post(
    '/manifests/apply',
    { config: { needs: 'operator' }, bodyLimit: MANIFESTS_LIMIT_BYTES, schema: apply },
    async ({ body, caller, id }): Promise<ApplyAnswer> => {
      const { results } = await applyFiles(db, policy, { ...body, askedBy: askedBy({ caller, id }) }, signal)
      return { kind: 'ApplyResult' as const, dryRun: body.dryRun, results }
    },
  )
}

function diffRoute(app: ApiServer, { db, view, policy, signal }: ManifestRouteOptions): void {
  const difference = {
    operationId: 'diffManifests',
    tags: ['manifests'],
    summary: 'What applying would change, and what the controller would do then',
    querystring: noQuery,
    body: z.strictObject({ files, force: z.boolean().default(false) }),
    response: { 200: diff },
    refuses: ['conflict'],
  } as const
  app.post(
    '/manifests/diff',
    { config: { needs: 'operator' }, bodyLimit: MANIFESTS_LIMIT_BYTES, schema: difference },
    async ({ body, caller, id }): Promise<DiffAnswer> => {
      const asked = { ...body, dryRun: true, askedBy: askedBy({ caller, id }) }
      const { results, documents } = await applyFiles(db, policy, asked, signal)
      const withPlans: (DocumentResult & { plan: PlanAnswer | null })[] = []
      for (const [index, result] of results.entries()) {
        const document = documents[index]
        const isDifferent = result.outcome === 'created' || result.outcome === 'changed'
        withPlans.push({ ...result, plan: document !== undefined && isDifferent ? await planOf(db, view, document) : null })
      }
      return { kind: 'DiffResult' as const, differs: results.some(({ outcome }) => outcome !== 'unchanged'), results: withPlans }
    },
  )
}

function pruneRoute(app: ApiServer, { db, view }: ManifestRouteOptions): void {
  const prune = {
    operationId: 'pruneManifests',
    tags: ['manifests'],
    summary: 'Deletes what vanished from the watched folder and waits for a yes',
    querystring: dryRunQuery,
    response: { 200: pruned },
    refuses: ['conflict'],
  } as const
  app.post('/manifests/prune', { config: { needs: 'operator' }, schema: prune }, async ({ query, caller, id }) => {
    const { waiting } = await listManifests(db)
    if (query.dryRun) return { kind: 'PruneResult' as const, deleted: [], waiting }
    if (!view.isLeader()) throw new ApiProblem('service_unavailable', 'this controller is on standby; only the active one prunes')
    return { kind: 'PruneResult' as const, deleted: await view.confirmPrune(askedBy({ caller, id })), waiting: [] }
  })
}
