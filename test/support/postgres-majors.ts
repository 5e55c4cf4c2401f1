import { describe, inject } from 'vitest'

/**
 * A suite about Postgres itself, once on each server of the run, and named with its major. Where the machine has none but
 * the embedded one, the other half shows as skipped.
 */
export function describeOnEachPostgres(name: string, suite: (serverUrl: string) => void): void {
  const servers = inject('postgresServers')
  for (const { major, url } of servers) describe(`${name} on Postgres ${major}`, () => suite(url))
  const [embedded, ...others] = servers
  if (others.length > 0) return
  describe.skip(`${name} on another Postgres than ${embedded.major}: this machine has none`, () => suite(embedded.url))
}
