import { commandOf, type Container, type Mount } from '../world/container.ts'
import type { WorldView } from '../world/world.ts'
import { listedNetworksJson } from './endpoint.ts'
import { durationText } from './time.ts'

/** One entry of `GET /containers/json`. */
export function listEntryJson(world: WorldView, container: Container, nowMs: number): unknown {
  const { id, name, config, imageId, createdAtMs, hostConfig, status } = container
  return {
    Id: id,
    Names: [`/${name}`],
    Image: shownImage(world, container),
    ImageID: imageId,
    Command: commandOf(container).join(' '),
    Created: Math.floor(createdAtMs / 1000),
    Ports: portsOf(container),
    Labels: config.Labels ?? {},
    State: status,
    Status: statusText(container, nowMs),
    HostConfig: { NetworkMode: hostConfig.NetworkMode },
    NetworkSettings: { Networks: listedNetworksJson(container) },
    Mounts: container.mounts.map(mountJson),
  }
}

export function mountJson({ source, destination, isReadOnly }: Mount): unknown {
  return { Type: 'bind', Source: source, Destination: destination, Mode: '', RW: !isReadOnly, Propagation: 'rprivate' }
}

/** A reference that has gone to another image since is shown as the id. */
function shownImage(world: WorldView, { config, imageId }: Container): string {
  const named = world.imageByName(config.Image)
  return named === undefined || named.id === imageId ? config.Image : imageId
}

function portsOf({ config, ports, status }: Container): readonly unknown[] {
  if (status !== 'running' && status !== 'paused') return []
  const published = ports.map(({ port, hostIp, hostPort }) => ({ IP: hostIp || '0.0.0.0', ...privatePort(port), PublicPort: hostPort }))
  const exposed = Object.keys(config.ExposedPorts ?? {}).filter((port) => !ports.some((other) => other.port === port))
  return [...published, ...exposed.map(privatePort)]
}

function privatePort(port: string): { readonly PrivatePort: number; readonly Type: string } {
  const [number, protocol = 'tcp'] = port.split('/')
  return { PrivatePort: Number(number), Type: protocol }
}

function statusText({ status, startedAtMs, finishedAtMs, exitCode, health }: Container, nowMs: number): string {
  const up = `Up ${durationText(nowMs - (startedAtMs ?? nowMs))}`
  const ago = `${durationText(nowMs - (finishedAtMs ?? nowMs))} ago`
  switch (status) {
    case 'running':
      return health === null ? up : `${up} (${health.status === 'starting' ? 'health: starting' : health.status})`
    case 'paused':
      return `${up} (Paused)`
    case 'restarting':
      return `Restarting (${exitCode}) ${ago}`
    case 'created':
      return 'Created'
    case 'removing':
      return 'Removal In Progress'
    case 'dead':
      return 'Dead'
    case 'exited':
      return `Exited (${exitCode}) ${ago}`
  }
}
