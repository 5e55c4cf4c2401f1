import { isTurn, type Operation, type OperationResult } from '../model/operation.ts'
import type { Plan } from '../model/plan.ts'
import type { ActionOutcome as LoggedOutcome } from '../record/statement.ts'
import { closeOperation, openOperation, saveGame, saveProgress } from '../record/store.ts'
import type { Change } from './change.ts'
import type { LoopDeps } from './deps.ts'
import { intentTarget, judgeIntent } from './intents.ts'
import { namedActions } from './named-actions.ts'
import { stateAfter } from './outcome.ts'
import type { PlanInput } from './plan/input.ts'
import { tellBegun, tellDismissed, tellEnded, tellTurns } from './tell.ts'

// Every write of a pass: one statement each, and this term's memory follows only when the database has taken it.

type Acting = Extract<Plan, { kind: 'act' }>

/** Commits the operation and the intents of all its actions, before the first of them begins. */
export async function beginOperation(plan: Acting, input: PlanInput, deps: LoopDeps): Promise<Begun> {
  const announced = announcedOf(plan, input)
  if (announced !== null) return announced
  const { gameId, desired } = input
  const now = new Date(deps.clock.nowMs())
  const isNew = plan.operation.kind === 'open'
  const change: Change = { plan, record: plan.record, isBeginning: true }
  const operation: Operation =
    plan.operation.kind === 'open'
      ? {
          operationId: plan.operation.queuedId ?? deps.newId(),
          gameId,
          op: plan.operation.op,
          detail: plan.operation.detail,
          source: plan.operation.source,
          sourceRef: plan.operation.sourceRef,
          generation: desired?.generation ?? null,
          cause: plan.reason,
          startedAt: now,
          actionCount: 0,
          hasStarted: false,
          openIntents: [],
        }
      : asShown(openOperationOf(input), input, deps)
  const intents = [...namedActions(plan, operation, input), ...plan.later].map((action) => ({
    kind: action.kind,
    target: intentTarget(action),
    reason: action.reason,
  }))
  const firstSeq = operation.actionCount
  const openIntents = plan.later.map(({ kind }, index) => ({
    seq: firstSeq + plan.actions.length + index,
    kind,
    target: 'created',
    isAnnounced: true,
  }))
  const after = stateAfter(change, operation, input, deps)
  const opened = { ...operation, actionCount: firstSeq + intents.length, openIntents }
  await remember(input.gameId, deps, async () => {
    if (isNew) {
      const imageRef = input.admission.kind === 'accepted' ? input.admission.spec.imageRef : null
      await openOperation(deps.db, { operation: { ...operation, imageRef, leaseEpoch: deps.leaseEpoch }, intents, write: after.write })
      tellBegun(operation, deps)
      if (operation.op === 'start') deps.onStart(gameId, operation.operationId)
    } else {
      const outcomes = judged(operation, input, deps)
      await saveProgress(deps.db, {
        operationId: operation.operationId,
        outcomes,
        intents: { firstSeq: operation.actionCount, actions: intents },
        write: after.write,
      })
    }
    deps.games.update(gameId, { ...after.memory, openOperation: opened, queued: without(input.queued, opened.operationId) })
  })
  tellTurns(change, deps)
  return { operation: opened, firstSeq }
}

interface Begun {
  readonly operation: Operation
  /** Of the plan's first action. */
  readonly firstSeq: number
}

/** An action whose intent was committed when the operation began needs no further round trip. */
function announcedOf({ actions, operation }: Acting, input: PlanInput): Begun | null {
  const [action] = actions
  if (operation.kind !== 'continue' || actions.length !== 1 || action === undefined) return null
  const open = openOperationOf(input)
  const intent = open.openIntents.find(({ kind, isAnnounced }) => isAnnounced === true && kind === action.kind)
  if (intent === undefined) return null
  return { operation: { ...open, openIntents: open.openIntents.filter((each) => each !== intent) }, firstSeq: intent.seq }
}

/** Writes how actions went; the operation stays open until a later pass has seen its goal. */
export async function saveOutcomes(
  operation: Operation,
  outcomes: readonly LoggedOutcome[],
  change: Change,
  input: PlanInput,
  deps: LoopDeps,
): Promise<void> {
  const after = stateAfter(change, operation, input, deps)
  await remember(input.gameId, deps, async () => {
    await saveProgress(deps.db, {
      operationId: operation.operationId,
      outcomes,
      intents: { firstSeq: operation.actionCount, actions: [] },
      write: after.write,
    })
    deps.games.update(input.gameId, { ...after.memory, openOperation: operation })
  })
}

/** Ends the operation. */
export async function closeOperationOf(
  operation: Operation,
  result: OperationResult,
  outcomes: readonly LoggedOutcome[],
  change: Change,
  input: PlanInput,
  deps: LoopDeps,
): Promise<void> {
  const after = stateAfter({ ...change, isEnding: result }, asShown(operation, input, deps), input, deps)
  await remember(input.gameId, deps, async () => {
    await closeOperation(deps.db, {
      operationId: operation.operationId,
      outcomes: [...judged(operation, input, deps), ...outcomes],
      result,
      containerId: after.containerId,
      imageRef: after.imageRef,
      finishedAt: new Date(deps.clock.nowMs()),
      write: after.write,
    })
    deps.games.update(input.gameId, {
      ...after.memory,
      openOperation: null,
      looks: 0,
      unanswered: 0,
      pulled: null,
      progress: null,
      resizeRefused: null,
    })
    rememberEngine(operation, change, input, deps)
    if (after.write.forget === true) forgetGame(input, deps)
  })
  tellTurns({ ...change, isEnding: result }, deps)
  tellEnded(operation, result, deps)
}

/** Its row is gone from the database. */
export function forgetGame({ gameId, desired }: PlanInput, deps: LoopDeps): void {
  deps.games.forget(gameId)
  if (desired !== null) deps.desired.drop(gameId, desired.resourceVersion)
}

/** Ends an operation that was queued and never begun. */
export async function dismissQueued(operationId: string, result: OperationResult, input: PlanInput, deps: LoopDeps): Promise<void> {
  const { gameId, queued } = input
  const finishedAt = new Date(deps.clock.nowMs())
  await remember(gameId, deps, async () => {
    await closeOperation(deps.db, { operationId, outcomes: [], result, containerId: null, imageRef: null, finishedAt, write: { gameId } })
    deps.games.update(gameId, { queued: without(queued, operationId) })
  })
  tellDismissed(operationId, result, input, deps)
}

function without(queued: PlanInput['queued'], operationId: string): PlanInput['queued'] {
  return queued.filter((each) => each.operationId !== operationId)
}

/** What the engine answered stands for it until its container's next life; of a call that failed nobody knows what it did. */
function rememberEngine(
  { op, startedAt }: Operation,
  { engine, plan, failure }: Change,
  { gameId }: PlanInput,
  { games, clock }: LoopDeps,
): void {
  const known = games.of(gameId).engine
  if (known !== null && engine != null) games.update(gameId, { engine: { ...known, reading: { kind: 'state', state: engine } } })
  if (failure != null && plan.kind === 'act' && plan.actions.some(({ kind }) => kind === 'compute_turn' || kind === 'init_engine'))
    games.update(gameId, { engine: null })
  if (isTurn(op)) games.update(gameId, { lastTurn: { fromMs: startedAt.getTime(), toMs: clock.nowMs() } })
}

/** Writes what was merely noticed; nothing when nothing differs. */
export async function saveChange(change: Change, input: PlanInput, deps: LoopDeps): Promise<void> {
  const after = stateAfter(change, null, input, deps)
  if (after.isUnchanged) {
    if (!deps.games.of(input.gameId).isSeen) deps.games.update(input.gameId, { isSeen: true })
    return
  }
  await remember(input.gameId, deps, async () => {
    await saveGame(deps.db, after.write)
    deps.games.update(input.gameId, after.memory)
  })
  tellTurns(change, deps)
}

function judged(operation: Operation, input: PlanInput, deps: LoopDeps): readonly LoggedOutcome[] {
  const evidence = {
    containers: input.observed.containers,
    hasImage: (ref: string) => deps.world.image(ref) !== null,
    network: deps.world.network,
    canonicalName: input.canonicalName,
    engineTurn: input.engine.kind === 'state' ? input.engine.state.turn : null,
    openTurn: input.openTurn,
  }
  return operation.openIntents.map((intent) => {
    if (intent.isAnnounced === true) return { seq: intent.seq, outcome: 'not_attempted', error: null, durationMs: null, result: null }
    const outcome = judgeIntent(intent, operation, evidence)
    return {
      seq: intent.seq,
      outcome,
      error: outcome === 'failed' ? 'not to be seen in the world after its answer was lost' : null,
      durationMs: null,
      result: { judged: true },
    }
  })
}

/** A start whose answer was lost is a start all the same, once the world shows it: it is told, and its token is handled. */
function asShown(operation: Operation, input: PlanInput, deps: LoopDeps): Operation {
  const outcomes = judged(operation, input, deps)
  const isStarted = operation.openIntents.some(({ kind }, index) => kind === 'start_container' && outcomes[index]?.outcome === 'succeeded')
  return isStarted ? { ...operation, hasStarted: true } : operation
}

export function openOperationOf({ openOperation, gameId }: PlanInput): Operation {
  if (openOperation === null) throw new TypeError(`game ${gameId}: the plan goes on with an operation that is not open`)
  return openOperation
}

/** A write whose answer is lost may or may not have been made: database and engine are asked again before the next plan. */
async function remember(gameId: string, { games }: LoopDeps, writing: () => Promise<void>): Promise<void> {
  try {
    await writing()
  } catch (error) {
    games.update(gameId, { isUnsure: true, engine: null })
    throw error
  }
}
