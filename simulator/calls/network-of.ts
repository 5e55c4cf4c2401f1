import type { Network } from '../world/network.ts'
import { type CallContext, Refusal } from './process.ts'

/** Networks of this name, or the one of this id. */
export function networksOf({ world }: CallContext, reference: string): readonly Network[] {
  const known = reference === 'default' ? 'bridge' : reference
  const exact = world.network(known)
  if (exact !== undefined) return [exact]
  const named = world.networks().filter(({ name }) => name === known)
  if (named.length > 0 || !/^[0-9a-f]{4,64}$/.test(known)) return named
  return world.networks().filter(({ id }) => id.startsWith(known))
}

/** @throws Refusal 404 when there is none, 400 when several share the name */
export function resolveNetwork(context: CallContext, reference: string): Network {
  const [first, ...others] = networksOf(context, reference)
  if (first === undefined) throw new Refusal(404, `network ${reference} not found`)
  if (others.length === 0) return first
  throw new Refusal(400, `network ${reference} is ambiguous (${others.length + 1} matches found on name)`)
}
