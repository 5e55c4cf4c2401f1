import type { Action, ContainerTarget } from '../model/action.ts'
import type { EngineState } from '../model/engine.ts'
import { messageOf, RuntimeFailure } from '../model/errors.ts'
import type { ImageFacts } from '../model/image.ts'
import type { NetworkState, ObservedContainer } from '../model/observed.ts'
import type { Clock } from '../clock.ts'
import type { Engine, Runtime } from './ports.ts'

/** Where the executor reports what its calls showed. */
export interface Witness {
  learn(container: ObservedContainer): void
  forget(containerId: string): void
  /** A call found no such container: whether it is gone is for an inspect to say. */
  doubt(containerId: string): void
  learnImage(facts: ImageFacts): void
  setNetwork(state: NetworkState): void
  readImages(signal: AbortSignal): Promise<void>
}

export interface ExecutorPorts {
  readonly runtime: Runtime
  readonly engine: Engine
  readonly witness: Witness
  readonly clock: Clock
  /** Throws when the lease leaves too little time to begin another call (S7). */
  readonly assertMayAct: () => void
  readonly onProgress: (text: string) => void
  readonly signal: AbortSignal
}

export interface ActionOutcome {
  /** Null: the call was begun and its end is not known. */
  readonly outcome: 'succeeded' | 'failed' | 'not_attempted' | null
  readonly error: string | null
  readonly durationMs: number | null
  readonly result: Readonly<Record<string, unknown>> | null
}

export interface Execution {
  /** One per action, in order. */
  readonly outcomes: readonly ActionOutcome[]
  /** The container that was started or created last, if any. */
  readonly container: ObservedContainer | null
  /** What the engine answered last, if it was asked. */
  readonly state: EngineState | null
  readonly ending: Ending
}

export type Ending =
  | { readonly kind: 'done' }
  /** The world is not what the plan assumed: read it again and plan anew. */
  | { readonly kind: 'look_again'; readonly why: string }
  | { readonly kind: 'resize_refused'; readonly containerId: string; readonly why: string }
  | { readonly kind: 'failed'; readonly failure: RuntimeFailure }

type Step =
  | Ending
  | {
      readonly kind: 'done'
      readonly createdId?: string
      readonly container?: ObservedContainer
      readonly state?: EngineState
      readonly result?: Readonly<Record<string, unknown>>
    }

const NOT_ATTEMPTED: ActionOutcome = { outcome: 'not_attempted', error: null, durationMs: null, result: null }

/**
 * Carries out a plan's actions in order and decides nothing: the first one that does not succeed ends it. What a call showed
 * goes to the witness, so that the next plan is made from it.
 */
export async function execute(actions: readonly Action[], operationId: string, ports: ExecutorPorts): Promise<Execution> {
  const outcomes: ActionOutcome[] = []
  let createdId: string | null = null
  let container: ObservedContainer | null = null
  let state: EngineState | null = null
  for (const action of actions) {
    const startedMs = performance.now()
    const step = await attempt(action, operationId, createdId, ports)
    const durationMs = performance.now() - startedMs
    outcomes.push(outcomeOf(step, durationMs))
    if (step.kind !== 'done')
      return { outcomes: [...outcomes, ...actions.slice(outcomes.length).map(() => NOT_ATTEMPTED)], container, state, ending: step }
    if ('createdId' in step) createdId = step.createdId ?? null
    if ('container' in step) container = step.container ?? null
    if ('state' in step) state = step.state ?? null
  }
  return { outcomes, container, state, ending: { kind: 'done' } }
}

async function attempt(action: Action, operationId: string, createdId: string | null, ports: ExecutorPorts): Promise<Step> {
  try {
    ports.assertMayAct()
    return await perform(action, operationId, createdId, ports)
  } catch (error) {
    if (error instanceof RuntimeFailure) return { kind: 'failed', failure: error }
    throw error
  }
}

function outcomeOf(step: Step, durationMs: number): ActionOutcome {
  if (step.kind === 'done') return { outcome: 'succeeded', error: null, durationMs, result: ('result' in step && step.result) || null }
  if (step.kind === 'failed') {
    // A call that got no answer may yet have its effect: its end is read from the world.
    const isUnknown = step.failure.code === 'service_unavailable'
    return {
      outcome: isUnknown ? null : 'failed',
      error: isUnknown ? null : messageOf(step.failure),
      durationMs: isUnknown ? null : durationMs,
      result: null,
    }
  }
  return { outcome: 'failed', error: step.why, durationMs, result: null }
}

async function perform(action: Action, operationId: string, createdId: string | null, ports: ExecutorPorts): Promise<Step> {
  const { runtime, witness, signal } = ports
  switch (action.kind) {
    case 'pull_image': {
      const facts = await runtime.pull(action.imageRef, ports.onProgress, signal)
      witness.learnImage(facts)
      return { kind: 'done', result: { imageId: facts.id } }
    }
    case 'create_network':
      await runtime.createNetwork(action.network, signal)
      witness.setNetwork('present')
      return { kind: 'done' }
    case 'create_container':
      return create(action, operationId, ports)
    case 'start_container':
      return start(idOf(action.target, createdId), ports)
    case 'stop_container':
      return stop(idOf(action.target, createdId), action.graceMs, ports)
    case 'remove_container': {
      const id = idOf(action.target, createdId)
      await runtime.remove(id, action.force, signal)
      witness.forget(id)
      return { kind: 'done' }
    }
    case 'rename_container':
      return rename(idOf(action.target, createdId), action.name, ports)
    case 'update_limits':
      return updateLimits(idOf(action.target, createdId), action.limits, ports)
    case 'purge_state':
      await runtime.purgeState(action.path)
      return { kind: 'done' }
    case 'init_engine':
      return initEngine(action, ports)
    case 'compute_turn':
      return computeTurn(action, ports)
  }
}

function idOf(target: ContainerTarget, createdId: string | null): string {
  if (target.kind === 'existing') return target.id
  if (createdId === null) throw new TypeError('a plan refers to a created container before creating it')
  return createdId
}

async function create(
  action: Extract<Action, { kind: 'create_container' }>,
  operationId: string,
  { runtime, witness, clock, signal }: ExecutorPorts,
): Promise<Step> {
  const answer = await runtime.create({ name: action.name, spec: action.spec, operationId, nowMs: clock.nowMs() }, signal)
  switch (answer.kind) {
    case 'created':
      return { kind: 'done', createdId: answer.id, result: { containerId: answer.id } }
    case 'image_missing':
      await witness.readImages(signal)
      return { kind: 'look_again', why: `image ${action.spec.imageRef} is not on this host` }
    case 'name_taken': {
      if (answer.holder === 'foreign') {
        const message = `the name ${action.name} is taken by container ${answer.id.slice(0, 12)}, which is not ours; rename or remove it`
        return { kind: 'failed', failure: new RuntimeFailure('transient', 'conflict', message) }
      }
      const holder = await runtime.inspect(answer.id, signal)
      if (holder === null) witness.forget(answer.id)
      else witness.learn(holder)
      return { kind: 'look_again', why: `the name ${action.name} is taken by our own container ${answer.id.slice(0, 12)}` }
    }
  }
}

async function start(id: string, { runtime, witness, signal }: ExecutorPorts): Promise<Step> {
  const answer = await runtime.start(id, signal)
  switch (answer.kind) {
    case 'started':
      witness.learn(answer.container)
      return { kind: 'done', container: answer.container, result: { startedAtMs: answer.container.detail?.startedAtMs ?? null } }
    case 'gone':
      witness.doubt(id)
      return { kind: 'look_again', why: `container ${id.slice(0, 12)} is gone` }
    case 'network_missing':
      witness.setNetwork('missing')
      return { kind: 'look_again', why: 'its network is missing' }
    case 'network_ambiguous':
      // The next attempt takes away what is ours and too many; somebody else's stays, so attempts are spaced.
      witness.setNetwork('ambiguous')
      return { kind: 'failed', failure: new RuntimeFailure('transient', 'container_start_failed', answer.message) }
  }
}

async function stop(id: string, graceMs: number, { runtime, witness, signal }: ExecutorPorts): Promise<Step> {
  const container = await runtime.stop(id, graceMs, signal)
  if (container === null) witness.forget(id)
  else witness.learn(container)
  return { kind: 'done', result: { exitCode: container?.detail?.exitCode ?? null, finishedAtMs: container?.detail?.finishedAtMs ?? null } }
}

async function rename(id: string, name: string, { runtime, witness, signal }: ExecutorPorts): Promise<Step> {
  const answer = await runtime.rename(id, name, signal)
  if (answer.kind === 'renamed') return { kind: 'done' }
  if (answer.kind === 'gone') {
    witness.doubt(id)
    return { kind: 'look_again', why: `container ${id.slice(0, 12)} is gone` }
  }
  if (answer.holder === 'ours') {
    const holder = await runtime.inspect(answer.id, signal)
    if (holder !== null) witness.learn(holder)
    return { kind: 'look_again', why: `the name ${name} is taken by our own container ${answer.id.slice(0, 12)}` }
  }
  return {
    kind: 'failed',
    failure: new RuntimeFailure(
      'transient',
      'conflict',
      `the name ${name} is taken by container ${answer.id.slice(0, 12)}, which is not ours; rename or remove it`,
    ),
  }
}

async function updateLimits(
  id: string,
  limits: Extract<Action, { kind: 'update_limits' }>['limits'],
  { runtime, witness, signal }: ExecutorPorts,
): Promise<Step> {
  const answer = await runtime.updateLimits(id, limits, signal)
  switch (answer.kind) {
    case 'updated':
      witness.learn(answer.container)
      return { kind: 'done', container: answer.container }
    case 'refused':
      return { kind: 'resize_refused', containerId: id, why: answer.message }
    case 'gone':
      witness.doubt(id)
      return { kind: 'look_again', why: `container ${id.slice(0, 12)} is gone` }
  }
}

async function initEngine(
  { engine: target, races }: Extract<Action, { kind: 'init_engine' }>,
  { engine, signal }: ExecutorPorts,
): Promise<Step> {
  if (target === null) throw new TypeError('an engine is to be initialised before its container is known')
  const state = await engine.init(target, races, signal)
  const missing = races.filter((race) => !state.players.some(({ raceName }) => raceName === race))
  if (missing.length > 0) {
    const message = `the engine has no player of race ${missing.join(', ')}; its game has ${state.players.map(({ raceName }) => raceName).join(', ')}`
    return { kind: 'failed', failure: new RuntimeFailure('transient', 'engine_unreachable', message) }
  }
  return { kind: 'done', state, result: { turn: state.turn } }
}

async function computeTurn(
  { engine: target, turn, incarnation }: Extract<Action, { kind: 'compute_turn' }>,
  { engine, signal }: ExecutorPorts,
): Promise<Step> {
  const state = await engine.turn(target, turn, `${target.gameId}:${incarnation}:${turn}`, signal)
  if (state.turn === turn) return { kind: 'done', state, result: { turn, finished: state.finished } }
  const message = `the engine answered with turn ${state.turn} when it was asked for turn ${turn}`
  return { kind: 'failed', failure: new RuntimeFailure('transient', 'engine_unreachable', message) }
}
