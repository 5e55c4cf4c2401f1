import type { EngineState } from '../model/engine.ts'
import type { Operation } from '../model/operation.ts'
import type { RuntimeRecord } from '../model/record.ts'
import type { LedgerEntry } from '../model/turn.ts'
import type { GameWrite } from '../record/game-write.ts'
import type { LoopDeps } from './deps.ts'
import type { GameMemory } from './games.ts'
import type { PlanInput } from './plan/input.ts'
import { isSameMapping, ledgerAfter, mappingOf, maximaAfter, playerStats } from './played.ts'

interface LifeAfter {
  readonly write: Pick<GameWrite, 'turns' | 'snapshot' | 'mapping'>
  readonly memory: Pick<GameMemory, 'openTurn' | 'mapping' | 'maxima'>
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
  const isNewTurn = engine !== null && record !== null && record.currentTurn === engine.turn && input.record?.currentTurn !== engine.turn
  const maxima = isNewTurn ? maximaAfter(input.maxima, engine) : input.maxima
  const life = record === null ? null : { recordUid: record.uid, incarnation: input.status.stateIncarnation }
  return {
    write: {
      ...(life !== null && ledger.writes.length > 0 && { turns: { life, writes: ledger.writes } }),
      ...(life !== null &&
        record !== null &&
        isNewTurn && {
          snapshot: {
            ...life,
            state: engine,
            status: record.status,
            health: record.health,
            playerStats: playerStats(engine, mapping, maxima),
            maxima,
          },
        }),
      ...(!isSameMapping(mapping, input.mapping) && { mapping }),
    },
    memory: { openTurn: ledger.open, mapping, maxima },
  }
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
