import type { Deployment } from './deployment.ts'
import { PLAYERS } from './reference-engine.ts'
import { until } from './until.ts'

export interface WishedGame {
  readonly engine: string
  readonly version?: string
  readonly schedule?: string
}

export interface LedgerLine {
  readonly turn: number | null
  readonly status: string
  readonly attempts: number
  readonly error: string | null
}

/** What tests ask of games that are played, and read of them. */
export interface PlayedGames {
  want(gameId: string, wish: WishedGame): Promise<void>
  ledger(gameId: string): Promise<readonly LedgerLine[]>
  /** `turn status`, in order, of rows that have a turn. */
  turns(gameId: string): Promise<readonly string[]>
  /** `op status code`, in order. */
  log(gameId: string): Promise<readonly string[]>
  untilTurns(gameId: string, turns: readonly string[], timeoutMs?: number): Promise<void>
  untilLog(gameId: string, line: string, timeoutMs?: number): Promise<void>
  untilCondition(gameId: string, type: string, reason: string, timeoutMs?: number): Promise<string>
}

export function playedGames({ query }: Deployment): PlayedGames {
  const ledger = (gameId: string) =>
    query<LedgerLine>('SELECT turn, status, attempts, error FROM turns WHERE game_id = $1 ORDER BY id', [gameId])
  const turns = async (gameId: string) =>
    (await ledger(gameId)).filter(({ turn }) => turn !== null).map(({ turn, status }) => `${turn} ${status}`)
  const log = async (gameId: string) => {
    const rows = await query<{ line: string }>(
      `SELECT concat_ws(' ', op || coalesce('/' || op_detail, ''), status, error_code) AS line
         FROM operation_log WHERE game_id = $1 ORDER BY operation_id`,
      [gameId],
    )
    return rows.map(({ line }) => line)
  }
  return {
    ledger,
    turns,
    log,
    want: async (gameId, { engine, version = '1.0.0', schedule = null }) => {
      await query(`INSERT INTO desired_games (game_id, engine, engine_version, players, turn_schedule) VALUES ($1, $2, $3, $4, $5)`, [
        gameId,
        engine,
        version,
        JSON.stringify(PLAYERS),
        schedule,
      ])
    },
    untilTurns: async (gameId, wanted, timeoutMs) => {
      await until(
        () => turns(gameId),
        (found) => JSON.stringify(found) === JSON.stringify(wanted),
        `turns of ${gameId} are ${wanted.join(', ')}`,
        timeoutMs,
      )
    },
    untilLog: async (gameId, line, timeoutMs) => {
      await until(
        () => log(gameId),
        (lines) => lines.includes(line),
        `${gameId}: ${line}`,
        timeoutMs,
      )
    },
    untilCondition: async (gameId, type, reason, timeoutMs) => {
      const found = await until(
        async () => {
          const [row] = await query<{ conditions: { type: string; reason: string; message: string }[] }>(
            'SELECT conditions FROM game_status WHERE game_id = $1',
            [gameId],
          )
          return row?.conditions.map((each) => ({ name: `${each.type} ${each.reason}`, message: each.message })) ?? []
        },
        (conditions) => conditions.some(({ name }) => name === `${type} ${reason}`),
        `${gameId} has condition ${type} ${reason}`,
        timeoutMs,
      )
      return found.find(({ name }) => name === `${type} ${reason}`)?.message ?? ''
    },
  }
}
