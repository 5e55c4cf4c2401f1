import type { Config } from '../../config.ts'
import type { DockerClients } from '../../docker/client.ts'
import { createObserver } from '../../docker/observe.ts'
import type { ObservedContainer } from '../../model/observed.ts'
import type { DatabaseFindings } from './database.ts'
import { type Finding, ok, skip, warn } from './finding.ts'
import type { Standing } from './standing.ts'
import { typed } from '../typed.ts'

/** Whose the containers with our labels are, and which of them nobody looks after. */
export async function checkContainers(
  clients: DockerClients,
  config: Config,
  { deployment, standing }: Pick<DatabaseFindings, 'deployment' | 'standing'>,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  if (deployment === null || standing === null)
    return [skip('containers', 'the database is not known, so neither is whose containers these are')]
  const unusable: string[] = []
  const observer = createObserver({
    clients,
    identity: { instance: config.instance, deployment: deployment.id, adopted: deployment.adopted },
    mountPath: config.state.mountPath,
    onUnusable: (id, reason) => unusable.push(`${id?.slice(0, 12) ?? '?'}: ${reason}`),
  })
  const { ours, otherDeployments } = await observer.listContainers(signal)
  return [...checkOurs(ours, standing), ...checkOthers(otherDeployments), ...checkOdd(unusable)]
}

/** By its labels anybody's container may look like ours: the database tells which ones the controller has made or taken up. */
function checkOurs(ours: readonly ObservedContainer[], { leftAlone, known }: Standing): readonly Finding[] {
  const untouched = ours.filter(({ gameId }) => leftAlone.has(gameId))
  const unasked = ours.filter(({ gameId }) => !leftAlone.has(gameId) && !known.has(gameId))
  const driven = ours.filter((container) => !untouched.includes(container) && !unasked.includes(container))
  const running = driven.filter(({ state }) => state === 'running')
  const findings = [ok('containers', `${driven.length} of this deployment, ${running.length} running`)]
  if (untouched.length > 0) {
    const reasons = new Set(untouched.map(({ gameId }) => leftAlone.get(gameId) ?? ''))
    const names = untouched.map(({ name }) => name).join(' ')
    findings.push(
      warn(
        'left alone',
        [...reasons].join('; '),
        `nothing is done about them; what may be: galaxy get orphans; if nobody needs them: docker rm -f ${names}`,
      ),
    )
  }
  if (unasked.length > 0)
    findings.push(
      warn(
        'not asked for',
        `no row and no record knows the games of ${unasked.map(({ name }) => name).join(', ')}`,
        `a running controller adopts them, removes what it made itself, or says why it leaves them alone; \`${typed('up')}\` starts one`,
      ),
    )
  return findings
}

function checkOthers(others: readonly ObservedContainer[]): readonly Finding[] {
  if (others.length === 0) return []
  const names = others.map(({ name, labels }) => `${name} (${labels.deployment ?? '?'})`)
  return [
    warn(
      'other containers',
      `of our instance, but made for another database: ${names.join(', ')}`,
      `they are left alone; end them with its own \`${typed('down')}\`, or take them over with galaxy adopt --deployment ID if the database is lost`,
    ),
  ]
}

function checkOdd(unusable: readonly string[]): readonly Finding[] {
  if (unusable.length === 0) return []
  return [warn('odd containers', unusable.join('; '), "they carry our labels but can be no game's; whoever made them should remove them")]
}
