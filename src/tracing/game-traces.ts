import { type Attributes, context, type Context, ROOT_CONTEXT, type Span, SpanStatusCode, trace } from '@opentelemetry/api'
import type { DesiredGame } from '../model/game.ts'
import type { Operation, OperationResult } from '../model/operation.ts'
import type { Plan } from '../model/plan.ts'
import { inSpan, tracer } from './spans.ts'

export interface TracedPass {
  readonly gameId: string
  readonly reconcileId: string
  /** The row, where no pass has looked at this generation of it yet. */
  readonly change: DesiredGame | null
}

interface Followed {
  readonly root: Span
  /** Holds the root: what follows is a child of it. */
  readonly context: Context
  /** Null: nobody changed the row; the controller does something by itself. */
  readonly generation: number | null
  operation: Span | null
}

/**
 * One trace per change of a game, from the write of its row to the moment at which nothing is left to do (spec 5, "Seeing inside"), and one
 * for whatever the controller does by itself. Passes, operations and calls are spans of it. A pass that nothing is followed in makes none.
 *
 * A game is *idle* → (a new generation, or a plan that acts) *followed* → (settled, blocked, its operation failed, or a newer generation) idle.
 */
export class GameTraces {
  readonly #followed = new Map<string, Followed>()
  /** Ids of the passes under way, by game: there is one of each at most. */
  readonly #reconcileIds = new Map<string, string>()

  /** Runs one pass. Whatever span began it by its context is not its parent: keys have many causes. */
  async pass<T>({ gameId, reconcileId, change }: TracedPass, work: () => Promise<T>): Promise<T> {
    if (change !== null && change.generation !== this.#followed.get(gameId)?.generation) this.#followChange(change)
    const followed = this.#followed.get(gameId)
    this.#reconcileIds.set(gameId, reconcileId)
    try {
      return await (followed === undefined ? context.with(ROOT_CONTEXT, work) : this.#asSpan(gameId, followed, work))
    } finally {
      this.#reconcileIds.delete(gameId)
    }
  }

  /** Runs what a plan asks for. */
  async carryOut<T>(plan: Plan, work: () => Promise<T>): Promise<T> {
    const { gameId, kind } = plan
    if (this.#followed.has(gameId)) return this.#carriedOut(plan, work)
    if (kind !== 'act') return work()
    const name = plan.operation.kind === 'open' ? plan.operation.op : 'recovery'
    const root = tracer().startSpan(`upkeep ${name}`, { attributes: { 'galaxy.game_id': gameId } }, ROOT_CONTEXT)
    return this.#asSpan(gameId, this.#follow(gameId, null, root), () => this.#carriedOut(plan, work))
  }

  operationBegun({ gameId, operationId, op, detail, cause }: Operation): void {
    const followed = this.#followed.get(gameId)
    if (followed === undefined) return
    const attributes = { 'galaxy.operation_id': operationId, 'galaxy.op': op, 'galaxy.op_detail': detail ?? '', 'galaxy.cause': cause }
    followed.operation?.end()
    followed.operation = tracer().startSpan(`operation ${op}`, { attributes }, followed.context)
  }

  /** An operation of an older generation, which is given up for this one, is no end of what is followed. */
  operationEnded({ gameId, generation }: Operation, result: OperationResult): void {
    const followed = this.#followed.get(gameId)
    if (followed === undefined || (followed.generation !== null && followed.generation !== generation)) return
    const isFailed = result.status === 'failed'
    if (isFailed) followed.operation?.setStatus({ code: SpanStatusCode.ERROR, message: result.code })
    followed.operation?.end()
    followed.operation = null
    if (isFailed) this.#end(gameId, result.code)
  }

  /** Ends all that is followed: the term is over. */
  close(): void {
    for (const gameId of this.#followed.keys()) this.#end(gameId, 'term ended')
  }

  #asSpan<T>(gameId: string, { context }: Followed, work: () => Promise<T>): Promise<T> {
    const attributes = { 'galaxy.game_id': gameId, 'galaxy.reconcile_id': this.#reconcileIds.get(gameId) ?? '' }
    return inSpan('reconcile', { attributes }, context, work)
  }

  async #carriedOut<T>(plan: Plan, work: () => Promise<T>): Promise<T> {
    trace.getActiveSpan()?.setAttribute('galaxy.plan', plan.kind)
    const done = await work()
    if (plan.kind === 'settled' || plan.kind === 'forget') this.#end(plan.gameId, null)
    else if (plan.kind === 'blocked') this.#end(plan.gameId, plan.code)
    return done
  }

  /** A newer generation is a trace of its own, linked to the one that it overtook. */
  #followChange(row: DesiredGame): void {
    const overtaken = this.#followed.get(row.gameId)
    this.#end(row.gameId, 'overtaken')
    const links = overtaken === undefined ? [] : [{ context: overtaken.root.spanContext() }]
    // The database's clock may be ahead of ours.
    const startTime = Math.min(row.updatedAt.getTime(), Date.now())
    this.#follow(
      row.gameId,
      row.generation,
      tracer().startSpan('change', { startTime, links, attributes: attributesOf(row) }, ROOT_CONTEXT),
    )
  }

  #follow(gameId: string, generation: number | null, root: Span): Followed {
    const followed = { root, context: trace.setSpan(ROOT_CONTEXT, root), generation, operation: null }
    this.#followed.set(gameId, followed)
    return followed
  }

  /** @param fault null: it came to a good end */
  #end(gameId: string, fault: string | null): void {
    const followed = this.#followed.get(gameId)
    if (followed === undefined) return
    this.#followed.delete(gameId)
    followed.operation?.end()
    followed.root.setStatus(fault === null ? { code: SpanStatusCode.OK } : { code: SpanStatusCode.ERROR, message: fault })
    followed.root.end()
  }
}

function attributesOf({ gameId, generation, resourceVersion, managedBy, writtenRef }: DesiredGame): Attributes {
  return {
    'galaxy.game_id': gameId,
    'galaxy.generation': generation,
    'galaxy.resource_version': resourceVersion,
    'galaxy.managed_by': managedBy,
    'galaxy.written_ref': writtenRef ?? '',
  }
}
