import { describe, expect, it } from 'vitest'
import { type Evidence, intentTarget, judgeIntent, openContainers } from '../../../src/controller/intents.ts'
import type { Action, ActionKind } from '../../../src/model/action.ts'
import type { ObservedContainer } from '../../../src/model/observed.ts'
import { container, detail, exited, LIMITS, NOW_MS, operation, spec } from '../../support/planning.ts'

const OPERATION = operation({ operationId: 'op-1', startedAt: new Date(NOW_MS - 100) })
const made = (over: Partial<ObservedContainer> = {}): ObservedContainer => container({ id: 'c2', operationId: 'op-1', ...over })
const unstarted = (over: Partial<ObservedContainer> = {}): ObservedContainer =>
  made({ state: 'created', detail: detail({ startedAtMs: null }), ...over })
const started = { startedAtMs: NOW_MS - 50 } as const

const TURN_3 = { id: 't', call: { kind: 'tick', atMs: NOW_MS }, turn: 3 } as const

/** An intent whose outcome was never written, and what the world shows. */
const TABLE: readonly (readonly [
  kind: ActionKind,
  target: string,
  world: string,
  evidence: Partial<Evidence>,
  outcome: 'succeeded' | 'failed',
])[] = [
  ['pull_image', 'galaxy-engine:2', 'the image is here', { hasImage: (ref) => ref === 'galaxy-engine:2' }, 'succeeded'],
  ['pull_image', 'galaxy-engine:2', 'the image is not here', {}, 'failed'],
  ['create_network', 'galaxy', 'the network is here', { network: 'present' }, 'succeeded'],
  ['create_network', 'galaxy', 'the network is not here', {}, 'failed'],

  ['create_container', 'galaxy-game-g', 'nothing is there', {}, 'failed'],
  ['create_container', 'galaxy-game-g', 'a container of this operation is there', { containers: [unstarted()] }, 'succeeded'],
  ['create_container', 'galaxy-game-g', 'only one of another operation is there, under that name', { containers: [container()] }, 'failed'],

  ['start_container', 'created', 'it runs', { containers: [made({ detail: detail(started) })] }, 'succeeded'],
  ['start_container', 'created', 'it was never started', { containers: [unstarted()] }, 'failed'],
  [
    'start_container',
    'created',
    'it was started and has crashed',
    { containers: [exited(started, { id: 'c2', operationId: 'op-1' })] },
    'succeeded',
  ],
  ['start_container', 'created', 'it is gone', {}, 'failed'],
  ['start_container', 'created', 'another runs', { containers: [container(), unstarted()] }, 'failed'],
  ['start_container', 'c1', 'it runs', { containers: [container()] }, 'succeeded'],
  ['start_container', 'c1', 'it is paused', { containers: [container({ state: 'paused' })] }, 'succeeded'],
  ['start_container', 'c1', 'it is gone', {}, 'failed'],

  ['stop_container', 'c1', 'it runs on', { containers: [container()] }, 'failed'],
  ['stop_container', 'c1', 'it has exited', { containers: [exited()] }, 'succeeded'],
  ['stop_container', 'c1', 'it is gone', {}, 'succeeded'],
  ['stop_container', 'c1', 'it is gone and another runs', { containers: [made()] }, 'succeeded'],

  ['remove_container', 'c1', 'it is there', { containers: [exited()] }, 'failed'],
  ['remove_container', 'c1', 'it is going', { containers: [container({ state: 'removing' })] }, 'failed'],
  ['remove_container', 'c1', 'it is gone', {}, 'succeeded'],

  ['rename_container', 'c2', 'it has the canonical name', { containers: [made({ name: 'galaxy-game-g' })] }, 'succeeded'],
  ['rename_container', 'c2', 'it has its temporary name', { containers: [made({ name: 'galaxy-game-g.next.op-1' })] }, 'failed'],
  ['rename_container', 'c2', 'it is gone', {}, 'failed'],

  ['init_engine', 'created', 'the engine has a game', { engineTurn: 0 }, 'succeeded'],
  ['init_engine', 'created', 'the engine has none', {}, 'failed'],
  ['compute_turn', 'c1', 'the engine has computed it', { engineTurn: 3, openTurn: TURN_3 }, 'succeeded'],
  ['compute_turn', 'c1', 'the engine is one behind', { engineTurn: 2, openTurn: TURN_3 }, 'failed'],
  ['compute_turn', 'c1', 'the engine cannot be asked', { openTurn: TURN_3 }, 'failed'],
  ['update_limits', 'c1', 'nothing can show it', { containers: [container()] }, 'failed'],
  ['purge_state', '/state/g', 'nothing can show it', {}, 'failed'],
]

const NOTHING: Evidence = {
  containers: [],
  hasImage: () => false,
  network: 'missing',
  canonicalName: 'galaxy-game-g',
  engineTurn: null,
  openTurn: null,
}

describe('row 1: an intent without an outcome is closed by what the world shows (S4)', () => {
  it.each(TABLE)('%s %s, where %s', (kind, target, _, evidence, outcome) => {
    const world: Evidence = { ...NOTHING, ...evidence }
    expect(judgeIntent({ seq: 0, kind, target }, OPERATION, world)).toBe(outcome)
  })
})

it('a start of a container that ended before the operation began is not taken for done by its earlier life', () => {
  const crashed = exited({ startedAtMs: NOW_MS - 3_600_000, finishedAtMs: NOW_MS - 200 })
  const world: Evidence = { ...NOTHING, containers: [crashed], network: 'present' }
  expect(judgeIntent({ seq: 0, kind: 'start_container', target: 'c1' }, OPERATION, world)).toBe('failed')
})

describe('what the log keeps of an action', () => {
  const c1 = { kind: 'existing', id: 'c1', name: 'galaxy-game-g' } as const
  it.each<readonly [Action, string]>([
    [{ kind: 'pull_image', imageRef: 'engine:1', reason: '' }, 'engine:1'],
    [{ kind: 'create_network', network: 'galaxy', reason: '' }, 'galaxy'],
    [{ kind: 'create_container', name: 'galaxy-game-g', spec: spec(), reason: '' }, 'galaxy-game-g'],
    [{ kind: 'start_container', target: { kind: 'created' }, reason: '' }, 'created'],
    [{ kind: 'start_container', target: c1, reason: '' }, 'c1'],
    [{ kind: 'stop_container', target: c1, graceMs: 1, reason: '' }, 'c1'],
    [{ kind: 'remove_container', target: c1, force: false, reason: '' }, 'c1'],
    [{ kind: 'rename_container', target: c1, name: 'x', reason: '' }, 'c1'],
    [{ kind: 'update_limits', target: c1, limits: LIMITS, reason: '' }, 'c1'],
    [{ kind: 'purge_state', path: '/state/g', reason: '' }, '/state/g'],
  ])('%j', (action, target) => {
    expect(intentTarget(action)).toBe(target)
  })
})

describe('the containers that open intents are about', () => {
  it('are those that are named by an id', () => {
    const intents = (['stop_container', 'remove_container', 'pull_image', 'create_container'] as const).map((kind, seq) => ({
      seq,
      kind,
      target: kind,
    }))
    expect(openContainers([...intents, { seq: 4, kind: 'start_container', target: 'created' }])).toEqual([
      'stop_container',
      'remove_container',
    ])
  })
})
