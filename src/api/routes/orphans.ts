import type { Kysely } from 'kysely'
import { z } from 'zod'
import type { Database } from '../../database/tables.ts'
import { recordAdopted } from '../../desired/adopted-deployments.ts'
import type { ImagePolicy } from '../../desired/resolve-image.ts'
import type { Orphan } from '../../model/orphan.ts'
import { askedBy } from '../access.ts'
import { operationDetail, verbDryRun } from '../answers/operation.ts'
import { deploymentAdoption, orphanList } from '../answers/orphan.ts'
import { operationAfter } from '../operation-after.ts'
import type { ControllerView } from '../ports.ts'
import { ApiProblem } from '../problem.ts'
import { askVerb } from '../request-verb.ts'
import { dryRunQuery, gameParams, noQuery } from '../requests.ts'
import type { ApiServer } from '../server.ts'

export interface OrphanRouteOptions {
  readonly db: Kysely<Database>
  readonly view: ControllerView
  readonly policy: ImagePolicy
}

const deploymentParams = z.strictObject({ deployment: z.uuid('is no deployment’s id').describe('The other deployment’s id.') })

/** Containers with our labels that are left alone, and taking them over (ADR 25). */
export function orphanRoutes(app: ApiServer, options: OrphanRouteOptions): void {
  const schema = {
    operationId: 'listOrphans',
    tags: ['games'],
    summary: 'Containers with our labels that are left alone, and how each can be taken over',
    querystring: noQuery,
    response: { 200: orphanList },
  } as const
  app.get('/orphans', { config: { needs: 'viewer' }, schema }, async () => {
    return { kind: 'OrphanList' as const, metadata: { continue: null }, items: await options.view.orphans() }
  })
  adoptGameRoute(app, options)
  adoptDeploymentRoute(app, options)
}

/** What is asked for is what its container says of itself; then it is a game like any other. */
function adoptGameRoute(app: ApiServer, { db, view, policy }: OrphanRouteOptions): void {
  const schema = {
    operationId: 'adoptOrphan',
    tags: ['operator verbs'],
    summary: 'Takes over a game’s container that is left alone: a row is made that asks for what it runs',
    params: gameParams,
    querystring: dryRunQuery,
    response: { 200: verbDryRun, 202: operationDetail },
    refuses: ['not_found', 'conflict', 'start_config_invalid'],
  } as const
  app.post('/admin/orphans/:id/adopt', { config: { needs: 'operator' }, schema }, async ({ params, query, caller, id }, reply) => {
    const { engine, engineVersion: version, image } = adoptable(params.id, await view.orphans())
    const asked = await askVerb(db, view, {
      gameId: params.id,
      verb: { op: 'start', engine, version, imageRef: image },
      door: 'admin',
      askedBy: askedBy({ caller, id }),
      policy,
      ifMatch: null,
      force: false,
      dryRun: query.dryRun,
    })
    if (asked.kind === 'dry_run') return asked.answer
    const operation = await operationAfter(db, asked.operationId, 0, AbortSignal.abort())
    return reply.status(202).header('location', `/api/v1/operations/${asked.operationId}`).send(operation)
  })
}

/** @throws ApiProblem saying what is in the way */
function adoptable(game: string, orphans: readonly Orphan[]): Orphan {
  const found =
    orphans.find((orphan) => orphan.game === game && orphan.deployment === null) ?? orphans.find((orphan) => orphan.game === game)
  if (found === undefined) throw new ApiProblem('not_found', `no container of game ${game} is left alone`)
  const { adoption, container, deployment, why } = found
  if (adoption === 'with_deployment')
    throw new ApiProblem(
      'conflict',
      `${container} is of deployment ${deployment ?? ''}, which is taken over as a whole: galaxy adopt --deployment ${deployment ?? ''}`,
    )
  if (adoption === 'refused') throw new ApiProblem('conflict', `${container} can't be taken over: ${why}`)
  return found
}

/** Whether its controller still runs shows nowhere: that it does not is the operator's word. */
function adoptDeploymentRoute(app: ApiServer, { db, view }: OrphanRouteOptions): void {
  const schema = {
    operationId: 'adoptDeployment',
    tags: ['operator verbs'],
    summary: 'Takes over all containers that another deployment of this instance has left; its controller must not run any more',
    params: deploymentParams,
    querystring: dryRunQuery,
    response: { 200: deploymentAdoption },
    refuses: ['not_found', 'conflict'],
  } as const
  const config = { needs: 'operator' } as const
  app.post(
    '/admin/deployments/:deployment/adopt',
    { config, schema },
    async ({ params: { deployment }, query: { dryRun }, caller, id }) => {
      const items = (await view.orphans()).filter((orphan) => orphan.deployment === deployment)
      if (items.length === 0)
        throw new ApiProblem('not_found', `no container of deployment ${deployment} is seen; galaxy get orphans lists others`)
      const inTheWay = items.filter(({ adoption }) => adoption === 'refused')
      if (inTheWay.length > 0)
        throw new ApiProblem('conflict', inTheWay.map(({ container, why }) => `${container} is in the way: ${why}`).join('; '))
      if (!dryRun) {
        await recordAdopted(db, deployment, askedBy({ caller, id }))
        await view.lookAfterAdopted()
      }
      return { kind: 'DeploymentAdoption' as const, deployment, dryRun, items }
    },
  )
}
