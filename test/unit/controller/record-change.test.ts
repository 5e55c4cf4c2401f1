import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { changeRecord, type RecordFacts } from '../../../src/controller/record-change.ts'
import type { ObservedContainer } from '../../../src/model/observed.ts'
import type { RecordChange } from '../../../src/model/plan.ts'
import type { RuntimeRecord } from '../../../src/model/record.ts'
import type { TurnCall } from '../../../src/model/turn.ts'
import { checkRecord } from '../../../src/record/validity.ts'
import { container, detail, NOW_MS, record, spec } from '../../support/planning.ts'

const at = (offsetMs: number): Date => new Date(NOW_MS + offsetMs)

function facts(over: Partial<RecordFacts> = {}): RecordFacts {
  return {
    gameId: 'g',
    newUid: 'new',
    now: at(0),
    spec: spec(),
    container: container(),
    network: 'galaxy',
    statePath: '/state/g',
    paused: false,
    engine: null,
    generation: 1,
    ledger: [],
    due: [],
    lookedAt: at(0),
    isOperation: true,
    ...over,
  }
}

const STOPPED: Partial<RuntimeRecord> = { status: 'stopped', stoppedAt: at(-1_000) }

/** Record before, what happens to it → what of it is then different. */
const TABLE: readonly (readonly [string, RuntimeRecord | null, RecordChange, Partial<RecordFacts>, Partial<RuntimeRecord> | null])[] = [
  ['nothing, and nothing happens', null, { kind: 'none' }, {}, null],
  ['nothing, and it is stopped: there is no stop to record', null, { kind: 'stopped' }, {}, null],
  ['nothing, and it is removed', null, { kind: 'removed' }, {}, null],
  [
    'its limits were changed in place',
    record(),
    { kind: 'none' },
    { container: container({ detail: detail({ limits: { cpus: 2, memoryBytes: 1, pids: 3 } }) }) },
    { limits: { cpus: 2, memoryBytes: 1, pids: 3 } },
  ],
  [
    'a start begins after the state root and the network were changed',
    record(STOPPED),
    { kind: 'starting' },
    { container: null, spec: { ...spec(), network: 'other', state: { ...spec().state, path: '/moved/g' } } },
    { status: 'starting', statePath: '/moved/g', network: 'other', stoppedAt: null },
  ],
  [
    'nothing, and a start begins',
    null,
    { kind: 'starting' },
    { container: null },
    {
      uid: 'new',
      status: 'starting',
      containerId: null,
      imageRef: 'galaxy-engine:1.0.0',
      imageId: 'sha256:1.0.0',
      endpoint: 'http://galaxy-game-g:8080',
      createdAt: at(0),
      startedAt: null,
      lastOpAt: at(0),
    },
  ],
  [
    'nothing, and a container is adopted: it lives since that started',
    null,
    { kind: 'adopted', containerId: 'c1' },
    { container: container({ detail: detail({ startedAtMs: NOW_MS - 90_000 }) }) },
    { status: 'starting', containerId: 'c1', createdAt: at(-90_000), startedAt: at(-90_000), lastOpAt: at(0) },
  ],
  [
    "nothing, and a container is adopted that by Docker's clock starts tomorrow",
    null,
    { kind: 'adopted', containerId: 'c1' },
    { container: container({ detail: detail({ startedAtMs: NOW_MS + 86_400_000 }) }) },
    { createdAt: at(0), startedAt: at(86_400_000) },
  ],
  [
    'stopped, and a start begins: its stop is over',
    record(STOPPED),
    { kind: 'starting' },
    { container: null },
    { status: 'starting', stoppedAt: null, health: 'unknown' },
  ],
  [
    'starting, and it serves',
    record({ status: 'starting', health: 'unknown' }),
    { kind: 'running', containerId: 'c1' },
    {},
    { status: 'running', health: 'ok' },
  ],
  [
    'running, and it no longer serves',
    record(),
    { kind: 'unreachable', containerId: 'c1' },
    {},
    { status: 'engine_unreachable', health: 'unreachable' },
  ],
  [
    'running, and it stops',
    record(),
    { kind: 'stopped' },
    { container: container({ state: 'exited', detail: detail({ finishedAtMs: NOW_MS - 5 }) }) },
    { status: 'stopped', health: 'unknown', stoppedAt: at(-5) },
  ],
  ['running, and its container is gone', record(), { kind: 'stopped' }, { container: null }, { status: 'stopped', stoppedAt: at(0) }],
  ['stopped, and it is stopped again: the first stop counts', record(STOPPED), { kind: 'stopped' }, {}, { stoppedAt: at(-1_000) }],
  [
    "running, and it stops before it started by Docker's clock",
    record({ createdAt: at(-50), startedAt: at(-20) }),
    { kind: 'stopped' },
    { container: container({ state: 'exited', detail: detail({ finishedAtMs: NOW_MS - 3_600_000 }) }) },
    { stoppedAt: at(-20) },
  ],
  ['stopped, and it is removed', record(STOPPED), { kind: 'removed' }, { container: null }, { status: 'removed', removedAt: at(0) }],
  [
    'running, and the clock was set back before it is removed',
    record(),
    { kind: 'removed' },
    { now: at(-86_400_000) },
    { removedAt: at(-3_600_000), lastOpAt: at(-3_600_000) },
  ],
  [
    'running, and only something noticed',
    record(),
    { kind: 'unreachable', containerId: 'c1' },
    { isOperation: false },
    { lastOpAt: at(-3_600_000) },
  ],
  ['running, and it is paused', record(), { kind: 'paused', paused: true }, {}, { paused: true, pausedAt: at(0), status: 'running' }],
  [
    'paused, and it is resumed',
    record({ paused: true, pausedAt: at(-9) }),
    { kind: 'paused', paused: false },
    {},
    { paused: false, pausedAt: null },
  ],
  [
    'running another image than accepted, and it serves',
    record(),
    { kind: 'running', containerId: 'c1' },
    { spec: spec('1.0.1') },
    { imageRef: 'galaxy-engine:1.0.0', engineVersion: '1.0.0' },
  ],
]

const engine = (turn: number, finished = false) => ({ turn, finished, players: [] })
const SERVES: RecordChange = { kind: 'running', containerId: 'c1' }
const scheduled = (turnSchedule: string | null, timeZone = 'UTC') => ({ spec: spec('1.0.0', { turnSchedule, timeZone }) })
const HOURLY = '0 * * * *'
const hourly = record({ turnSchedule: HOURLY, ticksAfter: at(-60_000) })
const skipped = (ms: number, reason: 'paused' | 'skip_next_tick' = 'paused') => ({ kind: 'skip', atMs: NOW_MS + ms, reason }) as const
const begun = (call: TurnCall) => ({ kind: 'begin', call, turn: 1 }) as const

/** The same, of what its engine says and what is in the ledger. */
const PLAYED: typeof TABLE = [
  [
    'starting, and its engine has its game',
    record({ status: 'starting', currentTurn: null, ticksAfter: null }),
    SERVES,
    { engine: engine(0), ...scheduled(HOURLY) },
    { status: 'running', currentTurn: 0, turnSchedule: HOURLY, ticksAfter: at(0) },
  ],
  [
    'starting, and its engine has none yet',
    record({ status: 'starting', currentTurn: null, ticksAfter: null }),
    SERVES,
    {},
    { currentTurn: null, ticksAfter: null },
  ],
  ['running, and a turn is asked for', record(), { kind: 'generating' }, {}, { status: 'generation_in_progress' }],
  [
    'asked for a turn, and computed',
    record({ status: 'generation_in_progress' }),
    SERVES,
    { engine: engine(1) },
    { status: 'running', currentTurn: 1 },
  ],
  [
    'asked for a turn, and failed',
    record({ status: 'generation_in_progress' }),
    { kind: 'generation_failed' },
    {},
    { status: 'generation_failed' },
  ],
  [
    'asked for the last turn',
    record({ status: 'generation_in_progress' }),
    SERVES,
    { engine: engine(9, true), generation: 3 },
    { status: 'finished', currentTurn: 9, finishedAt: at(0), finishedGeneration: 3 },
  ],
  [
    'finished, and finished again in a newer generation: the first end counts',
    record({ status: 'finished', finishedAt: at(-5), finishedGeneration: 1 }),
    SERVES,
    { engine: engine(9, true), generation: 2 },
    { finishedAt: at(-5), finishedGeneration: 2 },
  ],
  [
    'finished, and started again',
    record({ status: 'finished', finishedAt: at(-5), finishedGeneration: 1 }),
    { kind: 'starting' },
    {},
    { status: 'starting', finishedAt: null, finishedGeneration: null },
  ],
  ['a tick is skipped', hourly, { kind: 'none' }, { ...scheduled(HOURLY), ledger: [skipped(-1)] }, { ticksAfter: at(-1) }],
  [
    'a tick’s turn begins',
    hourly,
    { kind: 'generating' },
    { ...scheduled(HOURLY), ledger: [begun({ kind: 'tick', atMs: NOW_MS })] },
    { ticksAfter: at(0), skipNextTick: false },
  ],
  [
    'a forced turn begins: the next tick is skipped',
    hourly,
    { kind: 'generating' },
    { ...scheduled(HOURLY), ledger: [begun({ kind: 'token', token: 'a', generation: 1 })] },
    { skipNextTick: true, ticksAfter: at(-60_000) },
  ],
  [
    'that tick is skipped',
    { ...hourly, skipNextTick: true },
    { kind: 'none' },
    { ...scheduled(HOURLY), ledger: [skipped(0, 'skip_next_tick')] },
    { skipNextTick: false, ticksAfter: at(0) },
  ],
  [
    'a tick is skipped for another reason',
    { ...hourly, skipNextTick: true },
    { kind: 'none' },
    { ...scheduled(HOURLY), ledger: [skipped(0)] },
    { skipNextTick: true },
  ],
  [
    'another schedule: its ticks count from now',
    hourly,
    { kind: 'none' },
    scheduled('*/5 * * * *'),
    { turnSchedule: '*/5 * * * *', ticksAfter: at(0) },
  ],
  [
    'another schedule, and ticks of the former one that are not in the ledger yet',
    hourly,
    { kind: 'none' },
    { ...scheduled('*/5 * * * *'), due: [NOW_MS - 1_000] },
    { turnSchedule: HOURLY, ticksAfter: at(-60_000) },
  ],
  [
    'another schedule, and the last tick of the former one comes into the ledger: its ticks count from the look on',
    hourly,
    { kind: 'none' },
    { ...scheduled('*/5 * * * *'), due: [NOW_MS - 1_000], ledger: [skipped(-1_000)], lookedAt: at(-10) },
    { turnSchedule: '*/5 * * * *', ticksAfter: at(-10) },
  ],
  ['another time zone', hourly, { kind: 'none' }, scheduled(HOURLY, 'Europe/Berlin'), { timeZone: 'Europe/Berlin', ticksAfter: at(0) }],
  [
    'stopped, and started again: its ticks count from now',
    { ...hourly, ...STOPPED },
    { kind: 'starting' },
    scheduled(HOURLY),
    { ticksAfter: at(0) },
  ],
  [
    'started again an hour before its last tick, by a clock that was set back: no tick twice',
    { ...hourly, ...STOPPED, ticksAfter: at(3_600_000) },
    { kind: 'starting' },
    scheduled(HOURLY),
    { ticksAfter: at(3_600_000) },
  ],
  [
    'another schedule, by a clock that was set back',
    { ...hourly, ticksAfter: at(3_600_000) },
    { kind: 'none' },
    scheduled('*/5 * * * *'),
    { ticksAfter: at(3_600_000) },
  ],
  [
    'its last tick was years ahead, by a clock that was wrong',
    { ...hourly, ticksAfter: at(400 * 86_400_000) },
    { kind: 'none' },
    scheduled(HOURLY),
    { ticksAfter: at(0) },
  ],
]

describe('a record', () => {
  it.each([...TABLE, ...PLAYED])('%s', (_, before, change, over, expected) => {
    const after = changeRecord(before, change, facts(over))
    if (expected === null) expect(after).toBeNull()
    else expect(after).toMatchObject(expected)
    expect(after === null ? [] : checkRecord(after)).toEqual([])
  })

  it('that nothing happens to stays the same object', () => {
    const before = record()
    expect(changeRecord(before, { kind: 'none' }, facts())).toBe(before)
  })
})

/** Docker's clock against ours: hours off, either way, and stepping. */
const skewMs = fc.integer({ min: -7_200_000, max: 7_200_000 })

interface Step {
  readonly kind: RecordChange['kind']
  readonly isKnown: boolean
  readonly isInspected: boolean
  readonly startSkewMs: number
  readonly stopSkewMs: number
  readonly passedMs: number
  readonly paused: boolean
  readonly isOperation: boolean
  readonly hasSpec: boolean
}

const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom<RecordChange['kind'][]>('none', 'starting', 'running', 'unreachable', 'adopted', 'paused', 'stopped', 'removed'),
  isKnown: fc.boolean(),
  isInspected: fc.boolean(),
  startSkewMs: skewMs,
  stopSkewMs: skewMs,
  // The controller's own clock may be set back as well.
  passedMs: fc.integer({ min: -3_600_000, max: 3_600_000 }),
  paused: fc.boolean(),
  isOperation: fc.boolean(),
  hasSpec: fc.boolean(),
})

it('is valid after any history of changes, whatever the clocks say', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20 }), (history) => {
      let current: RuntimeRecord | null = null
      let nowMs = NOW_MS
      for (const each of history) {
        nowMs += each.passedMs
        const after: RuntimeRecord | null = changeRecord(
          current,
          changeOf(each),
          facts({ ...factsOf(each, nowMs), paused: each.paused, isOperation: each.isOperation }),
        )
        expect(after === null ? [] : checkRecord(after)).toEqual([])
        if (after !== null && current !== null) expect([after.uid, after.createdAt]).toEqual([current.uid, current.createdAt])
        current = after?.status === 'removed' ? null : after
      }
    }),
    { numRuns: 500 },
  )
})

function changeOf({ kind, paused }: Step): RecordChange {
  switch (kind) {
    case 'paused':
      return { kind, paused }
    case 'running':
    case 'unreachable':
    case 'adopted':
      return { kind, containerId: 'c1' }
    default:
      return { kind }
  }
}

/** A change that names a container has seen it; only a start that begins, and what is gone, may have none. */
function factsOf({ kind, isKnown, isInspected, startSkewMs, stopSkewMs, hasSpec }: Step, nowMs: number): Partial<RecordFacts> {
  const isNamed = kind === 'running' || kind === 'unreachable' || kind === 'adopted'
  const seen: ObservedContainer = container({
    state: kind === 'stopped' ? 'exited' : 'running',
    createdAtMs: nowMs + startSkewMs,
    detail: isInspected ? detail({ startedAtMs: nowMs + startSkewMs, finishedAtMs: kind === 'stopped' ? nowMs + stopSkewMs : null }) : null,
  })
  return { now: new Date(nowMs), container: isNamed || isKnown ? seen : null, spec: hasSpec ? spec() : null }
}
