import type { Container, Mount } from '../world/container.ts'
import { type CreateBody, createBodyShape, type HostConfig } from '../world/create-body.ts'
import type { Image } from '../world/image.ts'
import { configOf } from './container-config.ts'
import { hostConfigWithDefaults } from './host-config.ts'
import { imageOf } from './image-of.ts'
import { requireCpus, requireMemory } from './limits.ts'
import { type Answer, type CallContext, effects, type Process, Refusal, sleep } from './process.ts'

/** `POST /containers/create`. The name is taken at once, the container is there a little later. */
export function* createContainer(context: CallContext, name: string | null, body: unknown): Process<Answer> {
  const asked = readBody(body)
  const image = imageOf(context, asked.Image)
  if (image === undefined) throw new Refusal(404, `No such image: ${asked.Image}`)
  const host = hostConfigWithDefaults(asked.HostConfig)
  requireMemory(host.Memory, host.MemorySwap)
  requireCpus(host.NanoCpus, context.settings.cpus)
  const mounts = mountsOf(context, host)
  const id = context.newId()
  const ownName = name ?? `quiet_${id.slice(0, 8)}`
  requireFreeName(context, ownName)
  yield effects({ subject: 'name', action: 'reserve', id, name: ownName })
  yield sleep(context.settings.latency.createMs)
  const after = newContainer(context, { id, name: ownName, asked, image, host, mounts })
  yield effects({ subject: 'container', action: 'create', id, before: null, after, attributes: {} })
  return { status: 201, body: { Id: id, Warnings: [] } }
}

/** @throws Refusal 409 with the holder's id, 400 for what is no name */
export function requireFreeName({ world }: CallContext, name: string, prefix = ''): void {
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/.test(name)) {
    throw new Refusal(400, `${prefix}Invalid container name (${name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`)
  }
  const holder = world.nameHolder(name)
  if (holder === undefined) return
  throw new Refusal(
    409,
    `${prefix}Conflict. The container name "/${name}" is already in use by container "${holder}". You have to remove (or rename) that container to be able to reuse that name.`,
  )
}

function readBody(body: unknown): CreateBody {
  const parsed = createBodyShape.safeParse(body)
  if (!parsed.success)
    throw new Refusal(
      400,
      `json: cannot unmarshal: ${parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ')}`,
    )
  if (parsed.data.Image === '') throw new Refusal(400, 'Config cannot be empty in order to create a container')
  return parsed.data
}

function mountsOf({ machine }: CallContext, host: HostConfig): readonly Mount[] {
  const structured = (host.Mounts ?? []).filter(({ Type }) => Type === 'bind')
  const missing = structured.find(({ Source }) => !machine.exists(Source))
  if (missing !== undefined) {
    throw new Refusal(400, `invalid mount config for type "bind": bind source path does not exist: ${missing.Source}`)
  }
  return [
    ...structured.map(({ Source, Target, ReadOnly }) => ({ source: Source, destination: Target, isReadOnly: ReadOnly === true })),
    ...(host.Binds ?? []).map((bind) => {
      const [source = '', destination = '', mode = ''] = bind.split(':')
      return { source, destination, isReadOnly: mode.split(',').includes('ro') }
    }),
  ]
}

interface Draft {
  readonly id: string
  readonly name: string
  readonly asked: CreateBody
  readonly image: Image
  readonly host: HostConfig
  readonly mounts: readonly Mount[]
}

function newContainer(context: CallContext, { id, name, asked, image, host, mounts }: Draft): Container {
  const config = configOf(id, asked, image)
  return {
    id,
    name,
    createdAtMs: context.nowMs(),
    imageId: image.id,
    config,
    hostConfig: host,
    mounts,
    endpoints: endpointsOf(host.NetworkMode, asked),
    listedEndpoints: null,
    status: 'created',
    isStarting: false,
    startedAtMs: null,
    finishedAtMs: null,
    exitCode: 0,
    isOomKilled: false,
    error: '',
    health: null,
    lives: 0,
    restartCount: 0,
    isStoppedByHand: false,
    ports: [],
  }
}

function endpointsOf(networkMode: string, { NetworkingConfig }: CreateBody): Container['endpoints'] {
  const named = Object.entries(NetworkingConfig?.EndpointsConfig ?? {})
  const own = networkMode === 'default' ? 'bridge' : networkMode
  const all = new Map<string, readonly string[] | null>([
    [own, null],
    ...named.map(([name, asked]): [string, readonly string[] | null] => [name, asked?.Aliases ?? null]),
  ])
  return Object.fromEntries([...all].map(([name, aliases]) => [name, { aliases, networkId: '', attached: null }]))
}
