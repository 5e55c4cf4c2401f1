import type { Kysely } from 'kysely'
import type { Database } from '../database/tables.ts'
import type { ApplyResult } from '../desired/apply.ts'
import type { GameDocument } from '../desired/manifest/document.ts'
import { API_VERSION, type GameSpec } from '../desired/manifest/schema.ts'
import type { ImagePolicy } from '../desired/resolve-image.ts'
import { readDesired } from '../desired/rows.ts'
import type { DesiredGame } from '../model/game.ts'
import { requireVersion } from './if-match.ts'
import { mergePatch } from './merge-patch.ts'
import { ApiProblem } from './problem.ts'
import { putGame, type PutRequest } from './put-game.ts'

export type PatchRequest = Omit<PutRequest, 'body' | 'previous'> & {
  /** RFC 7396, of the game's manifest: `{"spec": {"engineVersion": "1.0.1"}}`. */
  readonly patch: unknown
}

/** Somebody else's write between our read and ours is taken in by reading again. */
const ATTEMPTS = 5

/**
 * Applies the game's manifest as the patch makes it. What the patch does not name is not written, so that two patches of
 * different fields do not undo each other; without an If-Match, one that was overtaken is made again from the new row.
 *
 * @throws ApiProblem `not_found`, and what `putGame` throws
 */
export async function patchGame(
  db: Kysely<Database>,
  policy: ImagePolicy,
  { patch, ...request }: PatchRequest,
): Promise<{ readonly document: GameDocument; readonly result: ApplyResult }> {
  requirePatch(patch)
  for (let attempt = 1; ; attempt += 1) {
    const row = await requireRow(db, request.gameId)
    requireVersion(request.expectedVersion, Number(row.resourceVersion))
    const previous = documentOf(row)
    const body = mergePatch(manifestOf(previous), patch)
    try {
      return await putGame(db, policy, { ...request, body, previous, expectedVersion: row.resourceVersion })
    } catch (error) {
      const isOvertaken = error instanceof ApiProblem && error.code === 'precondition_failed' && request.expectedVersion === null
      if (!isOvertaken || attempt === ATTEMPTS) throw error
    }
  }
}

function requirePatch(patch: unknown): void {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch))
    throw new ApiProblem('invalid_request', 'the patch must be an object such as {"spec": {"paused": true}}')
}

async function requireRow(db: Kysely<Database>, gameId: string): Promise<DesiredGame> {
  const { games, problems } = await readDesired(db, [gameId])
  if (games[0] !== undefined) return games[0]
  if (problems[0] === undefined) throw new ApiProblem('not_found', `nothing asks for a game ${gameId}: make one with PUT`)
  throw new ApiProblem('conflict', `the row of game ${gameId} can’t be read (${problems[0].problem}): PUT the whole game`)
}

/** The row as a manifest that names every field that has a value. */
function documentOf(row: DesiredGame): GameDocument {
  const { cpus, memory, pids, players } = row
  const resources = withoutNulls({ cpus, memory, pids })
  const spec: GameSpec = {
    engine: row.engine,
    state: row.state === 'running' ? 'Running' : 'Stopped',
    paused: row.paused,
    timeZone: row.timeZone,
    ...withoutNulls({
      engineVersion: row.engineVersion,
      image: row.imageRef,
      stopReason: row.stopReason,
      turnSchedule: row.turnSchedule,
      allowIncompatibleTo: row.allowIncompatibleTo,
      restartToken: row.restartToken,
      turnToken: row.turnToken,
    }),
    players: players.map(({ userId, raceName }) => ({ userId, raceName })),
    ...(Object.keys(resources).length > 0 && { resources }),
  }
  return { kind: 'Game', name: row.gameId, labels: row.labels, spec, path: 'body', line: 1 }
}

function manifestOf({ name, labels, spec }: GameDocument): object {
  return { apiVersion: API_VERSION, kind: 'Game', metadata: { name, labels }, spec }
}

function withoutNulls<T extends object>(fields: T): { [K in keyof T]?: NonNullable<T[K]> } {
  const entries = Object.entries(fields).filter(([, value]) => value !== null)
  return Object.fromEntries(entries) as { [K in keyof T]?: NonNullable<T[K]> } // what was filtered
}
