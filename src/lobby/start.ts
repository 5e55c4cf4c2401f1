import { untilExplained } from './attempts.ts'
import { type Assignment, differs, places, startColumns } from './columns.ts'
import type { LobbyDatabase } from './connection.ts'
import { GameBeingDeleted, LobbyConflict } from './errors.ts'
import type { EngineTarget, Published, StartOptions } from './wishes.ts'

/**
 * Asks for a game to run. A new game is created, a stopped one set running; one that runs the same already is left alone
 * but for the options that differ, and one that runs something else is a conflict, since that is what patch is for (spec 3, "Verbs").
 * A game that the reconciler adopted becomes the lobby's.
 *
 * @throws LobbyError
 */
export function publishStart(database: LobbyDatabase, gameId: string, target: EngineTarget, options: StartOptions): Promise<Published> {
  const asked = askedOf(target)
  const columns = startColumns(options)
  const values = [gameId, asked.engine, asked.version, asked.imageRef, ...columns.map(({ value }) => value)]
  return untilExplained(gameId, async () => {
    const [written] = await database.rows<Written>(gameId, upsert(columns), values)
    if (written !== undefined) return { gameId, generation: written.generation, outcome: written.isNew ? 'created' : 'updated' }
    const [standing] = await database.rows<Standing>(gameId, explain(columns), values)
    return standing === undefined ? null : answer(gameId, asked, standing)
  })
}

interface Asked {
  readonly engine: string
  readonly version: string | null
  readonly imageRef: string | null
}

interface Written {
  readonly generation: number
  readonly isNew: boolean
}

interface Standing {
  readonly generation: number
  readonly owner: string
  readonly isDeleting: boolean
  readonly isRunning: boolean
  readonly isSame: boolean
  readonly differs: boolean
  readonly runs: string
}

const DEFAULT_ENGINE = 'galaxy'
/** Values 1 to 4 are game, engine, version and image. */
const FIRST_OPTION = 5

function askedOf(target: EngineTarget): Asked {
  if (typeof target === 'string') return { engine: DEFAULT_ENGINE, version: null, imageRef: target }
  return { engine: target.engine ?? DEFAULT_ENGINE, version: target.version, imageRef: target.imageRef ?? null }
}

/** The image that a row without one was last resolved to; null while that is not what was last accepted. */
const RESOLVED_IMAGE = `(
  SELECT s.accepted_spec ->> 'imageRef' FROM game_status s
   WHERE s.game_id = g.game_id AND s.accepted_spec ->> 'engine' = g.engine
     AND s.accepted_spec -> 'requested' ->> 'engineVersion' = g.engine_version
     AND s.accepted_spec -> 'requested' ->> 'imageRef' IS NULL)`

/** Whether row \`g\` asks for the same. An adopted row names the image that it was found with beside the version. */
const IS_SAME = `(
  ($3::text IS NULL OR (g.engine = $2::text AND g.engine_version = $3::text))
  AND CASE WHEN $4::text IS NULL THEN g.image_ref IS NULL OR g.managed_by = 'reconciler'
           ELSE coalesce(g.image_ref, ${RESOLVED_IMAGE}) = $4::text END) IS TRUE`

function upsert(columns: readonly Assignment[]): string {
  const names = columns.map(({ column }) => `, ${column}`).join('')
  const given = places(columns, FIRST_OPTION)
    .map((place) => `, ${place}`)
    .join('')
  return `
    INSERT INTO desired_games AS g (game_id, engine, engine_version, image_ref${names})
    VALUES ($1::text, $2::text, $3::text, $4::text${given})
    ON CONFLICT (game_id) DO UPDATE SET
      engine = CASE WHEN ${IS_SAME} OR $3::text IS NULL THEN g.engine ELSE EXCLUDED.engine END,
      engine_version = CASE WHEN ${IS_SAME} THEN g.engine_version ELSE EXCLUDED.engine_version END,
      image_ref = CASE WHEN ${IS_SAME} THEN g.image_ref ELSE EXCLUDED.image_ref END,
      ${columns.map(({ column }) => `${column} = EXCLUDED.${column},`).join(' ')}
      state = 'running',
      managed_by = CASE g.managed_by WHEN 'reconciler' THEN 'lobby' ELSE g.managed_by END
    WHERE g.state = 'stopped' OR (${IS_SAME} AND (g.managed_by = 'reconciler' OR ${differs(columns, FIRST_OPTION)}))
    RETURNING json_build_object('generation', generation, 'isNew', xmax = 0) AS row`
}

function explain(columns: readonly Assignment[]): string {
  return `
    SELECT json_build_object('generation', g.generation, 'owner', g.managed_by, 'isDeleting', g.deleted_at IS NOT NULL,
      'isRunning', g.state = 'running', 'isSame', ${IS_SAME}, 'differs', ${differs(columns, FIRST_OPTION)},
      'runs', coalesce(g.image_ref, g.engine || ' ' || g.engine_version)) AS row
      FROM desired_games g WHERE g.game_id = $1::text`
}

/** @returns null when the row as it is now would have been written */
function answer(gameId: string, asked: Asked, standing: Standing): Published | null {
  if (standing.isDeleting) throw new GameBeingDeleted(gameId)
  if (!standing.isRunning) return null
  if (standing.isSame) return standing.differs ? null : { gameId, generation: standing.generation, outcome: 'unchanged' }
  const wanted = asked.imageRef ?? `${asked.engine} ${asked.version}`
  const clash = `game ${gameId} is to run ${standing.runs} already, not ${wanted}`
  if (standing.owner === 'lobby' || standing.owner === 'reconciler')
    throw new LobbyConflict('runs_another_image', gameId, standing.owner, `${clash}; patch it instead`)
  throw new LobbyConflict('owned', gameId, standing.owner, `${clash}, and is managed by ${standing.owner}, not by lobby`)
}
