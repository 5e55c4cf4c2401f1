import type { Identity } from '../model/labels.ts'
import { type Ownership, ownershipOf } from '../model/labels.ts'
import type { ObservedContainer } from '../model/observed.ts'
import { RuntimeFailure } from '../model/errors.ts'
import { parseInspection } from '../observed/parse.ts'
import type { DockerClients } from './client.ts'
import { isMissing, unexpected } from './errors.ts'

/** What every action on a container needs. */
export interface DockerContext {
  readonly clients: DockerClients
  readonly identity: Identity
  /** Where the state mount sits inside a container. */
  readonly mountPath: string
  /** Ids that were proven ours; labels of an id never change. */
  readonly proven: ProvenIds
}

export interface ProvenIds {
  has(id: string): boolean
  add(id: string): void
}

/** Remembers the newest `limit` ids. */
export function rememberIds(limit: number): ProvenIds {
  const ids = new Set<string>()
  return {
    has: (id) => ids.has(id),
    add: (id) => {
      ids.delete(id)
      ids.add(id)
      const [oldest] = ids
      if (ids.size > limit && oldest !== undefined) ids.delete(oldest)
    },
  }
}

export interface Inspection {
  readonly container: ObservedContainer
  readonly ownership: Ownership
}

/** Inspects by id; null when there is no such container. */
export async function inspectContainer(context: DockerContext, id: string, signal: AbortSignal): Promise<Inspection | null> {
  const answer = await inspectRaw(context.clients, id, signal)
  if (answer === null) return null
  const parsed = parseInspection(answer, context.mountPath)
  if (parsed.kind === 'unusable') throw new RuntimeFailure('terminal', 'internal_error', `container ${id} can't be read: ${parsed.reason}`)
  const ownership = ownershipOf(parsed.labels, context.identity)
  if (ownership === 'ours') context.proven.add(parsed.container.id)
  return { container: parsed.container, ownership }
}

/** Docker's own answer of an inspect by id or name; null when there is none. */
export async function inspectRaw(clients: DockerClients, idOrName: string, signal: AbortSignal): Promise<unknown> {
  try {
    return await clients.send(
      { kind: 'container_inspect', method: 'GET', path: `/containers/${encodeURIComponent(idOrName)}/json` },
      signal,
    )
  } catch (error) {
    if (isMissing(error)) return null
    throw unexpected(error, `inspect container ${idOrName}`)
  }
}

/**
 * The last gate before a container is stopped, removed or changed (S2): asks Docker whose it is.
 *
 * @returns false when it is gone
 * @throws RuntimeFailure `internal_error` when it is not ours
 */
export async function requireOurs(context: DockerContext, id: string, signal: AbortSignal): Promise<boolean> {
  if (context.proven.has(id)) return true
  const inspection = await inspectContainer(context, id, signal)
  if (inspection === null) return false
  if (inspection.ownership === 'ours') return true
  throw notOurs(inspection.container)
}

export function notOurs(container: ObservedContainer): RuntimeFailure {
  return new RuntimeFailure(
    'terminal',
    'internal_error',
    `refused to touch container ${container.name} (${container.id}): by its labels it belongs to somebody else`,
  )
}
