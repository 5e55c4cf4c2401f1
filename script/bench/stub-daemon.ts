import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { json } from 'node:stream/consumers'
import { z } from 'zod'

export interface StubDaemonOptions {
  readonly socketPath: string
  /** The one image there is. */
  readonly imageRef: string
  readonly network: string
  /** Given to containers in turn: more containers than addresses share them. */
  readonly addresses: readonly string[]
}

export interface StubDaemon {
  stop(): Promise<void>
}

interface StubContainer {
  readonly id: string
  readonly name: string
  readonly body: z.infer<typeof createShape>
  readonly address: string
  readonly createdAtMs: number
  startedAtMs: number | null
}

interface Host extends StubDaemonOptions {
  readonly imageId: string
  readonly containers: Map<string, StubContainer>
}

const createShape = z.object({
  Image: z.string(),
  Labels: z.record(z.string(), z.string()),
  HostConfig: z.object({
    NanoCpus: z.number().optional(),
    Memory: z.number().optional(),
    PidsLimit: z.number().optional(),
    Mounts: z.array(z.object({ Source: z.string(), Target: z.string() })),
  }),
})

/**
 * As much of the Docker Engine API (1.41) as a controller needs to start games and find them again, without containers behind it: more games than
 * a machine holds. Its event streams are open and silent.
 */
export async function startStubDaemon(options: StubDaemonOptions): Promise<StubDaemon> {
  const host: Host = { ...options, imageId: `sha256:${hash(options.imageRef)}`, containers: new Map() }
  const server = createServer((request, response) => void answer(host, request, response))
  server.listen(options.socketPath)
  await once(server, 'listening')
  return {
    stop: async () => {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

async function answer(host: Host, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL((request.url ?? '').replace(/^\/v1\.\d+/, ''), 'http://docker')
  const [, collection = '', id = '', verb = ''] = url.pathname.split('/')
  switch (`${request.method} /${collection}${verb === '' ? '' : `/${verb}`}`) {
    case 'GET /version':
      return reply(response, 200, { Version: '20.10.24', ApiVersion: '1.41', MinAPIVersion: '1.12' })
    case 'GET /events':
      response.writeHead(200, { 'content-type': 'application/json' })
      return response.flushHeaders()
    case 'GET /images':
      return reply(response, 200, [{ Id: host.imageId, RepoTags: [host.imageRef], RepoDigests: [], Labels: {} }])
    case 'GET /networks':
      return reply(response, 200, [{ Id: hash(host.network), Name: host.network, Created: '2026-01-01T00:00:00Z', Labels: {} }])
    case 'POST /containers':
      return reply(response, 201, {
        Id: create(host, url.searchParams.get('name') ?? '', createShape.parse(await json(request))),
        Warnings: [],
      })
    case 'GET /containers':
      return reply(
        response,
        200,
        host.containers
          .values()
          .map((container) => listed(host, container))
          .toArray(),
      )
    case 'GET /containers/json':
      return withContainer(host, id, response, (container) => reply(response, 200, inspected(host, container)))
    case 'POST /containers/start':
      return withContainer(host, id, response, (container) => {
        container.startedAtMs = Date.now()
        reply(response, 204, null)
      })
    default:
      return reply(response, 501, { message: `the stub has no ${request.method} ${url.pathname}` })
  }
}

function create({ containers, addresses }: Host, name: string, body: StubContainer['body']): string {
  const id = hash(`${name} ${containers.size}`)
  const address = addresses[containers.size % addresses.length] ?? ''
  containers.set(id, { id, name, body, address, createdAtMs: Date.now(), startedAtMs: null })
  return id
}

function withContainer({ containers }: Host, id: string, response: ServerResponse, use: (container: StubContainer) => void): void {
  const container = containers.get(id)
  if (container === undefined) return reply(response, 404, { message: `No such container: ${id}` })
  use(container)
}

function listed(host: Host, container: StubContainer): unknown {
  const { id, name, body, createdAtMs } = container
  return {
    Id: id,
    Names: [`/${name}`],
    Image: body.Image,
    ImageID: host.imageId,
    Created: Math.floor(createdAtMs / 1_000),
    State: stateOf(container),
    Labels: body.Labels,
    ...placeOf(host, container),
  }
}

function inspected(host: Host, container: StubContainer): unknown {
  const { id, name, body, createdAtMs, startedAtMs } = container
  return {
    Id: id,
    Name: `/${name}`,
    Image: host.imageId,
    Created: new Date(createdAtMs).toISOString(),
    State: {
      Status: stateOf(container),
      StartedAt: startedAtMs === null ? NEVER : new Date(startedAtMs).toISOString(),
      FinishedAt: NEVER,
      ExitCode: 0,
      OOMKilled: false,
      Error: '',
    },
    Config: { Image: body.Image, Labels: body.Labels },
    HostConfig: { ...body.HostConfig, AutoRemove: false },
    ...placeOf(host, container),
  }
}

const NEVER = '0001-01-01T00:00:00Z'

function stateOf({ startedAtMs }: StubContainer): 'created' | 'running' {
  return startedAtMs === null ? 'created' : 'running'
}

function placeOf({ network }: Host, container: StubContainer): object {
  const mounts = container.body.HostConfig.Mounts.map(({ Source, Target }) => ({ Source, Destination: Target }))
  const address = container.startedAtMs === null ? '' : container.address
  return { Mounts: mounts, NetworkSettings: { Networks: { [network]: { IPAddress: address } } } }
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

function reply(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(body === null ? undefined : JSON.stringify(body))
}
