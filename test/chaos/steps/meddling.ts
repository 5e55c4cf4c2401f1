import { type Container, isAlive } from '../../../simulator/world/container.ts'
import type { Stage, Step } from './step.ts'

// A human's hand at the daemon. What it does to our containers is not the controller's doing, and no rule meets it.

/** Steps that change the world behind the controller's back. */
export const MEDDLING: readonly Step[] = [
  { weight: 3, run: (stage) => onOurs(stage, 'kill', isAlive, ({ id }) => ['POST', `/containers/${id}/kill`]) },
  { weight: 2, run: (stage) => onOurs(stage, 'stop', isAlive, ({ id }) => ['POST', `/containers/${id}/stop?t=1`]) },
  {
    weight: 2,
    run: (stage) =>
      onOurs(
        stage,
        'rm -f',
        () => true,
        ({ id }) => ['DELETE', `/containers/${id}?force=1`],
      ),
  },
  {
    weight: 1,
    run: (stage) =>
      onOurs(
        stage,
        'rename',
        () => true,
        ({ id }) => ['POST', `/containers/${id}/rename?name=by-hand-${stage.random.below(1000)}`],
      ),
  },
  { weight: 1, run: (stage) => onOurs(stage, 'pause', isRunning, ({ id }) => ['POST', `/containers/${id}/pause`]) },
  {
    weight: 2,
    run: (stage) =>
      onOurs(
        stage,
        'unpause',
        ({ status }) => status === 'paused',
        ({ id }) => ['POST', `/containers/${id}/unpause`],
      ),
  },
  { weight: 1, run: (stage) => onOurs(stage, 'restart', isAlive, ({ id }) => ['POST', `/containers/${id}/restart?t=1`]) },
  {
    weight: 2,
    run: (stage) =>
      onOurs(
        stage,
        'start',
        ({ status }) => status === 'exited' || status === 'created',
        ({ id }) => ['POST', `/containers/${id}/start`],
      ),
  },
  {
    weight: 1,
    run: (stage) =>
      onOurs(stage, 'update', isRunning, ({ id }) => ['POST', `/containers/${id}/update`, { Memory: 64 * MIB, MemorySwap: 64 * MIB }]),
  },
  { weight: 3, run: crash },
  { weight: 1, run: duplicate },
  { weight: 1, run: holdName },
  { weight: 1, run: forge },
  { weight: 1, run: autoRemove },
  { weight: 1, run: removeNetwork },
  { weight: 1, run: removeImage },
]

const MIB = 1024 ** 2
const HAND_IMAGE = 'galaxy-engine:1.0.0'

type Call = readonly [method: string, path: string, body?: unknown]

async function onOurs(
  stage: Stage,
  kind: string,
  fits: (container: Container) => boolean,
  call: (container: Container) => Call,
): Promise<void> {
  const containers = stage.world.daemon.world.containers().filter((container) => isLabelled(container) && fits(container))
  if (containers.length === 0) return
  const container = stage.random.pick(containers)
  await hand(stage, kind, container.name, call(container))
}

async function hand(stage: Stage, kind: string, target: string, [method, path, body]: Call): Promise<void> {
  const answer = await stage.world.docker(method, path, body)
  stage.did(`hand ${kind}`, `${target}: ${typeof answer === 'string' ? answer : answer.status}`)
}

function isRunning({ status }: Container): boolean {
  return status === 'running'
}

function isLabelled({ config }: Container): boolean {
  return config.Labels?.['com.galaxy.owner'] === 'rtmanager'
}

/** Its program ends by itself, with or without the kernel's help. */
async function crash(stage: Stage): Promise<void> {
  const running = stage.world.daemon.world.containers().filter((container) => isLabelled(container) && isRunning(container))
  if (running.length === 0) return
  const { id, name } = stage.random.pick(running)
  const isOom = stage.random.chance(0.2)
  stage.world.daemon.end(id, { exitCode: isOom ? 137 : 1, isOom })
  stage.did(isOom ? 'hand oom' : 'hand crash', name)
  await stage.world.pass(0)
}

/** A second container of a game that is there, with all of its labels. */
async function duplicate(stage: Stage): Promise<void> {
  const ours = stage.world.daemon.world.containers().filter(isLabelled)
  if (ours.length === 0) return
  const { config, hostConfig, name } = stage.random.pick(ours)
  await run(stage, 'duplicate', `${name}-copy-${stage.random.below(1000)}`, { ...config, HostConfig: hostConfig })
}

/** Something else under a game's name. */
async function holdName(stage: Stage): Promise<void> {
  await run(stage, 'hold name', nameOf(stage, stage.random.pick(stage.games)), { Image: HAND_IMAGE, Labels: {} })
}

/** Another clone's container, with our instance and not our deployment. */
async function forge(stage: Stage): Promise<void> {
  const game = stage.random.pick(stage.games)
  const labels = { ...labelsOf(stage, game), 'com.galaxy.deployment': '00000000-0000-4000-8000-000000000000' }
  await run(stage, 'other deployment', `forged-${stage.random.below(1000)}`, { Image: HAND_IMAGE, Labels: labels })
}

async function autoRemove(stage: Stage): Promise<void> {
  const game = stage.random.pick(stage.games)
  const body = { Image: HAND_IMAGE, Labels: labelsOf(stage, game), HostConfig: { AutoRemove: true } }
  await run(stage, 'run --rm', `removes-itself-${stage.random.below(1000)}`, body)
}

async function run(stage: Stage, kind: string, name: string, body: unknown): Promise<void> {
  const answer = await stage.world.docker('POST', `/containers/create?name=${name}`, body)
  if (typeof answer === 'string' || answer.status !== 201)
    return stage.did(`hand ${kind}`, `${name}: ${typeof answer === 'string' ? answer : answer.status}`)
  await hand(stage, kind, name, ['POST', `/containers/${name}/start`])
}

async function removeNetwork(stage: Stage): Promise<void> {
  const { networkName } = networkOf(stage)
  const attached = stage.world.daemon.world
    .containers()
    .filter((container) => isAlive(container) && Object.hasOwn(container.endpoints, networkName))
  for (const { id } of attached) {
    await stage.world.docker('POST', `/networks/${networkName}/disconnect`, { Container: id, Force: true })
  }
  await hand(stage, 'network rm', networkName, ['DELETE', `/networks/${networkName}`])
}

async function removeImage(stage: Stage): Promise<void> {
  const image = stage.random.pick(['galaxy-engine:1.0.0', 'galaxy-engine:1.0.1', 'galaxy-engine:1.1.0'])
  await hand(stage, 'image rm', image, ['DELETE', `/images/${image}`])
}

function labelsOf({ world }: Stage, game: string): Record<string, string> {
  return {
    'com.galaxy.owner': 'rtmanager',
    'com.galaxy.kind': 'game-engine',
    'com.galaxy.instance': world.identity.instance,
    'com.galaxy.game_id': game,
  }
}

/** Spec 4: other instances than the default prefix the name. */
export function nameOf({ world }: Pick<Stage, 'world'>, game: string): string {
  const { instance } = world.identity
  return instance === 'default' ? `galaxy-game-${game}` : `${instance}.galaxy-game-${game}`
}

function networkOf({ world }: Stage): { readonly networkName: string } {
  return { networkName: world.config.docker.network }
}
