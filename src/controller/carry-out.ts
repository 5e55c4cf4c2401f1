import { RuntimeFailure } from '../model/errors.ts'
import type { Operation, OperationResult } from '../model/operation.ts'
import type { Plan } from '../model/plan.ts'
import { adoptOrphan } from '../desired/adopt.ts'
import type { ActionOutcome as LoggedOutcome } from '../record/statement.ts'
import { closeOperation, openOperation, saveGame, saveProgress } from '../record/store.ts'
import { backoffAfter } from './backoff-of.ts'
import type { LoopDeps } from './deps.ts'
import { type Ending, type Execution, execute } from './execute.ts'
import { intentTarget, judgeIntent } from './intents.ts'
import { type Change, stateAfter } from './outcome.ts'
import { nameIn } from './plan/replace.ts'
import type { PlanInput } from './plan/input.ts'
import type { Requeue } from './reconcile.ts'

/** Does what the plan says and writes what came of it; decides nothing about the game. */
export async function carryOut(plan: Plan, input: PlanInput, deps: LoopDeps): Promise<Requeue> {
  switch (plan.kind) {
    case 'act':
      return act(plan, input, deps)
    case 'conclude': {
      const result: OperationResult = plan.failure === null ? { status: 'succeeded', code: null } : { status: 'failed', ...plan.failure }
      await close(openOf(input), result, [], { plan, record: plan.record, failure: plan.failure }, input, deps)
      return { kind: 'now' }
    }
    case 'adopt_orphan':
      for (const container of input.observed.containers) if (container.id === plan.containerId) await adoptOrphan(deps.db, input.gameId, container)
      return { kind: 'at', atMs: null }
    case 'forget':
      await write({ plan, record: { kind: 'none' }, forget: true }, input, deps)
      deps.games.forget(input.gameId)
      return { kind: 'at', atMs: null }
    case 'settled':
    case 'wait':
    case 'blocked':
      await write({ plan, record: plan.kind === 'settled' ? plan.record : { kind: 'none' } }, input, deps)
      return { kind: 'at', atMs: plan.wakeAtMs }
  }
}

type Acting = Extract<Plan, { kind: 'act' }>

async function act(plan: Acting, input: PlanInput, deps: LoopDeps): Promise<Requeue> {
  const operation = await begin(plan, input, deps)
  const actions = namedActions(plan, operation, input)
  const execution = await execute(actions, operation.operationId, {
    runtime: deps.runtime,
    witness: deps.world,
    clock: deps.clock,
    assertMayAct: deps.assertMayAct,
    onProgress: (progress) => deps.games.update(input.gameId, { progress }),
    signal: deps.signal,
  })
  const outcomes = execution.outcomes.map((outcome, index) => ({ ...outcome, seq: operation.actionCount - actions.length + index }))
  return settle(plan, operation, execution, outcomes.flatMap(knownOutcome), asRemembered(input, deps), deps)
}

/** What was planned from, with what has been written since. */
function asRemembered(input: PlanInput, { games }: LoopDeps): PlanInput {
  const { status, record, openOperation } = games.of(input.gameId)
  return { ...input, status, record, openOperation }
}

function knownOutcome({ seq, outcome, error, durationMs, result }: Execution['outcomes'][number] & { seq: number }): readonly LoggedOutcome[] {
  return outcome === null ? [] : [{ seq, outcome, error, durationMs, result }]
}

/** Commits the operation and the intents of all its actions, before the first of them begins. */
async function begin(plan: Acting, input: PlanInput, deps: LoopDeps): Promise<Operation> {
  const { gameId, desired } = input
  const now = new Date(deps.clock.nowMs())
  const isNew = plan.operation.kind === 'open'
  const change: Change = { plan, record: plan.record, isBeginning: true }
  const operation: Operation =
    plan.operation.kind === 'open'
      ? {
          operationId: deps.newId(),
          gameId,
          op: plan.operation.op,
          detail: plan.operation.detail,
          source: plan.operation.source,
          sourceRef: plan.operation.sourceRef,
          generation: desired?.generation ?? null,
          cause: plan.reason,
          startedAt: now,
          actionCount: 0,
          openIntents: [],
        }
      : openOf(input)
  const intents = namedActions(plan, operation, input).map((action) => ({ kind: action.kind, target: intentTarget(action), reason: action.reason }))
  const after = stateAfter(change, operation, input, deps)
  const opened = { ...operation, actionCount: operation.actionCount + intents.length, openIntents: [] }
  await remember(input.gameId, deps, async () => {
    if (isNew) {
      const imageRef = input.admission.kind === 'accepted' ? input.admission.spec.imageRef : null
      await openOperation(deps.db, { operation: { ...operation, imageRef, leaseEpoch: deps.leaseEpoch }, intents, write: after.write })
      deps.log.info({ gameId, operationId: operation.operationId, op: operation.op, detail: operation.detail, cause: operation.cause }, 'operation begun')
    } else {
      const outcomes = judged(operation, input, deps)
      await saveProgress(deps.db, { operationId: operation.operationId, outcomes, intents: { firstSeq: operation.actionCount, actions: intents }, write: after.write })
    }
    deps.games.update(gameId, { ...after.memory, openOperation: opened })
  })
  return opened
}

/** A successor's name carries the operation's id, which the pure plan could not know. */
function namedActions(plan: Acting, { operationId }: Operation, { canonicalName }: PlanInput): Acting['actions'] {
  return plan.actions.map((action) => (action.kind === 'create_container' ? { ...action, name: nameIn(operationId, canonicalName, action.name) } : action))
}

function judged(operation: Operation, input: PlanInput, deps: LoopDeps): readonly LoggedOutcome[] {
  const evidence = {
    containers: input.observed.containers,
    hasImage: (ref: string) => deps.world.image(ref) !== null,
    isNetworkPresent: deps.world.isNetworkPresent,
    canonicalName: input.canonicalName,
  }
  return operation.openIntents.map((intent) => {
    const outcome = judgeIntent(intent, operation, evidence)
    return { seq: intent.seq, outcome, error: outcome === 'failed' ? 'not to be seen in the world after its answer was lost' : null, durationMs: null, result: { judged: true } }
  })
}

/** Writes how the actions went: the operation ends, or stays open until a later pass has seen its goal. */
async function settle(plan: Acting, operation: Operation, execution: Execution, outcomes: readonly LoggedOutcome[], input: PlanInput, deps: LoopDeps): Promise<Requeue> {
  const { ending } = execution
  const change: Change = { plan, record: plan.record, container: execution.container }
  switch (ending.kind) {
    case 'done':
      if (plan.closes) {
        await close(operation, { status: 'succeeded', code: null }, outcomes, change, input, deps)
      } else {
        const pulled = plan.actions.find((action) => action.kind === 'pull_image')
        await progress(operation, outcomes, change, input, deps)
        deps.games.update(input.gameId, { looks: 0, unanswered: 0, progress: null, ...(pulled !== undefined && { pulled: pulled.imageRef }) })
      }
      return { kind: 'now' }
    case 'resize_refused':
      await progress(operation, outcomes, { ...change, record: { kind: 'none' } }, input, deps)
      deps.games.update(input.gameId, { resizeRefused: ending.containerId })
      return { kind: 'now' }
    case 'look_again':
      return lookAgain(operation, ending, outcomes, change, input, deps)
    case 'failed':
      return fail(operation, ending.failure, outcomes, change, input, deps)
  }
}

const MAX_LOOKS = 5

async function lookAgain(operation: Operation, ending: Extract<Ending, { kind: 'look_again' }>, outcomes: readonly LoggedOutcome[], change: Change, input: PlanInput, deps: LoopDeps): Promise<Requeue> {
  const looks = deps.games.of(input.gameId).looks + 1
  if (looks > MAX_LOOKS) {
    const failure = new RuntimeFailure('transient', 'container_start_failed', `${ending.why}, ${looks} times in a row`)
    return fail(operation, failure, outcomes, change, input, deps)
  }
  await progress(operation, outcomes, { ...change, record: { kind: 'none' } }, input, deps)
  deps.games.update(input.gameId, { looks })
  return { kind: 'now' }
}

const FIRST_UNANSWERED_MS = 500
const MAX_UNANSWERED_MS = 30_000

async function fail(operation: Operation, failure: RuntimeFailure, outcomes: readonly LoggedOutcome[], change: Change, input: PlanInput, deps: LoopDeps): Promise<Requeue> {
  const { gameId } = input
  if (failure.code === 'service_unavailable') {
    // Nobody knows whether the call took effect: the operation stays open, and goes on from what the world shows then.
    const unanswered = deps.games.of(gameId).unanswered + 1
    await progress(operation, outcomes, { ...change, record: { kind: 'none' } }, input, deps)
    deps.games.update(gameId, { unanswered, isUnsure: true })
    deps.log.warn({ gameId, operationId: operation.operationId, error: failure.message }, 'call unanswered')
    return { kind: 'at', atMs: deps.clock.nowMs() + Math.min(FIRST_UNANSWERED_MS * 2 ** unanswered, MAX_UNANSWERED_MS) }
  }
  const backoff = backoffAfter(input.status.backoff, failure, { op: operation.op, wish: input.wish, nowMs: deps.clock.nowMs(), random: deps.random() })
  await close(operation, { status: 'failed', code: failure.code, message: failure.message }, outcomes, { ...change, record: { kind: 'none' }, failure, backoff }, input, deps)
  return { kind: 'now' }
}

async function progress(operation: Operation, outcomes: readonly LoggedOutcome[], change: Change, input: PlanInput, deps: LoopDeps): Promise<void> {
  const after = stateAfter(change, operation, input, deps)
  await remember(input.gameId, deps, async () => {
    await saveProgress(deps.db, { operationId: operation.operationId, outcomes, intents: { firstSeq: operation.actionCount, actions: [] }, write: after.write })
    deps.games.update(input.gameId, { ...after.memory, openOperation: operation })
  })
}

async function close(operation: Operation, result: OperationResult, outcomes: readonly LoggedOutcome[], change: Change, input: PlanInput, deps: LoopDeps): Promise<void> {
  const after = stateAfter({ ...change, isEnding: result }, operation, input, deps)
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
    deps.games.update(input.gameId, { ...after.memory, openOperation: null, looks: 0, unanswered: 0, pulled: null, progress: null, resizeRefused: null })
    if (after.write.forget === true) deps.games.forget(input.gameId)
  })
  const { gameId, operationId, op, detail } = operation
  deps.log.info({ gameId, operationId, op, detail, status: result.status, ...(result.status === 'failed' && { code: result.code, error: result.message }) }, 'operation ended')
}

async function write(change: Change, input: PlanInput, deps: LoopDeps): Promise<void> {
  const after = stateAfter(change, null, input, deps)
  if (after.isUnchanged) return
  await remember(input.gameId, deps, async () => {
    await saveGame(deps.db, after.write)
    deps.games.update(input.gameId, after.memory)
  })
}

/** A write whose answer is lost may or may not have been made: the database is read again before the next plan. */
async function remember(gameId: string, { games }: LoopDeps, writing: () => Promise<void>): Promise<void> {
  try {
    await writing()
  } catch (error) {
    games.update(gameId, { isUnsure: true })
    throw error
  }
}

function openOf({ openOperation, gameId }: PlanInput): Operation {
  if (openOperation === null) throw new TypeError(`game ${gameId}: the plan goes on with an operation that is not open`)
  return openOperation
}
