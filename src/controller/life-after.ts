import type { EngineState } from '../model/engine.ts'
import type { Operation } from '../model/operation.ts'
import type { RuntimeRecord } from '../model/record.ts'
import type { LedgerEntry } from '../model/turn.ts'
import type { GameWrite } from '../record/game-write.ts'
import type { Life, Snapshot } from '../record/life-write.ts'
import type { LoopDeps } from './deps.ts'
import type { GameMemory } from './games.ts'
import type { PlanInput } from './plan/input.ts'
import { isSameMapping, ledgerAfter, mappingOf, maximaAfter, playerStats } from './played.ts'

interface LifeAfter {
  readonly write: Pick<GameWrite, 'turns' | 'snapshot' | 'mapping'>
  readonly memory: Pick<GameMemory, 'openTurn' | 'computedTurn' | 'mapping' | 'maxima'>
}

/** Turns, players and snapshot after a step; a snapshot is taken of every turn that the record did not have yet. */
export function lifeAfter(
  entries: readonly LedgerEntry[],
  engine: EngineState | null,
  operation: Operation | null,
  record: RuntimeRecord | null,
  input: PlanInput,
  { newId }: Pick<LoopDeps, 'newId'>,
): LifeAfter {
  const ledger = ledgerAfter([...entries, ...abandoned(entries, record, input)], input.openTurn, operation?.operationId ?? null, newId)
  const mapping = mappingAfter(engine, record, input)
  const life = record === null ? null : { recordUid: record.uid, incarnation: input.status.stateIncarnation }
  const snapshot = life === null || record === null ? null : snapshotOf(life, record, engine, mapping, input)
  return {
    write: {
      ...(life !== null && ledger.writes.length > 0 && { turns: { life, writes: ledger.writes } }),
      ...(snapshot !== null && { snapshot }),
      ...(!isSameMapping(mapping, input.mapping) && { mapping }),
    },
    memory: {
      openTurn: ledger.open,
      computedTurn: computedAfter(entries, input),
      mapping,
      maxima: snapshot?.maxima ?? input.maxima,
    },
  }
}

/** Of a turn that the record did not have yet; else null. */
function snapshotOf(
  life: Life,
  { status, health, currentTurn }: RuntimeRecord,
  engine: EngineState | null,
  mapping: PlanInput['mapping'],
  input: PlanInput,
): Snapshot | null {
  if (engine === null || currentTurn !== engine.turn || input.record?.currentTurn === engine.turn) return null
  const maxima = maximaAfter(input.maxima, engine)
  return { ...life, state: engine, status, health, playerStats: playerStats(engine, mapping, maxima), maxima }
}

function computedAfter(entries: readonly LedgerEntry[], { openTurn, computedTurn }: PlanInput): number | null {
  const isComputed = entries.some((entry) => entry.kind === 'end' && entry.status === 'succeeded')
  return isComputed ? (openTurn?.turn ?? computedTurn) : computedTurn
}

/** A game that is stopped or removed computes no turn any more, begun or not. */
function abandoned(entries: readonly LedgerEntry[], record: RuntimeRecord | null, { openTurn }: PlanInput): readonly LedgerEntry[] {
  const isOver = record?.status === 'stopped' || record?.status === 'removed'
  if (!isOver || openTurn === null || entries.some(({ kind }) => kind === 'end')) return []
  return [{ kind: 'end', status: 'failed', error: `the game was ${record.status} before it was computed` }]
}

function mappingAfter(engine: EngineState | null, record: RuntimeRecord | null, input: PlanInput): PlanInput['mapping'] {
  if (record?.status === 'removed') return []
  const { admission, status } = input
  const spec = admission.kind === 'accepted' ? admission.spec : status.acceptedSpec
  return engine === null || spec === null ? input.mapping : mappingOf(spec.players, engine)
}
