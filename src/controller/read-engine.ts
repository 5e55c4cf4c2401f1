import { messageOf, RuntimeFailure } from '../model/errors.ts'
import type { AcceptedSpec } from '../model/game.ts'
import type { ObservedContainer, ObservedGame } from '../model/observed.ts'
import type { LoopDeps } from './deps.ts'
import type { KnownEngine } from './games.ts'
import { readingOf } from './plan/health.ts'
import type { EngineReading, HealthReading } from './plan/input.ts'

interface Question {
  readonly gameId: string
  readonly spec: AcceptedSpec | null
  readonly observed: ObservedGame
  readonly health: HealthReading
  /** False: what is not known already stays so. */
  readonly mayAsk: boolean
}

const FIRST_RETRY_MS = 1_000
const MAX_RETRY_MS = 60_000

/**
 * What the engine says of its game. Asked once per life of its container, after a call without an answer, and again while it
 * gives none: a read, so no operation tells of it.
 */
export async function readEngine(question: Question, deps: LoopDeps): Promise<EngineReading> {
  const { gameId, spec, observed, health, mayAsk } = question
  const running = observed.containers.find(({ state }) => state === 'running')
  if (spec === null || spec.protocol !== 'galaxy' || running === undefined) return { kind: 'unasked' }
  const known = deps.games.of(gameId).engine
  if (known !== null && isSameLife(known, running) && !isRetryDue(known, deps.clock.nowMs())) return known.reading
  const serves = readingOf({ health, nowMs: deps.clock.nowMs() }, spec, running).kind === 'ok'
  if (!serves || !mayAsk) return { kind: 'unasked' }
  const reading = await ask(question, spec, running, known?.reading ?? null, deps)
  remember(gameId, running, reading, deps)
  return reading
}

function isSameLife({ containerId, startedAtMs }: KnownEngine, { id, detail }: ObservedContainer): boolean {
  if (containerId !== id) return false
  return startedAtMs === null || detail?.startedAtMs == null || startedAtMs === detail.startedAtMs
}

function isRetryDue({ reading }: KnownEngine, nowMs: number): boolean {
  return reading.kind === 'failing' && nowMs >= reading.retryAtMs
}

async function ask(
  { gameId }: Question,
  { network, port }: AcceptedSpec,
  { id, name }: ObservedContainer,
  before: EngineReading | null,
  { engine, clock, signal }: LoopDeps,
): Promise<KnownEngine['reading']> {
  try {
    const state = await engine.status({ gameId, containerId: id, containerName: name, network, port }, signal)
    return state === null ? { kind: 'uninitialised' } : { kind: 'state', state }
  } catch (error) {
    if (!(error instanceof RuntimeFailure)) throw error
    const delayMs = before?.kind === 'failing' ? Math.min(before.delayMs * 2, MAX_RETRY_MS) : FIRST_RETRY_MS
    return { kind: 'failing', message: messageOf(error), delayMs, retryAtMs: clock.nowMs() + delayMs }
  }
}

function remember(gameId: string, { id, detail }: ObservedContainer, reading: KnownEngine['reading'], { games }: LoopDeps): void {
  games.update(gameId, { engine: { containerId: id, startedAtMs: detail?.startedAtMs ?? null, reading } })
}
