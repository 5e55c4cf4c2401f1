import type { Generated } from 'kysely'

/** Deployments that were taken over: `migrations/0013_adopted_deployments.sql`. */
export interface AdoptedDeploymentsTable {
  id: string
  adopted_at: Generated<Date>
  adopted_by: string
}
