import type { Container } from '../../../simulator/world/container.ts'
import type { ContainerAction, Effect } from '../../../simulator/world/effect.ts'
import type { CallEntry, Caller } from '../../../simulator/world/history.ts'
import { createBodyShape } from '../../../simulator/world/create-body.ts'
import type { Moment, Row, Stamped, Testimony, Write } from '../../chaos/judge/testimony.ts'

const DEPLOYMENT = '11111111-1111-4111-8111-111111111111'

/** A history that never happened, made step by step; one second passes with each. */
export class Forgery {
  readonly #entries: Stamped[] = []
  readonly #calls: CallEntry[] = []
  readonly #writes: Write[] = []
  readonly #moments: Moment[] = []
  #second = 0
  #lives: Testimony['lives'] = [{ number: 1, startedAtMs: 0, endedAtMs: null, endedSeq: null }]

  get testimony(): Testimony {
    return {
      entries: this.#entries,
      moments: this.#moments,
      calls: this.#calls,
      writes: this.#writes,
      lives: this.#lives,
      identity: { instance: 'default', deployment: DEPLOYMENT },
    }
  }

  /** A call that changes a container; `after` null removes it. */
  effect(kind: string, action: ContainerAction, before: Container | null, after: Container | null, caller: Caller = 'docker'): this {
    const atMs = this.#tick()
    const origin = { callId: this.#calls.length + 1, kind, caller }
    const id = (after ?? before)?.id ?? ''
    const effect: Effect = { subject: 'container', action, id, before, after, attributes: {} }
    this.#entries.push({ entry: { seq: this.#entries.length + 1, atMs, atNs: BigInt(atMs), origin, effect }, realMs: atMs })
    this.#calls.push({ origin, target: id, atMs, endedAtMs: atMs, status: 200, faults: [] })
    return this
  }

  /** A call that changes nothing; it is answered so, or not at all. */
  look(kind: string, target: string, status: number | null = 200): this {
    const atMs = this.#tick()
    this.#calls.push({
      origin: { callId: this.#calls.length + 1, kind, caller: 'docker' },
      target,
      atMs,
      endedAtMs: atMs,
      status,
      faults: [],
    })
    return this
  }

  write(
    table: string,
    before: Row | null,
    after: Row | null,
    epochs: { readonly claimed: number | null; readonly current: number } = { claimed: 1, current: 1 },
  ): this {
    const op = before === null ? 'INSERT' : after === null ? 'DELETE' : 'UPDATE'
    this.#writes.push({
      id: this.#writes.length + 1,
      realMs: this.#tick(),
      table,
      op,
      before,
      after,
      claimedEpoch: epochs.claimed,
      currentEpoch: epochs.current,
      isLeaseValid: true,
    })
    return this
  }

  /** The outcome of an intent. */
  outcome(operationId: string, kind: string, target: string): this {
    const intent = this.#writes.findLast(
      ({ table, after }) =>
        after?.['operation_id'] === operationId && after['kind'] === kind && after['target'] === target && table === 'operation_actions',
    )
    return this.write('operation_actions', intent?.after ?? null, { ...intent?.after, outcome: 'succeeded' })
  }

  /** An operation of generation 1 and one intent of it. */
  intent(operationId: string, kind: string, target: string, game = 'alpha'): this {
    const operation = { operation_id: operationId, game_id: game, op: 'start', status: 'running', generation: 1 }
    const isKnown = this.#writes.some(({ table, after }) => table === 'operation_log' && after?.['operation_id'] === operationId)
    if (!isKnown) this.write('operation_log', null, operation)
    return this.write('operation_actions', null, { operation_id: operationId, seq: this.#writes.length, kind, target, outcome: null })
  }

  /** kill -9 of the one life. */
  kill(): this {
    this.#lives = [{ number: 1, startedAtMs: 0, endedAtMs: this.#tick(), endedSeq: this.#entries.length }]
    return this
  }

  pass(seconds: number): this {
    this.#second += seconds
    return this
  }

  #tick(): number {
    this.#second += 1
    const atMs = this.#second * 1000
    this.#moments.push({ realMs: atMs, atMs })
    return atMs
  }
}

/** One that the controller made for game alpha under operation `op-1`, unless something else is said. */
export function container(changes: Partial<Container> = {}, labels: Readonly<Record<string, string>> = {}): Container {
  const { HostConfig, NetworkingConfig: _, ...config } = createBodyShape.parse({ Image: 'galaxy-engine:1.0.0', HostConfig: {} })
  return {
    id: 'a'.repeat(64),
    name: 'galaxy-game-alpha',
    createdAtMs: 0,
    imageId: 'sha256:1',
    config: { ...config, Labels: { ...OURS, ...labels } },
    hostConfig: { ...hostConfigOf(HostConfig), NanoCpus: 1e9, Memory: 256 * MIB, MemorySwap: 256 * MIB, PidsLimit: 128 },
    mounts: [{ source: '/state/alpha', destination: '/var/lib/galaxy-game', isReadOnly: false }],
    endpoints: {},
    listedEndpoints: null,
    status: 'running',
    isStarting: false,
    startedAtMs: 0,
    finishedAtMs: null,
    exitCode: 0,
    isOomKilled: false,
    error: '',
    health: null,
    lives: 1,
    restartCount: 0,
    isStoppedByHand: false,
    ports: [],
    ...changes,
  }
}

export const OTHER_ID = 'b'.repeat(64)
const MIB = 1024 ** 2

const OURS = {
  'com.galaxy.owner': 'rtmanager',
  'com.galaxy.kind': 'game-engine',
  'com.galaxy.instance': 'default',
  'com.galaxy.deployment': DEPLOYMENT,
  'com.galaxy.game_id': 'alpha',
  'com.galaxy.engine_version': '1.0.0',
  'com.galaxy.engine_image_ref': 'galaxy-engine:1.0.0',
  'com.galaxy.spec_hash': 'v1:1',
  'com.galaxy.operation_id': 'op-1',
}

function hostConfigOf(config: ReturnType<typeof createBodyShape.parse>['HostConfig']): Container['hostConfig'] {
  if (config === null || config === undefined) throw new TypeError('it was asked for')
  return config
}

/** The desired row of game alpha. */
export function row(changes: Row = {}): Row {
  return {
    game_id: 'alpha',
    engine: 'galaxy',
    engine_version: '1.0.0',
    image_ref: null,
    state: 'running',
    stop_reason: null,
    players: [],
    cpus: null,
    memory: null,
    pids: null,
    restart_token: null,
    allow_incompatible_to: null,
    generation: 1,
    deleted_at: null,
    purge_state: false,
    ...changes,
  }
}
