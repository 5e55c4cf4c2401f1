import type { Kysely } from 'kysely'
import type { Database } from '../database/tables.ts'
import type { DesiredGame } from '../model/game.ts'
import { admit } from './admission.ts'
import { readAccepted } from './apply.ts'
import { isSame } from './apply-plan.ts'
import { parseImageReference } from './image-reference.ts'
import { DEFAULT_ENGINE } from './manifest/document.ts'
import { newGame } from './new-game.ts'
import { claimGame } from './ownership.ts'
import { resolveImage } from './resolve-image.ts'
import { readVersions } from './rows.ts'
import { refused, type Verb, type VerbDecision, type VerbRequest, type VerbWrite, writerOf, written } from './verb.ts'

// The verbs that say what a game runs.

type Start = Extract<Verb, { op: 'start' }>

export async function decideStart(db: Kysely<Database>, request: VerbRequest, verb: Start, row: DesiredGame | null): Promise<VerbDecision> {
  if (row !== null) return decideStartOf(db, request, verb, row)
  const { gameId, askedBy } = request
  if (asksForNone(verb)) return refused('not_found', `there is no game ${gameId}; name a version or an image to make it`)
  const fields = { ...wantedBy(verb, DEFAULT_ENGINE), ...RUNNING }
  const game = { ...newGame(gameId, writerOf(request)), ...fields }
  return admitted(db, request, game, { fields, owner: null, cause: `asked to start ${nameOf(game)} (${askedBy})` })
}

/** A stopped game is started by anybody; to give it another image takes its owner. */
async function decideStartOf(db: Kysely<Database>, request: VerbRequest, verb: Start, row: DesiredGame): Promise<VerbDecision> {
  const keeps = asksForNone(verb) || (await asksForSame(db, request, row, verb))
  const fields = { ...(keeps ? {} : wantedBy(verb, row.engine)), ...RUNNING }
  const game = { ...row, ...fields }
  if (row.state === 'running' && !keeps) {
    const clash = `game ${row.gameId} is to run ${nameOf(row)} already, not ${nameOf(game)}`
    return refused('conflict', `${clash}; to change what a running game runs is what patch is for`)
  }
  const claim = claimGame(row, !keeps, { source: writerOf(request), force: request.force && !keeps })
  if (claim.kind === 'refused') return claim
  const cause = `asked to start ${nameOf(game)} (${request.askedBy})`
  if (row.state === 'running') return { ...written(fields, cause), owner: claim.owner }
  return admitted(db, request, game, { fields, owner: claim.owner, cause })
}

const RUNNING = { state: 'running', stopReason: null } as const

function asksForNone({ version, imageRef }: Start): boolean {
  return version === null && imageRef === null
}

function wantedBy({ engine, version, imageRef }: Start, usualEngine: string) {
  return { engine: engine ?? usualEngine, engineVersion: version, imageRef }
}

export async function decidePatch(
  db: Kysely<Database>,
  request: VerbRequest,
  { version, allowIncompatible }: Extract<Verb, { op: 'patch' }>,
  row: DesiredGame,
): Promise<VerbDecision> {
  // An image of its own would win over the version.
  const fields = { engineVersion: version, imageRef: null, ...(allowIncompatible && { allowIncompatibleTo: version }) }
  const changes = Object.entries(fields).some(([field, value]) => !isSame(Reflect.get(row, field), value))
  const claim = claimGame(row, changes, { source: writerOf(request), force: request.force && changes })
  if (claim.kind === 'refused') return claim
  const cause = `asked to patch to ${version} (${request.askedBy})`
  return admitted(db, request, { ...row, ...fields }, { fields, owner: claim.owner, cause })
}

/** By the admission of all doors: what can be known to fail is refused before anything is written. */
async function admitted(
  db: Kysely<Database>,
  { gameId, policy }: VerbRequest,
  game: DesiredGame,
  write: Pick<VerbWrite, 'fields' | 'owner' | 'cause'>,
): Promise<VerbDecision> {
  const answer = admit(game, { policy, version: await versionOf(db, game), ...(await readAccepted(db, gameId)) })
  if (answer.kind === 'refused') return refused(answer.code, answer.message)
  return { kind: 'write', imageRef: answer.image.imageRef, ...write }
}

/** An adopted row names the image that it was found with beside the version. */
async function asksForSame(
  db: Kysely<Database>,
  request: VerbRequest,
  row: DesiredGame,
  { engine, version, imageRef }: Start,
): Promise<boolean> {
  if (engine !== null && engine !== row.engine) return false
  if (version !== null && version !== row.engineVersion) return false
  if (imageRef === null) return row.imageRef === null || row.managedBy === 'reconciler'
  const present = row.imageRef ?? (await resolvedImageOf(db, request, row))
  return present !== null && familiar(present) === familiar(imageRef)
}

/** What the version stands for: as it was pinned when it was accepted, else as the registry says now. */
async function resolvedImageOf(db: Kysely<Database>, { gameId, policy }: VerbRequest, row: DesiredGame): Promise<string | null> {
  const { accepted } = await readAccepted(db, gameId)
  if (accepted !== null && accepted.engine === row.engine && accepted.engineVersion === row.engineVersion) return accepted.imageRef
  const image = resolveImage(row, await versionOf(db, row), policy, true)
  return image.kind === 'resolved' ? image.imageRef : null
}

function familiar(imageRef: string): string {
  const parsed = parseImageReference(imageRef)
  return parsed.kind === 'valid' ? parsed.reference.familiar : imageRef
}

export async function versionOf(db: Kysely<Database>, { engine, engineVersion }: Pick<DesiredGame, 'engine' | 'engineVersion'>) {
  const { versions } = await readVersions(db)
  return versions.find((version) => version.engine === engine && version.version === engineVersion)
}

export function nameOf({ engine, engineVersion, imageRef }: Pick<DesiredGame, 'engine' | 'engineVersion' | 'imageRef'>): string {
  return imageRef ?? `${engine} ${engineVersion ?? 'of no version'}`
}
