import { describe, expect, it } from 'vitest'
import { type Ending, type Execution, execute } from '../../../src/controller/execute.ts'
import type { Engine } from '../../../src/controller/ports.ts'
import type { Action } from '../../../src/model/action.ts'
import { RuntimeFailure } from '../../../src/model/errors.ts'
import { container, exited, LIMITS, spec } from '../../support/planning.ts'
import { fakeClock } from './fake-clock.ts'
import { listeningWitness, scriptedRuntime } from './scripted-runtime.ts'

const OLD = { kind: 'existing', id: 'c1', name: 'galaxy-game-g' } as const
const NEW = { kind: 'created' } as const
const made = container({ id: 'c2' })

const pull: Action = { kind: 'pull_image', imageRef: 'galaxy-engine:1.0.0', reason: 'missing' }
const network: Action = { kind: 'create_network', network: 'galaxy', reason: 'missing' }
const create: Action = { kind: 'create_container', name: 'galaxy-game-g', spec: spec(), reason: 'wanted' }
const startNew: Action = { kind: 'start_container', target: NEW, reason: 'wanted' }
const startOld: Action = { kind: 'start_container', target: OLD, reason: 'crashed' }
const stop: Action = { kind: 'stop_container', target: OLD, graceMs: 10_000, reason: 'replaced' }
const remove: Action = { kind: 'remove_container', target: OLD, force: false, reason: 'replaced' }
const rename: Action = { kind: 'rename_container', target: NEW, name: 'galaxy-game-g', reason: 'canonical' }
const resize: Action = { kind: 'update_limits', target: OLD, limits: LIMITS, reason: 'differ' }
const purge: Action = { kind: 'purge_state', path: '/state/g', reason: 'asked for' }

const failure = (kind: RuntimeFailure['kind'], code: RuntimeFailure['code']) =>
  new RuntimeFailure(kind, code, `${code}!`, { cause: new Error('because') })

type Script = Parameters<typeof scriptedRuntime>[0]

/** These plans ask no engine. */
const NO_ENGINE: Engine = {
  init: () => Promise.reject(new Error('the engine was not to be asked')),
  status: () => Promise.reject(new Error('the engine was not to be asked')),
  turn: () => Promise.reject(new Error('the engine was not to be asked')),
}

async function run(actions: readonly Action[], script: Script, over: { readonly mayAct?: () => void } = {}) {
  const { runtime, calls } = scriptedRuntime(script)
  const { witness, reports } = listeningWitness()
  const progress: string[] = []
  const execution = await execute(actions, 'op-1', {
    runtime,
    engine: NO_ENGINE,
    witness,
    clock: fakeClock(),
    assertMayAct: over.mayAct ?? (() => {}),
    onProgress: (text) => progress.push(text),
    signal: new AbortController().signal,
  })
  return { execution, calls, reports, progress }
}

const outcomes = ({ outcomes: all }: Execution) => all.map(({ outcome }) => outcome)

function endingOf({ ending }: Execution): string {
  switch (ending.kind) {
    case 'done':
      return 'done'
    case 'failed':
      return `failed: ${ending.failure.code}`
    default:
      return `${ending.kind}: ${ending.why}`
  }
}

/** Actions whose first one gets this answer → how the operation goes on, and what the world is told. */
const ENDINGS: readonly (readonly [string, Action, Script, ending: string, reports: readonly string[]])[] = [
  ['an image pulled', pull, { pull: { id: 'sha256:1', labels: {}, refs: [] } }, 'done', ['image sha256:1']],
  ['an image that cannot be pulled', pull, { pull: failure('transient', 'image_pull_failed') }, 'failed: image_pull_failed', []],
  ['a network made', network, { createNetwork: undefined }, 'done', ['network present']],
  ['a container made', create, { create: { kind: 'created', id: 'c2' } }, 'done', []],
  [
    'an image that is not there',
    create,
    { create: { kind: 'image_missing' } },
    'look_again: image galaxy-engine:1.0.0 is not on this host',
    ['images read'],
  ],
  [
    'a name that is ours',
    create,
    { create: { kind: 'name_taken', holder: 'ours', id: 'c9' }, inspect: container({ id: 'c9' }) },
    'look_again: the name galaxy-game-g is taken by our own container c9',
    ['c9 is running'],
  ],
  [
    'a name that was ours just now',
    create,
    { create: { kind: 'name_taken', holder: 'ours', id: 'c9' }, inspect: null },
    'look_again: the name galaxy-game-g is taken by our own container c9',
    ['c9 is gone'],
  ],
  ['a name that is foreign', create, { create: { kind: 'name_taken', holder: 'foreign', id: 'c9' } }, 'failed: conflict', []],
  ['a container started', startOld, { start: { kind: 'started', container: container() } }, 'done', ['c1 is running']],
  ['a start of nothing', startOld, { start: { kind: 'gone' } }, 'look_again: container c1 is gone', ['c1 is doubted']],
  [
    'a start without its network',
    startOld,
    { start: { kind: 'network_missing' } },
    'look_again: its network is missing',
    ['network missing'],
  ],
  [
    'a start on a network that is there twice',
    startOld,
    { start: { kind: 'network_ambiguous', message: 'network galaxy is ambiguous' } },
    'failed: container_start_failed',
    ['network ambiguous'],
  ],
  ['a start that fails', startOld, { start: failure('transient', 'container_start_failed') }, 'failed: container_start_failed', []],
  ['a stop', stop, { stop: exited() }, 'done', ['c1 is exited']],
  ['a stop of nothing', stop, { stop: null }, 'done', ['c1 is gone']],
  ['a removal', remove, { remove: undefined }, 'done', ['c1 is gone']],
  ['limits changed', resize, { updateLimits: { kind: 'updated', container: container() } }, 'done', ['c1 is running']],
  ['limits refused', resize, { updateLimits: { kind: 'refused', message: 'no swap' } }, 'resize_refused: no swap', []],
  ['limits of nothing', resize, { updateLimits: { kind: 'gone' } }, 'look_again: container c1 is gone', ['c1 is doubted']],
  ['state purged', purge, { purgeState: undefined }, 'done', []],
]

const RENAMES: readonly (readonly [string, Script, ending: string, reports: readonly string[]])[] = [
  ['renamed', { rename: { kind: 'renamed' } }, 'done', []],
  ['gone', { rename: { kind: 'gone' } }, 'look_again: container c2 is gone', ['c2 is doubted']],
  [
    'in the way of our own',
    { rename: { kind: 'name_taken', holder: 'ours', id: 'c9' }, inspect: container({ id: 'c9' }) },
    'look_again: the name galaxy-game-g is taken by our own container c9',
    ['c9 is running'],
  ],
  ['in the way of a foreign one', { rename: { kind: 'name_taken', holder: 'foreign', id: 'c9' } }, 'failed: conflict', []],
]

describe('one action', () => {
  it.each(ENDINGS)('%s', async (_, action, script, ending, reports) => {
    const { execution, reports: told } = await run([action], script)
    expect([endingOf(execution), told]).toEqual([ending, reports])
    expect(outcomes(execution)).toEqual([ending === 'done' ? 'succeeded' : 'failed'])
  })

  it.each(RENAMES)('a successor %s', async (_, script, ending, reports) => {
    const { execution, reports: told } = await run([create, rename], { create: { kind: 'created', id: 'c2' }, ...script })
    expect([endingOf(execution), told]).toEqual([ending, reports])
  })

  it('names the foreign container and what to do about it', async () => {
    const { execution } = await run([create], { create: { kind: 'name_taken', holder: 'foreign', id: '0123456789abcdef' } })
    expect(execution.outcomes[0]?.error).toBe(
      'the name galaxy-game-g is taken by container 0123456789ab, which is not ours; rename or remove it',
    )
  })

  it('says why it failed, with the cause', async () => {
    const { execution } = await run([startOld], { start: failure('transient', 'container_start_failed') })
    expect(execution.outcomes[0]).toMatchObject({ outcome: 'failed', error: 'container_start_failed!: because', result: null })
  })

  it('shows how a pull gets on', async () => {
    expect((await run([pull], { pull: { id: 'sha256:1', labels: {}, refs: [] } })).progress).toEqual(['1 of 2 layers'])
  })
})

describe('several actions', () => {
  const replacement = [create, stop, remove, rename, startNew]
  const script: Script = {
    create: { kind: 'created', id: 'c2' },
    stop: exited(),
    remove: undefined,
    rename: { kind: 'renamed' },
    start: { kind: 'started', container: made },
  }

  it('are done in order, on the container that was made on the way', async () => {
    const { execution, calls } = await run(replacement, script)
    expect(calls).toEqual(['create galaxy-game-g for op-1', 'stop c1 within 10000', 'remove c1', 'rename c2 to galaxy-game-g', 'start c2'])
    expect([endingOf(execution), outcomes(execution), execution.container?.id]).toEqual(['done', Array(5).fill('succeeded'), 'c2'])
    expect(execution.outcomes[0]?.result).toEqual({ containerId: 'c2' })
  })

  it("keep Docker's own times, which the record may have to clamp", async () => {
    const { execution } = await run([stop], { stop: exited({ exitCode: 137, finishedAtMs: 42 }) })
    expect(execution.outcomes[0]?.result).toEqual({ exitCode: 137, finishedAtMs: 42 })
  })

  it.each<readonly [string, Script, Ending['kind']]>([
    ['fails', { ...script, stop: failure('transient', 'conflict') }, 'failed'],
    ['has another world before it', { ...script, create: { kind: 'image_missing' } }, 'look_again'],
  ])('end with the first that %s; the rest is not attempted', async (_, answers, kind) => {
    const { execution, calls } = await run(replacement, answers)
    const begun = calls.length
    expect(execution.ending.kind).toBe(kind)
    expect(outcomes(execution)).toEqual([
      ...Array<string>(begun - 1).fill('succeeded'),
      'failed',
      ...Array<string>(replacement.length - begun).fill('not_attempted'),
    ])
  })

  it('leave the end of a call open that got no answer', async () => {
    const { execution } = await run(replacement, { ...script, remove: failure('transient', 'service_unavailable') })
    expect(outcomes(execution)).toEqual(['succeeded', 'succeeded', null, 'not_attempted', 'not_attempted'])
    expect(execution.outcomes[2]).toEqual({ outcome: null, error: null, durationMs: null, result: null })
    expect(endingOf(execution)).toBe('failed: service_unavailable')
  })

  it('are not begun when too little of the lease remains (S7)', async () => {
    let begun = 0
    const mayAct = (): void => {
      if (++begun > 2) throw failure('transient', 'service_unavailable')
    }
    const { execution, calls } = await run(replacement, script, { mayAct })
    expect([calls.length, endingOf(execution)]).toEqual([2, 'failed: service_unavailable'])
  })

  it('of none are done', async () => {
    const { execution } = await run([], {})
    expect(execution).toEqual({ outcomes: [], container: null, state: null, ending: { kind: 'done' } })
  })
})

it('row 49: lets a bug through, so that the pass fails and every outcome is read from the world', async () => {
  await expect(run([create, startNew], { create: { kind: 'created', id: 'c2' }, start: new TypeError('bug') })).rejects.toThrow('bug')
  await expect(run([startNew], {})).rejects.toThrow('before creating it')
})
