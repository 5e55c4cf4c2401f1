import { z } from 'zod'
import { networkJson } from '../answers/network.ts'
import { type Container, isAlive } from '../world/container.ts'
import { PREDEFINED } from '../world/predefined.ts'
import type { Network } from '../world/network.ts'
import { attachTo, tellNetwork } from './endpoints.ts'
import { type Filters, matchesLabels } from './filters.ts'
import { SUBNETS } from './settings.ts'
import { networksOf, resolveNetwork } from './network-of.ts'
import { type Answer, type CallContext, changed, effects, find, type Process, Refusal, sleep } from './process.ts'

const createShape = z.looseObject({
  Name: z.string().min(1),
  Driver: z.string().default('bridge'),
  CheckDuplicate: z.boolean().default(false),
  Internal: z.boolean().default(false),
  Attachable: z.boolean().default(false),
  Labels: z.record(z.string(), z.string()).nullish(),
  Options: z.record(z.string(), z.string()).nullish(),
})

/** `POST /networks/create`. The look for another of that name comes some time before the creation: two callers at once both find none. */
export function* createNetwork(context: CallContext, body: unknown): Process<Answer> {
  const asked = createShape.safeParse(body)
  if (!asked.success) throw new Refusal(400, `json: cannot unmarshal: ${asked.error.message}`)
  const { Name: name, Driver: driver, CheckDuplicate: mayNotExist, Internal, Attachable, Labels, Options } = asked.data
  if (PREDEFINED.has(name)) throw new Refusal(403, `operation is not permitted on predefined ${name} network`)
  const [other] = networksOf(context, name)
  if (other !== undefined && mayNotExist) throw new Refusal(409, `network with name ${name} already exists`)
  const id = context.newId()
  yield sleep(context.settings.latency.networkMs)
  const prefix = freePrefix(context)
  if (prefix === null)
    throw new Refusal(500, 'could not find an available, non-overlapping IPv4 address pool among the defaults to assign to the network')
  const after: Network = {
    id,
    name,
    driver,
    createdAtMs: context.nowMs(),
    labels: Labels ?? {},
    options: Options ?? {},
    isInternal: Internal,
    isAttachable: Attachable,
    prefix,
    ghosts: [],
  }
  yield effects({ subject: 'network', action: 'create', id, before: null, after, attributes: {} })
  const warning = other === undefined ? '' : `Network with name ${name} (id : ${other.id}) already exists`
  return { status: 201, body: { Id: id, Warning: warning } }
}

/** Loopback addresses, so that what serves on them can be reached from the host as on a bridge. */
function freePrefix({ world, settings }: CallContext): string | null {
  const taken = new Set(world.networks().map(({ prefix }) => prefix))
  const own = Array.from({ length: SUBNETS }, (_, index) => `127.${settings.firstSubnet + index}`)
  return own.find((prefix) => !taken.has(prefix)) ?? null
}

/** `DELETE /networks/{id}`. */
export function* removeNetwork(context: CallContext, reference: string): Process<Answer> {
  const [network, ...others] = networksOf(context, reference)
  if (network === undefined) throw new Refusal(404, `network ${reference} not found`)
  if (others.length > 0) throw new Refusal(400, `network ${reference} is ambiguous (${others.length + 1} matches found based on name)`)
  const { id, name } = network
  if (PREDEFINED.has(name)) throw new Refusal(403, `${name} is a pre-defined network and cannot be removed`)
  if (membersOf(context, network).length > 0) {
    throw new Refusal(403, `error while removing network: network ${name} id ${id} has active endpoints`)
  }
  yield effects({ subject: 'network', action: 'destroy', id, before: network, after: null, attributes: {} })
  return { status: 204 }
}

/** `GET /networks/{id}`. */
export function inspectNetwork(context: CallContext, reference: string): Answer {
  const [network, ...others] = networksOf(context, reference)
  if (network === undefined) throw new Refusal(404, `network ${reference} not found`)
  if (others.length > 0) throw new Refusal(400, `${others.length + 1} matches found based on name: network ${reference} is ambiguous`)
  return { status: 200, body: networkJson(network, membersOf(context, network)) }
}

/** `GET /networks`. A name filter fits where it is part of the name; members are told by an inspect only. */
export function listNetworks({ world }: CallContext, filters: Filters): Answer {
  const names = filters.get('name') ?? []
  const ids = filters.get('id') ?? []
  const drivers = filters.get('driver') ?? []
  const fitting = world
    .networks()
    .filter(
      ({ name, id, driver, labels }) =>
        (names.length === 0 || names.some((part) => name.includes(part))) &&
        (ids.length === 0 || ids.some((part) => id.includes(part))) &&
        (drivers.length === 0 || drivers.includes(driver)) &&
        matchesLabels(labels, filters),
    )
  return { status: 200, body: fitting.map((network) => networkJson(network, [])) }
}

const memberShape = z.looseObject({
  Container: z.string(),
  Force: z.boolean().default(false),
  EndpointConfig: z.looseObject({ Aliases: z.array(z.string()).nullish() }).nullish(),
})

/**
 * `POST /networks/{id}/disconnect`. One that does not run forgets the network, whatever is left of others there; with force, what a container that is gone has left
 * is taken away by its name.
 */
export function* disconnectNetwork(context: CallContext, reference: string, body: unknown): Process<Answer> {
  const { Container: member, Force: isForced } = readMember(body)
  const network = resolveNetwork(context, reference)
  const container = named(context, member)
  if (container === undefined && isForced) return yield* clearGhost(network, member)
  if (container === undefined) throw new Refusal(404, `No such container: ${member}`)
  const [key, endpoint] = Object.entries(container.endpoints).find(([name]) => name === network.name || name === network.id) ?? []
  if (key === undefined)
    throw new Refusal(500, `container ${container.id} is not connected to ${isAlive(container) ? '' : 'the '}network ${network.name}`)
  const endpoints = Object.fromEntries(Object.entries(container.endpoints).filter(([name]) => name !== key))
  const told = endpoint?.attached == null ? [] : [tellNetwork('disconnect', network, container.id)]
  yield effects(changed(container, 'attach', { endpoints }), ...told)
  return { status: 200 }
}

function* clearGhost(network: Network, name: string): Process<Answer> {
  if (!network.ghosts.includes(name)) throw new Refusal(404, `endpoint ${name} not found`)
  const after = { ...network, ghosts: network.ghosts.filter((ghost) => ghost !== name) }
  yield effects({ subject: 'network', action: 'clear_ghost', id: network.id, before: network, after, attributes: { container: name } })
  return { status: 200 }
}

function named({ world }: CallContext, reference: string): Container | undefined {
  return world.containers().find(({ id, name }) => id === reference || name === reference || id.startsWith(reference))
}

/** `POST /networks/{id}/connect`. */
export function* connectNetwork(context: CallContext, reference: string, body: unknown): Process<Answer> {
  const { Container: member, EndpointConfig } = readMember(body)
  const network = resolveNetwork(context, reference)
  const container = find(context, member)
  if (container.endpoints[network.name] !== undefined) {
    throw new Refusal(403, `endpoint with name ${container.name} already exists in network ${network.name}`)
  }
  const asked = { aliases: EndpointConfig?.Aliases ?? null, networkId: '', attached: null }
  const endpoint = container.status === 'running' ? attachTo(context, network, asked) : asked
  const endpoints = { ...container.endpoints, [network.name]: endpoint }
  yield effects(changed(container, 'attach', { endpoints }), tellNetwork('connect', network, container.id))
  return { status: 200 }
}

function readMember(body: unknown): z.infer<typeof memberShape> {
  const asked = memberShape.safeParse(body)
  if (!asked.success) throw new Refusal(400, `json: cannot unmarshal: ${asked.error.message}`)
  return asked.data
}

function membersOf({ world }: CallContext, { id }: Network): readonly Container[] {
  return world
    .containers()
    .filter(({ endpoints }) => Object.values(endpoints).some(({ networkId, attached }) => networkId === id && attached !== null))
}
