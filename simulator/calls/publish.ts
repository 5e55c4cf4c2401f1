import type { Container, PublishedPort } from '../world/container.ts'
import { type CallContext, Refusal } from './process.ts'

/** Where Docker begins to look for a port of the host when none is named. */
const FIRST_EPHEMERAL = 32_768

/**
 * Host ports for what a container publishes.
 *
 * @throws Refusal when one that was named is taken
 */
export function publish(context: CallContext, { name, hostConfig }: Container): readonly PublishedPort[] {
  const published: PublishedPort[] = []
  for (const [port, bindings] of Object.entries(hostConfig.PortBindings ?? {})) {
    for (const { HostIp: hostIp, HostPort: asked } of bindings ?? []) {
      const isTaken = (candidate: number) =>
        context.world.isPortTaken(hostIp, candidate) || published.some((other) => other.hostIp === hostIp && other.hostPort === candidate)
      if (Number(asked) > 0 && isTaken(Number(asked))) {
        const place = `${hostIp || '0.0.0.0'}:${asked}`
        throw new Refusal(
          500,
          `driver failed programming external connectivity on endpoint ${name} (${context.newId()}): Bind for ${place} failed: port is already allocated`,
        )
      }
      let hostPort = Number(asked) || FIRST_EPHEMERAL
      while (isTaken(hostPort)) hostPort += 1
      published.push({ port, hostIp, hostPort })
    }
  }
  return published
}
