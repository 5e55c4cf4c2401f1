import type { Stage, Step } from './step.ts'

// The lobby's hand: plain SQL on desired rows and versions.

const VERSIONS = ['1.0.0', '1.0.1', '1.1.0'] as const
const RACES = ['Terran', 'Vulcan', 'Orion'] as const

/** Steps that change what is asked for. */
export const WISHES: readonly Step[] = [
  { weight: 5, run: insert },
  { weight: 3, run: (stage) => change(stage, 'patch', 'engine_version = $2', [stage.random.pick(['1.0.0', '1.0.1'])]) },
  { weight: 1, run: patchAcross },
  { weight: 1, run: (stage) => change(stage, 'patch_incompatible', 'engine_version = $2', ['1.1.0']) },
  { weight: 1, run: (stage) => change(stage, 'patch_unknown', 'engine_version = $2', ['9.9.9']) },
  { weight: 2, run: resize },
  {
    weight: 3,
    run: (stage) =>
      change(stage, 'stop', `state = 'stopped', stop_reason = $2`, [stage.random.pick(['cancelled', 'timeout', 'admin_request'])]),
  },
  { weight: 4, run: (stage) => change(stage, 'start', `state = 'running'`, []) },
  { weight: 2, run: (stage) => change(stage, 'restart_token', 'restart_token = $2', [token(stage)]) },
  { weight: 4, run: (stage) => change(stage, 'turn_token', 'turn_token = $2', [token(stage)]) },
  { weight: 2, run: (stage) => change(stage, 'pause', 'paused = NOT paused', []) },
  { weight: 2, run: (stage) => change(stage, 'schedule', 'turn_schedule = $2', [stage.random.pick(['* * * * *', '*/5 * * * *', null])]) },
  { weight: 1, run: (stage) => change(stage, 'players', 'players = $2', [players(1 + stage.random.below(RACES.length))]) },
  { weight: 2, run: remove },
  { weight: 1, run: purge },
  { weight: 1, run: registry },
]

/** The lobby begins with all of its games. */
export async function insertAll(stage: Stage): Promise<void> {
  for (const game of stage.games) await insertGame(stage, game)
}

async function insert(stage: Stage): Promise<void> {
  await insertGame(stage, stage.random.pick(stage.games))
}

async function insertGame(stage: Stage, game: string): Promise<void> {
  const columns = [game, stage.random.pick(VERSIONS), players(stage.random.below(3)), stage.random.chance(0.3) ? '* * * * *' : null]
  await write(
    stage,
    'insert',
    game,
    'INSERT INTO desired_games (game_id, engine_version, players, turn_schedule) VALUES ($1, $2, $3, $4)',
    columns,
  )
}

/** To a version that cannot go on with the state without the operator's word for it. Never back: an older engine could not read it. */
async function patchAcross(stage: Stage): Promise<void> {
  await change(stage, 'patch_across', `engine_version = '1.1.0', allow_incompatible_to = '1.1.0'`, [])
}

async function resize(stage: Stage): Promise<void> {
  const limits = [stage.random.pick([0.5, 1, 2]), stage.random.pick(['64Mi', '128Mi', '512Mi']), stage.random.pick([32, 64, 100])]
  await change(stage, 'resize', 'cpus = $2, memory = $3, pids = $4', limits)
}

async function remove(stage: Stage): Promise<void> {
  const game = stage.random.pick(stage.games)
  await write(stage, 'delete', game, 'DELETE FROM desired_games WHERE game_id = $1', [game])
}

async function purge(stage: Stage): Promise<void> {
  await change(stage, 'purge', 'deleted_at = now(), purge_state = true', [])
}

async function registry(stage: Stage): Promise<void> {
  const version = stage.random.pick(VERSIONS)
  await write(stage, 'registry', version, 'UPDATE engine_versions SET enabled = NOT enabled WHERE version = $1', [version])
}

async function change(stage: Stage, kind: string, assignments: string, values: readonly unknown[]): Promise<void> {
  const game = stage.random.pick(stage.games)
  await write(stage, kind, game, `UPDATE desired_games SET ${assignments} WHERE game_id = $1`, [game, ...values])
}

/** The schema's own refusals are part of the history: a row that is being deleted, one that is there already. */
const REFUSALS: ReadonlySet<unknown> = new Set(['55000', '55006', '23505'])

async function write(stage: Stage, kind: string, target: string, sql: string, values: readonly unknown[]): Promise<void> {
  try {
    const rows = await stage.world.sql(`${sql} RETURNING 1`, values)
    // A DELETE that sets the tombstone deletes nothing.
    if (rows.length > 0 || sql.startsWith('DELETE')) stage.did(`wish ${kind}`, `${target} ${JSON.stringify(values.slice(1))}`)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && REFUSALS.has(error.code))) throw error
    stage.did('wish refused', `${kind} of ${target}: ${error.message}`)
  }
}

function token({ random }: Stage): string {
  return `token-${random.below(1_000_000)}`
}

function players(count: number): string {
  const of = RACES.slice(0, count).map((raceName, index) => ({ userId: `7b0c0000-0000-4000-8000-00000000000${index}`, raceName }))
  return JSON.stringify(of)
}
