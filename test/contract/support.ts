import { mkdtemp, rm } from 'node:fs/promises'
import path from 'node:path'
import Docker, { type ContainerCreateOptions } from 'dockerode'
import { connectDocker, type DockerClients } from '../../src/docker/client.ts'
import { readCredentials } from '../../src/docker/credentials.ts'
import { createObserver, type DockerObserver } from '../../src/docker/observe.ts'
import { createRuntime } from '../../src/docker/runtime.ts'
import { stateFoldersUnder } from '../../src/docker/state-directory.ts'
import type { Runtime } from '../../src/controller/ports.ts'
import type { DockerAddress } from '../../src/local/docker-address.ts'
import type { AcceptedSpec } from '../../src/model/game.ts'
import { containerName, KIND, LABEL, OWNER } from '../../src/model/labels.ts'
import { buildIdleImage, IDLE_IMAGE } from '../support/idle-image.ts'

export interface WorldPlace {
  readonly address: DockerAddress
  /** Unique among everybody on the daemon. */
  readonly instance: string
  /** Where this world may put files. */
  readonly folder: string
  /** Sees to it that there are the idle image and the shell image; null builds them on the daemon. */
  readonly offerImages: ((docker: Docker) => Promise<void>) | null
}

/** One daemon with a network, images and a state root of this world's own. */
export interface DockerWorld {
  readonly runtime: Runtime
  readonly observer: DockerObserver
  readonly clients: DockerClients
  /** For what a human or another program does. */
  readonly docker: Docker
  readonly instance: string
  readonly network: string
  readonly stateRoot: string
  /** Kinds of all HTTP calls since the last `calls.length = 0`. */
  readonly calls: string[]
  readonly unusable: string[]
  spec(gameId: string, changes?: Partial<AcceptedSpec>): AcceptedSpec
  /** Creates a container of ours and returns its id. */
  create(spec: AcceptedSpec, name?: string): Promise<string>
  /** Creates and starts one. */
  run(spec: AcceptedSpec): Promise<string>
  /** A container with these labels, made by somebody else. */
  createForeign(name: string, labels: Readonly<Record<string, string>>, more?: ContainerCreateOptions): Promise<string>
  close(): Promise<void>
}

export const DEPLOYMENT = '018f0000-0000-7000-8000-000000000001'
export const OPERATION = '018f0000-0000-7000-8000-0000000000aa'
const STATE_MOUNT = '/var/lib/galaxy-game'
export const never = new AbortController().signal

/** Labels as our controller writes them, for containers that somebody else makes. */
export function labelsOf(gameId: string, instance: string, deployment?: string): Record<string, string> {
  const labels = { [LABEL.owner]: OWNER, [LABEL.kind]: KIND, [LABEL.gameId]: gameId, [LABEL.instance]: instance }
  return deployment === undefined ? labels : { ...labels, [LABEL.deployment]: deployment }
}

export async function openWorld({ address, instance, folder, offerImages }: WorldPlace): Promise<DockerWorld> {
  const docker = new Docker(address.kind === 'socket' ? { socketPath: address.socketPath } : { ...address })
  const calls: string[] = []
  const unusable: string[] = []
  const clients = await connectDocker({ address, callMs: 30_000, signal: never, onCall: (kind) => calls.push(kind) })
  await (offerImages ?? buildImages)(docker)
  const images = await readImageIds(docker)
  const stateRoot = await mkdtemp(path.join(folder, 'games-'))
  const network = `${instance}.galaxy`
  const identity = { instance, deployment: DEPLOYMENT }
  const runtime = createRuntime({
    clients,
    identity,
    mountPath: STATE_MOUNT,
    folders: stateFoldersUnder({ root: stateRoot, mode: 0o777, owner: null }),
    log: { driver: 'json-file', options: { 'max-size': '10m', 'max-file': '3' } },
    resolvesTo: (imageRef) => images.get(imageRef) ?? null,
    pull: { stallMs: 10_000, credentials: (registry, signal) => readCredentials(folder, registry, signal) },
  })
  const observer = createObserver({ clients, identity, mountPath: STATE_MOUNT, onUnusable: (id) => unusable.push(id ?? '') })
  await runtime.createNetwork(network, never)

  const world: DockerWorld = {
    runtime,
    observer,
    clients,
    docker,
    instance,
    network,
    stateRoot,
    calls,
    unusable,
    spec: (gameId, changes = {}) => ({
      ...plainSpec(gameId, network, stateRoot, images.get(changes.imageRef ?? IDLE_IMAGE) ?? ''),
      ...changes,
    }),
    create: async (spec, name = containerName(instance, spec.gameId)) => {
      const answer = await runtime.create({ name, spec, operationId: OPERATION, nowMs: 1_700_000_000_000 }, never)
      if (answer.kind !== 'created') throw new Error(`not created: ${JSON.stringify(answer)}`)
      return answer.id
    },
    run: async (spec) => {
      const id = await world.create(spec)
      const answer = await runtime.start(id, never)
      if (answer.kind !== 'started') throw new Error(`not started: ${JSON.stringify(answer)}`)
      return id
    },
    createForeign: async (name, labels, more) => {
      const container = await docker.createContainer({ name, Image: IDLE_IMAGE, ...more, Labels: { ...labels, 'test.world': instance } })
      return container.id
    },
    close: async () => {
      await removeAll(docker, instance)
      await docker.getNetwork(network).remove()
      clients.close()
      await rm(stateRoot, { recursive: true, force: true })
    },
  }
  return world
}

/** Its command is run by a shell: `/bin/busybox sh -c …`. */
export const SHELL_IMAGE = 'galaxy-test-shell:1.0.0'

export function shell(script: string): readonly string[] {
  return ['sh', '-c', script]
}

async function buildImages(docker: Docker): Promise<void> {
  await buildIdleImage(docker)
  await buildShellImage(docker)
}

async function readImageIds(docker: Docker): Promise<ReadonlyMap<string, string>> {
  const references = [IDLE_IMAGE, SHELL_IMAGE]
  const ids = await Promise.all(
    references.map(async (reference): Promise<[string, string]> => [reference, (await docker.getImage(reference).inspect()).Id]),
  )
  return new Map(ids)
}

/** Once per daemon: another commit would leave the last one behind without a name. */
async function buildShellImage(docker: Docker): Promise<void> {
  const found = await docker.listImages({ filters: { reference: [SHELL_IMAGE] } })
  if (found.length > 0) return
  const base = await docker.createContainer({ Image: IDLE_IMAGE })
  const [repo, tag] = SHELL_IMAGE.split(':')
  await base.commit({ repo, tag, changes: 'ENTRYPOINT ["/bin/busybox"]' })
  await base.remove()
}

async function removeAll(docker: Docker, instance: string): Promise<void> {
  const listed = await Promise.all(
    [`${LABEL.instance}=${instance}`, `test.world=${instance}`].map((label) =>
      docker.listContainers({ all: true, filters: { label: [label] } }),
    ),
  )
  const ids = new Set(listed.flat().map(({ Id }) => Id))
  await Promise.all([...ids].map((id) => docker.getContainer(id).remove({ force: true, v: true })))
}

function plainSpec(gameId: string, network: string, stateRoot: string, imageId: string): AcceptedSpec {
  const statePath = path.join(stateRoot, gameId)
  return {
    gameId,
    requested: { engineVersion: '1.0.0', imageRef: null, cpus: null, memory: null, pids: null },
    engine: 'galaxy',
    engineVersion: '1.0.0',
    imageRef: IDLE_IMAGE,
    imageId,
    protocol: 'none',
    probe: { none: true },
    port: 8080,
    command: null,
    env: {},
    publish: [],
    relax: {},
    limits: { cpus: 0.5, memoryBytes: 64 * 1024 ** 2, pids: 64 },
    network,
    state: { path: statePath, hostPath: statePath, mountPath: STATE_MOUNT, envName: 'GAME_STATE_PATH' },
    players: [],
    turnSchedule: null,
    timeZone: 'UTC',
    specHash: 'v1:0123456789abcdef',
  }
}
