import { backoffAfter } from '../../../src/controller/backoff-of.ts'
import type { Change } from '../../../src/controller/change.ts'
import { dueTicks } from '../../../src/controller/due-ticks.ts'
import { type After, stateAfter } from '../../../src/controller/outcome.ts'
import type { EngineReading, PlanInput } from '../../../src/controller/plan/input.ts'
import { planGame } from '../../../src/controller/plan/plan-game.ts'
import { standingBackoff } from '../../../src/controller/plan/held-back.ts'
import type { Action } from '../../../src/model/action.ts'
import type { EngineState } from '../../../src/model/engine.ts'
import type { DesiredGame } from '../../../src/model/game.ts'
import type { Operation, OperationResult } from '../../../src/model/operation.ts'
import type { Plan } from '../../../src/model/plan.ts'
import type { TurnWrite } from '../../../src/record/life-write.ts'
import { Schedules } from '../../../src/turns/schedule.ts'
import { container, desired, detail, exited, input, NOW_MS, operation, record, spec } from '../../support/planning.ts'

/** How the engine takes a request for a turn. */
export type Manner = 'answers' | 'refuses' | 'hangs' | 'computes silently' | 'drops it' | 'crashes before' | 'crashes after'

/** Where the controller's process ends, if it does: between intents, effect and outcome of whatever it does next. */
export type Death = 'before the intents' | 'before the effect' | 'after the effect' | null

export interface LedgerRow {
  readonly scheduledAtMs: number | null
  readonly token: string | null
  readonly turn: number | null
  readonly status: string
}

const SCHEDULE = '*/10 * * * * *'
const TURN_MS = 60_000

type Answer = { readonly kind: 'done' | 'no answer' | 'refused' } | { readonly kind: 'state'; readonly state: EngineState }

type Stored = Pick<PlanInput, 'status' | 'record' | 'openOperation' | 'openTurn' | 'mapping' | 'maxima'>

/**
 * One game with its engine, its database and its controller, of which plan, state and ledger are the real ones. Time passes by hand. What the
 * database would refuse throws here.
 */
export class TurnModel {
  nowMs = NOW_MS
  manner: Manner = 'answers'
  death: Death = null
  /** Turn numbers in the order in which the engine computed them. */
  readonly computed: number[] = []
  readonly ledger = new Map<string, LedgerRow>()
  turn = 0
  desired: DesiredGame
  readonly #schedules = new Schedules()
  #stored: Stored
  #pending: number | null = null
  #up = true
  #startedAtMs = NOW_MS - 3_600_000
  #finishedAtMs: number | null = null
  #reading: EngineReading = { kind: 'unasked' }
  #lastTurn: PlanInput['lastTurn'] = null
  #activeSinceMs = NOW_MS
  #ids = 0
  readonly #catchUp: 'none' | 'one'

  constructor(catchUp: 'none' | 'one' = 'none') {
    this.#catchUp = catchUp
    const scheduled = spec('1.0.0', { turnSchedule: SCHEDULE })
    const updatedAt = new Date(NOW_MS)
    this.desired = desired({ turnSchedule: SCHEDULE, updatedAt })
    this.#stored = {
      status: { ...input().status, acceptedSpec: scheduled },
      record: record({ turnSchedule: SCHEDULE, ticksAfter: new Date(NOW_MS) }),
      openOperation: null,
      openTurn: null,
      mapping: [],
      maxima: {},
    }
  }

  wish(over: Partial<DesiredGame>): void {
    this.desired = { ...this.desired, ...over, generation: this.desired.generation + 1 }
  }

  reschedule(turnSchedule: string): void {
    this.wish({ turnSchedule, updatedAt: new Date(this.nowMs) })
  }

  /** The controller's process ends, and another one takes over. */
  restart(): void {
    this.#reading = { kind: 'unasked' }
    this.#lastTurn = null
    this.#activeSinceMs = this.nowMs
  }

  /** The engine's process ends; its state is on disk. */
  crash(): void {
    if (!this.#up) return
    this.#up = false
    this.#pending = null
    this.#finishedAtMs = this.nowMs
  }

  /** What the engine was still computing when nobody waited any more. */
  finishLate(): void {
    if (this.#pending !== null) this.#compute(this.#pending)
    this.#pending = null
  }

  get isOpen(): boolean {
    return this.#stored.openOperation !== null || this.#stored.openTurn !== null
  }

  get record(): NonNullable<PlanInput['record']> {
    if (this.#stored.record === null) throw new Error('the game has no record')
    return this.#stored.record
  }

  /** Passes until the game wants no other look at once. */
  passes(): void {
    for (let count = 0; count < 24; count += 1) if (!this.#pass()) return
    throw new Error('passes do not come to rest')
  }

  #pass(): boolean {
    const given = this.#look()
    const plan = planGame(given)
    const death = this.death
    this.death = null
    switch (plan.kind) {
      case 'act':
        return this.#operate(plan, given, death)
      case 'conclude': {
        const result: OperationResult = plan.failure === null ? { status: 'succeeded', code: null } : { status: 'failed', ...plan.failure }
        this.#close(given.openOperation ?? operation(), { plan, record: plan.record, failure: plan.failure, isEnding: result }, given)
        return true
      }
      case 'settled':
      case 'wait':
      case 'blocked': {
        if (death === 'before the intents') return this.#die()
        const after = stateAfter({ plan, record: plan.kind === 'settled' ? plan.record : { kind: 'none' } }, null, given, this.#deps())
        this.#commit(after, this.#stored.openOperation)
        return plan.wakeAtMs !== null && plan.wakeAtMs <= this.nowMs
      }
      default:
        throw new Error(`${plan.kind} is not expected here`)
    }
  }

  #look(): PlanInput {
    const current = this.#container()
    if (!this.#up) this.#reading = { kind: 'unasked' }
    else if (this.#reading.kind === 'unasked') this.#reading = { kind: 'state', state: this.#state() }
    const accepted = { ...(this.#stored.status.acceptedSpec ?? spec()), turnSchedule: this.desired.turnSchedule }
    const known = { ...this.#stored, nowMs: this.nowMs, desired: this.desired }
    return input({
      ...known,
      admission: { kind: 'accepted', spec: accepted, outdated: null, remarks: [] },
      containers: [current],
      engine: this.#reading,
      activeSinceMs: this.#activeSinceMs,
      lastTurn: this.#lastTurn,
      ticks: dueTicks(accepted, known, this.#schedules),
      policy: { ...input().policy, turnMs: TURN_MS, catchUp: this.#catchUp },
    })
  }

  #container(): PlanInput['observed']['containers'][number] {
    const hash = (this.#stored.status.acceptedSpec ?? spec()).specHash
    if (this.#up) return container({ hash, detail: detail({ startedAtMs: this.#startedAtMs }) })
    return exited({ startedAtMs: this.#startedAtMs, finishedAtMs: this.#finishedAtMs }, { hash })
  }

  #operate(plan: Extract<Plan, { kind: 'act' }>, given: PlanInput, death: Death): boolean {
    if (death === 'before the intents') return this.#die()
    const opened = this.#begin(plan, given)
    if (death === 'before the effect') return this.#die()
    const remembered = { ...given, ...this.#stored }
    const change: Change = { plan, record: plan.record }
    for (const action of plan.actions) {
      const answer = this.#perform(action)
      if (death === 'after the effect') return this.#die()
      if (answer.kind === 'no answer') {
        this.#commit(stateAfter({ ...change, record: { kind: 'none' } }, opened, remembered, this.#deps()), opened)
        this.#reading = { kind: 'unasked' }
        // Looked at again after a pause.
        return false
      }
      if (answer.kind === 'refused') {
        const failure = { kind: 'transient', code: 'engine_unreachable', message: 'refused' } as const
        const attempt = { operationId: opened.operationId, wish: given.wish, nowMs: this.nowMs, random: 0.5 }
        const backoff = backoffAfter(standingBackoff(remembered), failure, opened.op, attempt)
        const isEnding = { status: 'failed', code: failure.code, message: failure.message } as const
        this.#close(opened, { ...change, record: { kind: 'none' }, failure, backoff, isEnding }, remembered)
        this.#reading = { kind: 'unasked' }
        return true
      }
      if (answer.kind === 'state') this.#reading = answer
    }
    const engine = this.#reading.kind === 'state' && this.#up ? this.#reading.state : null
    const done: Change = { ...change, container: this.#container(), engine }
    if (plan.closes) this.#close(opened, { ...done, isEnding: { status: 'succeeded', code: null } }, remembered)
    else this.#commit(stateAfter(done, opened, remembered, this.#deps()), { ...opened, hasStarted: true })
    return true
  }

  #begin(plan: Extract<Plan, { kind: 'act' }>, given: PlanInput): Operation {
    const { operation: planned } = plan
    const opened =
      planned.kind === 'continue'
        ? (given.openOperation ?? operation())
        : operation({ ...planned, operationId: this.#newId(), startedAt: new Date(this.nowMs), actionCount: 0, cause: plan.reason })
    this.#commit(stateAfter({ plan, record: plan.record, isBeginning: true }, opened, given, this.#deps()), {
      ...opened,
      actionCount: opened.actionCount + plan.actions.length,
    })
    return opened
  }

  #perform(action: Action): Answer {
    switch (action.kind) {
      case 'start_container':
        this.#up = true
        this.#startedAtMs = this.nowMs
        this.#reading = { kind: 'unasked' }
        return { kind: 'done' }
      case 'stop_container':
        this.crash()
        return { kind: 'done' }
      case 'compute_turn':
        return this.#asked(action.turn)
      default:
        throw new Error(`${action.kind} is not expected here`)
    }
  }

  #asked(turn: number): Answer {
    if (!this.#up) return { kind: 'no answer' }
    if (turn <= this.turn) return { kind: 'state', state: this.#state() }
    if (turn > this.turn + 1) return { kind: 'refused' }
    switch (this.manner) {
      case 'answers':
        this.#compute(turn)
        return { kind: 'state', state: this.#state() }
      case 'refuses':
        return { kind: 'refused' }
      case 'hangs':
        this.#pending = turn
        this.nowMs += TURN_MS
        return { kind: 'no answer' }
      case 'computes silently':
        this.#compute(turn)
        return { kind: 'no answer' }
      case 'drops it':
        return { kind: 'no answer' }
      case 'crashes before':
      case 'crashes after':
        if (this.manner === 'crashes after') this.#compute(turn)
        this.crash()
        return { kind: 'no answer' }
    }
  }

  /** Asked for a turn that is being computed, an engine waits for it: here it has it at once. */
  #compute(turn: number): void {
    if (turn !== this.turn + 1) throw new Error(`turn ${turn} is computed on turn ${this.turn}`)
    this.#pending = null
    this.turn = turn
    this.computed.push(turn)
  }

  #state(): EngineState {
    return { turn: this.turn, finished: false, players: [] }
  }

  #close(closed: Operation, change: Change, given: PlanInput): void {
    this.#commit(stateAfter(change, closed, given, this.#deps()), null)
    if (closed.op === 'turn' || closed.op === 'force_next_turn') this.#lastTurn = { fromMs: closed.startedAt.getTime(), toMs: this.nowMs }
  }

  #commit({ write, memory }: After, openOperation: Operation | null): void {
    for (const each of write.turns?.writes ?? []) this.#log(each)
    const { status, record: kept, openTurn, mapping, maxima } = memory
    this.#stored = { status, record: kept, openOperation, openTurn, mapping, maxima }
  }

  /** The constraints of the table `turns`. */
  #log(write: TurnWrite): void {
    const rows = [...this.ledger.values()]
    if (write.kind === 'skip_token') {
      const { token, reason } = write
      if (rows.some((row) => row.token === token)) throw new Error(`${token} is in the ledger already`)
      this.ledger.set(write.id, { scheduledAtMs: null, token, turn: null, status: `skipped: ${reason}` })
      return
    }
    if (write.kind === 'skip' || write.kind === 'begin') {
      const scheduledAtMs = write.kind === 'skip' ? write.atMs : write.call.kind === 'tick' ? write.call.atMs : null
      const token = write.kind === 'begin' && write.call.kind === 'token' ? write.call.token : null
      if (rows.some((row) => (scheduledAtMs !== null ? row.scheduledAtMs === scheduledAtMs : row.token === token)))
        throw new Error(`${scheduledAtMs ?? token} is in the ledger already`)
      const turn = write.kind === 'begin' ? write.turn : null
      if (turn !== null && rows.some((row) => row.turn === turn && row.status === 'succeeded')) throw new Error(`turn ${turn} is computed`)
      if (turn !== null && rows.some((row) => row.status === 'in_progress')) throw new Error('another turn is open')
      this.ledger.set(write.id, { scheduledAtMs, token, turn, status: write.kind === 'skip' ? `skipped: ${write.reason}` : 'in_progress' })
      return
    }
    const row = this.ledger.get(write.id)
    if (row?.status !== 'in_progress') throw new Error(`${write.kind} of a turn that is ${row?.status}`)
    if (write.kind === 'end') this.ledger.set(write.id, { ...row, status: write.status })
  }

  #die(): boolean {
    this.restart()
    return true
  }

  #newId(): string {
    this.#ids += 1
    return `id-${this.#ids}`
  }

  #deps(): Parameters<typeof stateAfter>[3] {
    return {
      clock: { nowMs: () => this.nowMs, after: () => () => {} },
      random: () => 0.5,
      newId: () => this.#newId(),
    }
  }
}
