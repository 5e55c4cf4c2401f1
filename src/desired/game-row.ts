import { type Insertable, type Kysely, sql } from 'kysely'
import type { Database, DesiredGamesTable } from '../database/tables.ts'
import type { DesiredGame } from '../model/game.ts'
import type { GameFields } from './apply-plan.ts'
import { readDesired } from './rows.ts'

/** The game's row, locked until the transaction ends; null when there is none. */
export async function lockGame(trx: Kysely<Database>, gameId: string): Promise<DesiredGame | null> {
  await sql`SELECT FROM desired_games WHERE game_id = ${gameId} FOR UPDATE`.execute(trx)
  const { games, problems } = await readDesired(trx, [gameId])
  if (problems[0] !== undefined) throw new Error(`row of game ${gameId} cannot be read: ${problems[0].problem}`)
  return games[0] ?? null
}

export async function insertGame(trx: Kysely<Database>, gameId: string, fields: Partial<GameFields>): Promise<void> {
  const row: Insertable<DesiredGamesTable> = { game_id: gameId, ...columnsOf(fields) }
  await trx.insertInto('desired_games').values(row).execute()
}

/** @returns false, with nothing written, when the game has come meanwhile */
export async function insertNewGame(trx: Kysely<Database>, gameId: string, fields: Partial<GameFields>): Promise<boolean> {
  const row: Insertable<DesiredGamesTable> = { game_id: gameId, ...columnsOf(fields) }
  const [inserted] = await trx
    .insertInto('desired_games')
    .values(row)
    .onConflict((conflict) => conflict.column('game_id').doNothing())
    .returning('game_id')
    .execute()
  return inserted !== undefined
}

/** @param owner the new owner, null to keep the present one */
export async function updateGame(trx: Kysely<Database>, gameId: string, fields: Partial<GameFields>, owner: string | null): Promise<void> {
  const columns = { ...columnsOf(fields), ...(owner === null ? {} : { managed_by: owner }) }
  await trx.updateTable('desired_games').set(columns).where('game_id', '=', gameId).execute()
}

const COLUMNS = {
  engine: 'engine',
  engineVersion: 'engine_version',
  imageRef: 'image_ref',
  state: 'state',
  stopReason: 'stop_reason',
  paused: 'paused',
  turnSchedule: 'turn_schedule',
  timeZone: 'time_zone',
  players: 'players',
  cpus: 'cpus',
  memory: 'memory',
  pids: 'pids',
  restartToken: 'restart_token',
  turnToken: 'turn_token',
  allowIncompatibleTo: 'allow_incompatible_to',
  labels: 'labels',
} as const satisfies Record<keyof GameFields, keyof DesiredGamesTable>

type Columns = Partial<Omit<Insertable<DesiredGamesTable>, 'game_id'>>

function columnsOf(fields: Partial<GameFields>): Columns {
  const entries = Object.entries(fields).map(([field, value]) => {
    const isJson = field === 'players' || field === 'labels'
    return [COLUMNS[field as keyof GameFields], isJson ? JSON.stringify(value) : value] // the keys are GameFields'
  })
  return Object.fromEntries(entries) as Columns // each field has its column's type, JSON as text
}
