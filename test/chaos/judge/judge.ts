import { judgeConvergence, type End } from './convergence.ts'
import { judgeEpochs } from './epochs.ts'
import { judgeFolders } from './folders.ts'
import { judgeIntents, judgeOutcomes } from './intents.ts'
import { judgeReasons } from './reasons.ts'
import { judgeStatus } from './status.ts'
import type { ComputedTurn, Finding, FolderSight, Row, StatusSight, Testimony } from './testimony.ts'
import { judgeLedger, judgeOpenTurns, judgeTurns } from './turns.ts'
import { judgeUntouched } from './untouched.ts'
import { judgeWriters } from './writers.ts'

export interface Evidence {
  readonly testimony: Testimony
  /** Engine versions at the beginning. */
  readonly registry: readonly Row[]
  readonly folders: readonly FolderSight[]
  readonly statuses: readonly StatusSight[]
  readonly turns: readonly ComputedTurn[]
}

/** The safety promises, which hold at every instant: may be asked at any time of a history. */
export function judgeSafety({ testimony, registry, folders, statuses, turns }: Evidence): readonly Finding[] {
  return [
    ...judgeWriters(testimony),
    ...judgeUntouched(testimony),
    ...judgeReasons(testimony, registry),
    ...judgeIntents(testimony),
    ...judgeFolders(folders, testimony.writes),
    ...judgeTurns(turns),
    ...judgeEpochs(testimony),
    ...judgeStatus(testimony, statuses),
  ]
}

export interface Rest extends End {
  /** Of `operation_log`. */
  readonly operations: readonly Row[]
  /** Of `operation_actions`. */
  readonly actions: readonly Row[]
}

/** What holds once inputs and faults have stopped and all has come to rest. */
export function judgeRest({ testimony, turns }: Evidence, rest: Rest): readonly Finding[] {
  const { writes } = testimony
  return [
    ...judgeConvergence(testimony, rest),
    ...judgeOutcomes(rest.actions, rest.operations),
    ...judgeLedger(turns, writes),
    ...judgeOpenTurns(writes, rest.records),
  ]
}
