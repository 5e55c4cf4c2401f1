import type { Daemon } from '../../../simulator/daemon.ts'
import { type Sql, installAudit, readAudit } from './audit.ts'
import { machineNowMs } from './machine-clock.ts'
import {
  type FolderSight,
  type Identity,
  type LifeSpan,
  type Moment,
  type Row,
  type Stamped,
  type StatusSight,
  type Testimony,
  text,
} from './testimony.ts'

export interface WitnessOptions {
  readonly daemon: Daemon
  readonly sql: Sql
  readonly identity: Identity
  /** Whether the controller vouches for what the game's status says now. */
  readonly isVouchedFor: (gameId: string) => boolean
  /** State folders that are there, by path; each ends in the game's id. */
  readonly folders: () => ReadonlyMap<string, { readonly turn: number | null }>
}

/** Sees and keeps what the judge goes by. */
export interface Witness {
  /** Engine versions as they were registered at the beginning. */
  readonly registry: readonly Row[]
  readonly folders: readonly FolderSight[]
  readonly statuses: readonly StatusSight[]
  began(): void
  ended(): void
  /** Between two steps: reads both clocks, and looks at folders and statuses. */
  look(games: readonly string[]): Promise<void>
  testimony(): Promise<Testimony>
  leave(): void
}

/** To be called before the controller's first life. */
export async function callWitness({ daemon, sql, identity, folders, isVouchedFor }: WitnessOptions): Promise<Witness> {
  await installAudit(sql)
  const registry = await rowsOf(sql, 'engine_versions')
  const entries: Stamped[] = daemon.history.since(0).map((entry) => ({ entry, realMs: machineNowMs() }))
  const lives: LifeSpan[] = []
  const sights: FolderSight[] = []
  const statuses: StatusSight[] = []
  const moments: Moment[] = []
  const leave = daemon.observe({ onEntry: (entry) => void entries.push({ entry, realMs: machineNowMs() }), onDown: () => undefined })
  return {
    registry,
    folders: sights,
    statuses,
    leave,
    began: () => void lives.push({ number: lives.length + 1, startedAtMs: daemon.nowMs(), endedAtMs: null, endedSeq: null }),
    ended: () => {
      const last = lives.pop()
      if (last !== undefined)
        lives.push({ ...last, endedAtMs: last.endedAtMs ?? daemon.nowMs(), endedSeq: last.endedSeq ?? daemon.history.length })
    },
    look: async (games) => {
      moments.push({ realMs: machineNowMs(), atMs: daemon.nowMs() })
      const seen = [...folders()]
      for (const game of games) {
        const folder = seen.find(([name]) => name.endsWith(`/${game}`))?.[1]
        sights.push({ realMs: machineNowMs(), game, isThere: folder !== undefined, turn: folder?.turn ?? null })
      }
      statuses.push(...(await readStatuses(sql, daemon.nowMs())).filter(({ game }) => isVouchedFor(game)))
    },
    testimony: async () => ({ entries, moments, calls: daemon.history.calls(), writes: await readAudit(sql, 0), lives, identity }),
  }
}

/** All rows of a table, as the audit keeps them. */
export async function rowsOf(sql: Sql, table: string): Promise<readonly Row[]> {
  const rows = await sql<{ readonly row: Row }>(`SELECT to_jsonb(t) AS row FROM ${table} t`)
  return rows.map(({ row }) => row)
}

async function readStatuses(sql: Sql, atMs: number): Promise<readonly StatusSight[]> {
  const rows = await sql<Row>(`
    SELECT s.game_id, c ->> 'status' AS ready FROM game_status s CROSS JOIN LATERAL jsonb_array_elements(s.conditions) c WHERE c ->> 'type' = 'Ready'`)
  return rows.map((row) => ({ game: text(row, 'game_id') ?? '', ready: text(row, 'ready'), atMs }))
}
