import type { Kysely } from 'kysely'
import { z } from 'zod'
import type { Database } from '../../database/tables.ts'
import type { ImagePolicy } from '../../desired/resolve-image.ts'
import { readVersions } from '../../desired/rows.ts'
import { askedBy } from '../access.ts'
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

const files = z
  .array(z.strictObject({ path: z.string().min(1).max(1_000), location: z.string().max(4_096).optional(), text: z.string() }))
  .min(1)
  .max(MAX_FILES)

export function manifestRoutes(app: ApiServer, { db, view, policy, signal }: ManifestRouteOptions): void {
  app.get('/manifests', { config: { needs: 'viewer' }, schema: { querystring: noQuery } }, async () => ({
    kind: 'ManifestList',
    ...(await listManifests(db)),
  }))

  app.get('/versions', { config: { needs: 'viewer' }, schema: { querystring: noQuery } }, async () => {
    const { versions, problems } = await readVersions(db)
    return { kind: 'EngineVersionList', metadata: { continue: null }, items: versions, problems }
  })

  const applyBody = z.strictObject({ files, force: z.boolean().default(false), dryRun: z.boolean().default(false) })
  app.post(
    '/manifests/apply',
    { config: { needs: 'operator' }, bodyLimit: MANIFESTS_LIMIT_BYTES, schema: { querystring: noQuery, body: applyBody } },
    async ({ body, caller, id }): Promise<ApplyAnswer> => {
      const { results } = await applyFiles(db, policy, { ...body, askedBy: askedBy({ caller, id }) }, signal)
      return { kind: 'ApplyResult', dryRun: body.dryRun, results }
    },
  )

  const diffBody = z.strictObject({ files, force: z.boolean().default(false) })
  app.post(
    '/manifests/diff',
    { config: { needs: 'operator' }, bodyLimit: MANIFESTS_LIMIT_BYTES, schema: { querystring: noQuery, body: diffBody } },
    async ({ body, caller, id }): Promise<DiffAnswer> => {
      const asked = { ...body, dryRun: true, askedBy: askedBy({ caller, id }) }
      const { results, documents } = await applyFiles(db, policy, asked, signal)
      const withPlans: (DocumentResult & { plan: PlanAnswer | null })[] = []
      for (const [index, result] of results.entries()) {
        const document = documents[index]
        const isDifferent = result.outcome === 'created' || result.outcome === 'changed'
        withPlans.push({ ...result, plan: document !== undefined && isDifferent ? await planOf(db, view, document) : null })
      }
      return { kind: 'DiffResult', differs: results.some(({ outcome }) => outcome !== 'unchanged'), results: withPlans }
    },
  )

  app.post('/manifests/prune', { config: { needs: 'operator' }, schema: { querystring: dryRunQuery } }, async ({ query, caller, id }) => {
    const { waiting } = await listManifests(db)
    if (query.dryRun) return { kind: 'PruneResult', deleted: [], waiting }
    if (!view.isLeader()) throw new ApiProblem('service_unavailable', 'this controller is on standby; only the active one prunes')
    return { kind: 'PruneResult', deleted: await view.confirmPrune(askedBy({ caller, id })), waiting: [] }
  })
}
