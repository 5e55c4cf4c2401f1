import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Kysely, Transaction } from 'kysely'
import type { Database } from '../database/tables.ts'
import { parseAcceptedSpec } from '../record/stored-json.ts'
import type { DesiredGame, EngineVersion } from '../model/game.ts'
import { admit, type AdmissionContext } from './admission.ts'
import { type FieldChange, type GameWrite, planGame, planVersion } from './apply-plan.ts'
import { insertGame, lockGame, updateGame } from './game-row.ts'
import {
  DEFAULT_ENGINE,
  type GameDocument,
  type ManifestDocument,
  subjectOf,
  toCandidate,
  type VersionDocument,
} from './manifest/document.ts'
import { claimGame } from './ownership.ts'
import type { ImagePolicy } from './resolve-image.ts'
import { readDesired, readVersions } from './rows.ts'
import { checkVersion } from './version-admission.ts'
import { foreseeRefusal, putVersion } from './version-row.ts'
import { orRefusal, type Refusal, writeAs, type Writer } from './writer.ts'

export interface ApplyRequest {
  readonly documents: readonly ManifestDocument[]
  /** `api` or `manifest:<root>`: who will own what is created or taken over. */
  readonly source: string
  sourceRef(document: ManifestDocument): string | null
  /** Takes over games of other owners. */
  readonly force: boolean
  /** Decides everything and writes nothing. */
  readonly dryRun: boolean
  readonly policy: ImagePolicy
  /** The document as this source last applied it, see `planGame`; without it every field that a document names is written. */
  readonly previous?: (document: ManifestDocument) => ManifestDocument | undefined
  /** Runs in the transaction of each document that is written, before it commits. */
  readonly alongside?: (trx: Transaction<Database>, document: ManifestDocument) => Promise<void>
}

export interface ApplyResult {
  readonly kind: ManifestDocument['kind']
  /** The game's id, or `engine/version`. */
  readonly name: string
  readonly outcome: 'created' | 'changed' | 'unchanged' | 'refused'
  readonly changes: readonly FieldChange[]
  /** Why it was refused, and what to do. */
  readonly problem: string | null
  readonly code: Refusal['code'] | null
}

/**
 * Brings the desired state to what documents say: engine versions first, then games, one transaction each, so that a
 * refused one stops no other. What is as it should be already is not written.
 *
 * @returns one result per document, in the order given
 * @throws when the database fails; documents applied before stay so, and applying all again is harmless
 */
export async function applyDocuments(db: Kysely<Database>, request: ApplyRequest): Promise<readonly ApplyResult[]> {
  const { versions } = await readVersions(db)
  const registry = new Map(versions.map((version) => [`${version.engine}/${version.version}`, version]))
  const results = new Map<ManifestDocument, ApplyResult>()
  for (const document of request.documents) {
    if (document.kind === 'EngineVersion') results.set(document, await applyVersion(db, request, document, registry))
  }
  const games = request.documents.filter((document) => document.kind === 'Game')
  const rows =
    games.length === 0
      ? []
      : (
          await readDesired(
            db,
            games.map(({ name }) => name),
          )
        ).games
  const byId = new Map(rows.map((row) => [row.gameId, row]))
  for (const [index, document] of games.entries()) {
    results.set(document, await applyGame(db, request, document, byId.get(document.name) ?? null, registry))
    // Unchanged ones wait for nothing: thousands of them must not keep the event loop.
    if (index % GAMES_PER_TURN === GAMES_PER_TURN - 1) await nextTurn()
  }
  return request.documents.flatMap((document) => results.get(document) ?? [])
}

const GAMES_PER_TURN = 200

type Registry = Map<string, EngineVersion>

async function applyVersion(
  db: Kysely<Database>,
  request: ApplyRequest,
  document: VersionDocument,
  registry: Registry,
): Promise<ApplyResult> {
  const row = registry.get(subjectOf(document)) ?? null
  const previous = request.previous?.(document)
  const { version, changes } = planVersion(document, row, previous?.kind === 'EngineVersion' ? previous : undefined)
  const problems = checkVersion(version, request.policy)
  if (problems.length > 0)
    return refused(document, { kind: 'refused', code: 'invalid_request', message: problems.map(({ message }) => message).join('; ') })
  if (row !== null && changes.length === 0) return { ...head(document), outcome: 'unchanged', changes }
  const refusal = request.dryRun
    ? await foreseeRefusal(db, version, row === null ? [] : changes)
    : await orRefusal(() =>
        writeAs(db, writerOf(request, document), async (trx) => {
          await putVersion(trx, version)
          await request.alongside?.(trx, document)
        }),
      )
  if (refusal) return refused(document, refusal)
  registry.set(subjectOf(document), version)
  return { ...head(document), outcome: row === null ? 'created' : 'changed', changes }
}

async function applyGame(
  db: Kysely<Database>,
  request: ApplyRequest,
  document: GameDocument,
  row: DesiredGame | null,
  registry: Registry,
): Promise<ApplyResult> {
  const decision = await decideGame(db, request, document, row, registry)
  if (decision.kind !== 'write' || request.dryRun) return toResult(document, decision)
  const final = await orRefusal(() =>
    writeAs(db, writerOf(request, document), async (trx) => {
      // Decided again on the locked row: nobody who wrote meanwhile is overwritten unseen.
      const locked = await lockGame(trx, document.name)
      const again = await decideGame(trx, request, document, locked, registry)
      if (again.kind !== 'write') return again
      await writeGame(trx, document.name, again)
      await request.alongside?.(trx, document)
      return again
    }),
  )
  return toResult(document, final)
}

type GameDecision =
  | Refusal
  | { readonly kind: 'unchanged' }
  | ({ readonly kind: 'write'; readonly creates: boolean; readonly owner: string | null } & GameWrite)

async function decideGame(
  db: Kysely<Database>,
  request: ApplyRequest,
  document: GameDocument,
  row: DesiredGame | null,
  registry: Registry,
): Promise<GameDecision> {
  const previous = request.previous?.(document)
  // Without a last time, a wish that names a field is a change of it.
  const plan = planGame(document, row, previous?.kind === 'Game' ? previous : undefined)
  if (row !== null) {
    const claim = claimGame(row, plan.changesOwned, request)
    if (claim.kind === 'refused') return claim
    if (plan.changes.length === 0 && claim.owner === null) return { kind: 'unchanged' }
    const takeover = claim.owner === null ? [] : [{ path: 'managedBy', before: row.managedBy, after: claim.owner }]
    // A stop, a pause and a token need no admission: a game can always be stopped.
    const refusal = plan.changesOwned ? await refusalOf(db, request, document, registry) : null
    return refusal ?? { kind: 'write', creates: false, ...plan, changes: [...plan.changes, ...takeover], owner: claim.owner }
  }
  return (await refusalOf(db, request, document, registry)) ?? { kind: 'write', creates: true, ...plan, owner: null }
}

async function refusalOf(db: Kysely<Database>, request: ApplyRequest, document: GameDocument, registry: Registry): Promise<Refusal | null> {
  const { spec, name } = document
  const version = registry.get(`${spec.engine ?? DEFAULT_ENGINE}/${spec.engineVersion}`)
  const answer = admit(toCandidate(name, spec), { policy: request.policy, version, ...(await readAccepted(db, name)) })
  return answer.kind === 'admitted' ? null : { kind: 'refused', code: answer.code, message: answer.message }
}

/** What the controller knows of the game's state directory, of its last accepted spec, and of who plays. */
export async function readAccepted(
  db: Kysely<Database>,
  gameId: string,
): Promise<Pick<AdmissionContext, 'stateWriter' | 'accepted' | 'races'>> {
  const row = await db
    .selectFrom('game_status')
    .select(['state_engine', 'state_version', 'state_image_ref', 'accepted_spec'])
    .where('game_id', '=', gameId)
    .executeTakeFirst()
  const players = await db.selectFrom('player_mappings').select('race_name').where('game_id', '=', gameId).execute()
  return {
    races: players.length === 0 ? null : players.map(({ race_name }) => race_name),
    stateWriter:
      row === undefined || row.state_engine === null
        ? null
        : { engine: row.state_engine, version: row.state_version, imageRef: row.state_image_ref },
    accepted: parseAcceptedSpec(row?.accepted_spec),
  }
}

function writerOf(request: ApplyRequest, document: ManifestDocument): Writer {
  return { source: request.source, sourceRef: request.sourceRef(document) }
}

async function writeGame(trx: Transaction<Database>, gameId: string, decision: Extract<GameDecision, { kind: 'write' }>): Promise<void> {
  if (decision.creates) await insertGame(trx, gameId, decision.fields)
  else await updateGame(trx, gameId, decision.fields, decision.owner)
}

function toResult(document: GameDocument, decision: GameDecision): ApplyResult {
  if (decision.kind === 'refused') return refused(document, decision)
  if (decision.kind === 'unchanged') return { ...head(document), outcome: 'unchanged', changes: [] }
  return { ...head(document), outcome: decision.creates ? 'created' : 'changed', changes: decision.changes }
}

function refused(document: ManifestDocument, refusal: Refusal): ApplyResult {
  return { ...head(document), outcome: 'refused', changes: [], problem: refusal.message, code: refusal.code }
}

function head(document: ManifestDocument) {
  return { kind: document.kind, name: subjectOf(document), problem: null, code: null }
}
