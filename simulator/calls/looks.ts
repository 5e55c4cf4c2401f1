import { inspectionJson } from '../answers/inspection.ts'
import { listEntryJson } from '../answers/list-entry.ts'
import { statsJson } from '../answers/stats.ts'
import type { Container } from '../world/container.ts'
import { type Filters, matchesLabels } from './filters.ts'
import { type Answer, type CallContext, find, Refusal } from './process.ts'

const FILTERS: ReadonlySet<string> = new Set([
  'id',
  'name',
  'label',
  'status',
  'health',
  'exited',
  'ancestor',
  'network',
  'before',
  'since',
  'volume',
  'publish',
  'expose',
  'is-task',
  'isolation',
])
const STATUSES: ReadonlySet<string> = new Set(['created', 'running', 'paused', 'restarting', 'exited', 'removing', 'dead'])
const HEALTHS: ReadonlySet<string> = new Set(['none', 'starting', 'healthy', 'unhealthy'])

/** `GET /containers/json`: newest first; running ones only, unless `all` or a status is asked for. */
export function listContainers(context: CallContext, isAll: boolean, limit: number, filters: Filters): Answer {
  requireKnown(filters)
  const isEverything = isAll || filters.has('status') || limit > 0
  const fitting = context.world
    .containers()
    .filter(
      (container) =>
        (isEverything || container.status === 'running' || container.status === 'paused' || container.status === 'restarting') &&
        fits(container, filters),
    )
  const shown = limit > 0 ? fitting.slice(0, limit) : fitting
  return { status: 200, body: shown.map((container) => listEntryJson(context.world, container, context.nowMs())) }
}

/** `GET /containers/{id}/json`. */
export function inspectContainer(context: CallContext, reference: string): Answer {
  return { status: 200, body: inspectionJson(find(context, reference)) }
}

/** `GET /containers/{id}/stats`, one sample. */
export function statContainer(context: CallContext, reference: string): Answer {
  return { status: 200, body: statsJson(find(context, reference), context.nowMs(), context.settings.cpus) }
}

function requireKnown(filters: Filters): void {
  const unknown = [...filters.keys()].find((name) => !FILTERS.has(name))
  if (unknown !== undefined) throw new Refusal(400, `Invalid filter '${unknown}'`)
  const status = (filters.get('status') ?? []).find((value) => !STATUSES.has(value))
  if (status !== undefined) throw new Refusal(400, `Invalid filter 'status=${status}'`)
  const health = (filters.get('health') ?? []).find((value) => !HEALTHS.has(value))
  if (health !== undefined) throw new Refusal(400, `Unrecognised filter value for health: ${health}`)
}

/** Values of one filter are alternatives, but for labels. */
function fits(container: Container, filters: Filters): boolean {
  const isOneOf = (name: string, matches: (value: string) => boolean) => {
    const values = filters.get(name) ?? []
    return values.length === 0 || values.some(matches)
  }
  const networks = Object.entries(container.endpoints)
  return (
    matchesLabels(container.config.Labels ?? {}, filters) &&
    isOneOf('status', (value) => container.status === value) &&
    isOneOf('health', (value) => (container.health?.status ?? 'none') === value) &&
    isOneOf('id', (value) => container.id.startsWith(value)) &&
    isOneOf('name', (value) => new RegExp(value).test(container.name) || new RegExp(value).test(`/${container.name}`)) &&
    isOneOf(
      'exited',
      (value) => container.finishedAtMs !== null && container.status === 'exited' && container.exitCode === Number(value),
    ) &&
    isOneOf('ancestor', (value) => container.config.Image === value || container.imageId === value) &&
    isOneOf('network', (value) => networks.some(([name, { networkId }]) => name === value || networkId === value))
  )
}
