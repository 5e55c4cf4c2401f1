import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import type Docker from 'dockerode'
import pLimit from 'p-limit'
import { createOptions } from '../../src/docker/create-options.ts'
import type { AcceptedSpec } from '../../src/model/game.ts'
import { LABEL, OWNER } from '../../src/model/labels.ts'
import { loadGames } from '../../src/record/load.ts'
import { between } from './driven.ts'
import type { Setting } from './setting.ts'

/** The raw side: dockerode alone, with the create options that the controller uses. */

const IN_FLIGHT = 8

/** What the controller accepted for a game of its own: what its raw twins are made from. */
export async function acceptedSpec({ database }: Setting, gameId: string): Promise<AcceptedSpec> {
  const [game] = await loadGames(database.db, [gameId])
  const spec = game?.status.acceptedSpec ?? null
  if (spec === null) throw new Error(`game ${gameId} has no accepted spec`)
  return spec
}

/** State folders are there beforehand, since making them is no Docker call. */
export async function prepareFolders({ config }: Setting, gameIds: readonly string[]): Promise<void> {
  for (const gameId of gameIds) await mkdir(path.join(config.state.root, gameId), { recursive: true, mode: config.state.mode })
}

/** Creates and starts all of them, 8 in flight; the time until the last one's start was seen, in milliseconds. */
export async function convergeRaw(setting: Setting, spec: AcceptedSpec, gameIds: readonly string[]): Promise<number> {
  const wanted = new Set(gameIds)
  const starting = setting.events.collect(
    gameIds.length,
    ({ action, instance, gameId }) => action === 'start' && instance === setting.rawInstance && wanted.has(gameId),
  )
  const limit = pLimit(IN_FLIGHT)
  const beganMs = performance.now()
  await Promise.all(gameIds.map((gameId) => limit(async () => (await create(setting, spec, gameId)).start())))
  const last = (await starting).at(-1)
  return (last?.seenMs ?? Number.NaN) - beganMs
}

/** From a kill's die event to the event of a start that is asked for at once, by Docker's clock. */
export async function restartRaw({ docker, events, rawInstance }: Setting, gameId: string): Promise<number> {
  const died = events.next((event) => event.action === 'die' && event.instance === rawInstance && event.gameId === gameId)
  const started = events.next((event) => event.action === 'start' && event.instance === rawInstance && event.gameId === gameId)
  const container = docker.getContainer(containerName(rawInstance, gameId))
  const killing = container.kill()
  const death = await died
  await container.start()
  await killing
  return between(death, await started)
}

/** Stop, remove, start of a successor that was created beforehand: from the die to the start event, by Docker's clock. */
export async function patchRaw(setting: Setting, spec: AcceptedSpec, gameId: string): Promise<number> {
  const { docker, events, rawInstance, config } = setting
  const old = docker.getContainer(containerName(rawInstance, gameId))
  const successor = await create(setting, spec, gameId, '.next')
  const died = events.next((event) => event.action === 'die' && event.instance === rawInstance && event.gameId === gameId)
  const started = events.next((event) => event.action === 'start' && event.containerId === successor.id)
  await old.stop({ t: config.timings.gracePeriodMs / 1_000 })
  await old.remove({ v: true })
  await successor.start()
  return between(await died, await started)
}

export async function removeRaw({ docker, rawInstance }: Setting): Promise<void> {
  const limit = pLimit(IN_FLIGHT)
  const containers = await docker.listContainers({ all: true, filters: { label: [`${LABEL.instance}=${rawInstance}`] } })
  await Promise.all(containers.map(({ Id: id }) => limit(() => docker.getContainer(id).remove({ force: true, v: true }))))
}

/** Creates the twin of a game, as the controller would; it is not started. */
export function create(setting: Setting, model: AcceptedSpec, gameId: string, suffix = ''): Promise<Docker.Container> {
  const { config, docker, rawInstance } = setting
  const folder = path.join(config.state.root, gameId)
  const spec: AcceptedSpec = { ...model, gameId, state: { ...model.state, path: folder, hostPath: folder } }
  const name = `${containerName(rawInstance, gameId)}${suffix}`
  const blueprint = {
    name,
    spec,
    identity: { instance: rawInstance, deployment: rawInstance },
    operationId: crypto.randomUUID(),
    nowMs: Date.now(),
    image: spec.imageRef,
  }
  const options = createOptions({ ...blueprint, log: { driver: config.docker.logDriver, options: config.docker.logOptions } })
  // Another owner: the controller's event stream leaves these containers out, as if there were no controller.
  return docker.createContainer({ ...options, name, Labels: { ...options.Labels, [LABEL.owner]: `${OWNER}-bench` } })
}

function containerName(instance: string, gameId: string): string {
  return `${instance}.galaxy-game-${gameId}`
}
