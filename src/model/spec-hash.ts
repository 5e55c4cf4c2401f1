import { createHash } from 'node:crypto'
import type { AcceptedSpec } from './game.ts'

/** What a hash covers: exactly what forces a new container. Limits are changed in place, players and schedule need none. */
export type HashedSpec = Omit<
  AcceptedSpec,
  'specHash' | 'requested' | 'imageId' | 'limits' | 'players' | 'turnSchedule' | 'timeZone' | 'protocol' | 'probe' | 'port'
>

const CURRENT = 'v1'

/**
 * Every scheme a release has ever written on a container. An entry is never changed or dropped: a newer controller compares
 * an older container under that container's own scheme, so that an upgrade recreates nothing.
 */
const SCHEMES: Readonly<Record<string, (spec: HashedSpec) => unknown>> = {
  v1: (spec) => [
    spec.gameId,
    spec.engine,
    spec.engineVersion,
    spec.imageRef,
    spec.command,
    sorted(spec.env),
    spec.publish.map((port) => [port.containerPort, port.protocol, port.hostIp, port.hostPort]),
    sorted(spec.relax),
    spec.network,
    [spec.state.hostPath, spec.state.mountPath, spec.state.envName],
  ],
}

/** The hash written on new containers: the scheme, then 32 hex digits. */
export function specHash(spec: HashedSpec): string {
  return hashUnder(CURRENT, spec) ?? ''
}

/** Whether a container labelled with `hash` was made from this spec, by any release. */
export function matchesHash(spec: HashedSpec, hash: string): boolean {
  return hashUnder(hash.split(':', 1)[0] ?? '', spec) === hash
}

function hashUnder(scheme: string, spec: HashedSpec): string | null {
  const project = SCHEMES[scheme]
  if (project === undefined) return null
  const digest = createHash('sha256')
    .update(JSON.stringify(project(spec)))
    .digest('hex')
  return `${scheme}:${digest.slice(0, 32)}`
}

function sorted(fields: object): readonly (readonly [string, unknown])[] {
  return Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
}
