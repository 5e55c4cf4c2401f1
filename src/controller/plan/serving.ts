import type { EngineState } from '../../model/engine.ts'
import type { AcceptedSpec } from '../../model/game.ts'
import type { ObservedContainer } from '../../model/observed.ts'
import type { Operation } from '../../model/operation.ts'
import type { Plan } from '../../model/plan.ts'
import { blocked } from './blocked.ts'
import { conditionsOf } from './conditions.ts'
import { racesOf } from './create.ts'
import { isHeldBack, planHeldBack } from './held-back.ts'
import type { PlanInput } from './input.ts'
import { act, conclude, engineIn, sameAgain } from './operations.ts'
import { serves } from './serves.ts'
import { planTurn, settleOpenTurn } from './turns.ts'
import { notServing } from './unreachable.ts'

/** The engine answers its probe: see that it has its game, and that its turns go on. */
export function planServing(input: PlanInput, spec: AcceptedSpec, current: ObservedContainer): Plan {
  const { openOperation: open, engine } = input
  if (open?.op === 'stop') {
    const failure = { code: 'conflict', message: 'overtaken: the game is desired running' } as const
    return conclude(input, open.operationId, failure, { kind: 'running', containerId: current.id }, serves(input, current))
  }
  if (spec.protocol === 'none') return planPause(input, current) ?? planServes(input, current)
  switch (engine.kind) {
    case 'unasked':
      return notServing(input, current, 'it cannot be asked for its game')
    case 'failing':
      return planStartingEngine(input, current, engine) ?? notServing(input, current, engine.message, engine.retryAtMs)
    case 'uninitialised':
      return planInit(input, spec, current)
    case 'state':
      return planGameUnderWay(input, spec, current, engine.state)
  }
}

/** A start has its time for the engine to say how its game stands, too; with the probe `none`, that is the only answer it gives. */
function planStartingEngine(
  input: PlanInput,
  current: ObservedContainer,
  { message, retryAtMs }: Extract<PlanInput['engine'], { kind: 'failing' }>,
): Plan | null {
  const { openOperation: open, policy, nowMs } = input
  const deadlineMs = (open?.startedAt.getTime() ?? 0) + policy.engineStartMs
  if (open === null || nowMs >= deadlineMs || deadlineMs - nowMs > policy.engineStartMs) return null
  const reason = `waiting for ${current.name} to tell its game: ${message}`
  return {
    gameId: input.gameId,
    kind: 'wait',
    reason,
    conditions: conditionsOf(input, { ready: { status: 'False', reason: 'WaitingForEngine', message: reason }, progressing: reason }),
    wakeAtMs: Math.min(deadlineMs, retryAtMs),
  }
}

function planInit(input: PlanInput, spec: AcceptedSpec, current: ObservedContainer): Plan {
  const { openOperation: open } = input
  const known = knownTurn(input)
  if (known !== null) return stateLost(input, current, `its engine has no game, but turn ${known} was computed`)
  if (spec.players.length === 0) return planNoPlayers(input, current)
  if (open === null && isHeldBack(input)) return planHeldBack(input, current)
  if (open !== null && isInitOverdue(input, open)) return notServing(input, current, 'its init got no answer in time')
  const reason = `${spec.players.length} players are named; the engine gets its game`
  return act(input, {
    wanted: open === null ? { op: 'start' } : sameAgain(open),
    reason,
    actions: [{ kind: 'init_engine', engine: engineIn(input, spec, current), races: racesOf(spec.players), reason }],
    record: { kind: 'running', containerId: current.id },
    closes: true,
    conditions: conditionsOf(input, { ready: { status: 'False', reason: 'Initializing', message: reason }, progressing: reason }),
    conditionsAfter: serves(input, current, true),
  })
}

/** Asked for in vain for as long as an engine may take to start; what another term began gets that time anew. */
function isInitOverdue({ nowMs, activeSinceMs, policy }: PlanInput, { openIntents, startedAt }: Operation): boolean {
  const wasAsked = openIntents.some(({ kind, isAnnounced }) => kind === 'init_engine' && isAnnounced !== true)
  return wasAsked && nowMs >= Math.max(startedAt.getTime(), activeSinceMs) + policy.engineStartMs
}

/** The container does its part; who plays is the lobby's to say. */
function planNoPlayers(input: PlanInput, current: ObservedContainer): Plan {
  const message = `${current.name} serves, but no player is named; name them in players`
  const ready = { status: 'False', reason: 'NoPlayers', message } as const
  if (input.openOperation !== null) {
    const plan = conclude(input, input.openOperation.operationId, null, { kind: 'none' }, conditionsOf(input, { ready }))
    return { ...plan, notice: { code: 'start_config_invalid', message } }
  }
  // It answers again: what was told of its engine is over.
  if (input.record?.status === 'engine_unreachable') {
    const conditions = conditionsOf(input, { ready })
    return { gameId: input.gameId, kind: 'settled', reason: message, conditions, record: { kind: 'starting' }, wakeAtMs: input.nowMs }
  }
  return {
    gameId: input.gameId,
    kind: 'blocked',
    code: 'start_config_invalid',
    reason: message,
    conditions: conditionsOf(input, { ready }),
    wakeAtMs: null,
  }
}

function planGameUnderWay(input: PlanInput, spec: AcceptedSpec, current: ObservedContainer, state: EngineState): Plan {
  const { openOperation: open, record } = input
  const known = knownTurn(input)
  if (known !== null && state.turn < known)
    return stateLost(input, current, `its engine is at turn ${state.turn}, but turn ${known} was computed`)
  if (open !== null) return planServes(input, current)
  const settled = settleOpenTurn(input, state)
  if (settled !== null) return settled
  // Ticks that are due wait until the record has caught up with its engine.
  if (record?.currentTurn !== state.turn) return { ...planServes(input, current), ledger: [], wakeAtMs: input.nowMs }
  if (state.finished) return planServes(input, current)
  return planPause(input, current) ?? planTurn(input, spec, current, state) ?? planServes(input, current)
}

/** As far as this state has come, in this life of the game or in an earlier one. */
function knownTurn({ record, computedTurn }: PlanInput): number | null {
  if (record?.currentTurn == null) return computedTurn
  return Math.max(record.currentTurn, computedTurn ?? 0)
}

/** A turn on an older state would be computed a second time (S6): nothing goes on until somebody has brought the state back. */
function stateLost(input: PlanInput, current: ObservedContainer, what: string): Plan {
  const message = `${what}: its state in ${input.policy.statePath} was lost or replaced; bring it back, or delete the game together with its state`
  if (input.openOperation !== null) {
    const ready = { status: 'False', reason: 'StateLost', message } as const
    const failure = { code: 'engine_unreachable', message } as const
    return conclude(
      input,
      input.openOperation.operationId,
      failure,
      { kind: 'unreachable', containerId: current.id },
      conditionsOf(input, { ready }),
    )
  }
  return blocked(input, { code: 'engine_unreachable', reason: 'StateLost', message, holds: ['Blocked', 'StateLost'] })
}

function planPause(input: PlanInput, current: ObservedContainer): Plan | null {
  const { desired, record, openOperation } = input
  if (desired === null || record === null || openOperation !== null || record.paused === desired.paused) return null
  const { paused } = desired
  const plan = act(input, {
    wanted: { op: paused ? 'pause' : 'resume' },
    reason: paused ? 'turns stop; the container stays up' : 'turns go on; those missed are not made up for',
    actions: [],
    record: { kind: 'paused', paused },
    closes: true,
    conditions: serves(input, current),
  })
  return paused ? plan : { ...plan, ledger: input.ticks.due.map((atMs) => ({ kind: 'skip', atMs, reason: 'paused' })) }
}

/** What is open has reached its goal, and nothing else is asked for. */
function planServes(input: PlanInput, current: ObservedContainer): Plan {
  const { openOperation: open, record, engine, desired } = input
  const conditions = serves(input, current)
  const running = { kind: 'running', containerId: current.id } as const
  if (open !== null) return conclude(input, open.operationId, null, running, conditions)
  const isFinished = engine.kind === 'state' && engine.state.finished
  const isRecorded =
    record?.health === 'ok' &&
    record.status === (isFinished ? 'finished' : 'running') &&
    (!isFinished || record.finishedGeneration === (desired?.generation ?? null)) &&
    (engine.kind !== 'state' || record.currentTurn === engine.state.turn)
  return {
    gameId: input.gameId,
    kind: 'settled',
    reason: `${current.name} runs and matches`,
    conditions,
    record: isRecorded ? { kind: 'none' } : running,
    wakeAtMs: null,
  }
}
