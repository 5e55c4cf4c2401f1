import type { Kysely } from 'kysely'
import type { Database } from '../database/tables.ts'
import type { ManifestDocument } from '../desired/manifest/document.ts'
import { readDesired } from '../desired/rows.ts'
import { hypotheticalGame } from './hypothetical-game.ts'
import type { ControllerView, PlanAnswer } from './ports.ts'

/** What the controller would do if the document were applied; null for what is no game, and on a standby. */
export async function planOf(db: Kysely<Database>, view: ControllerView, document: ManifestDocument): Promise<PlanAnswer | null> {
  if (document.kind !== 'Game' || !view.isLeader()) return null
  const { games } = await readDesired(db, [document.name])
  return view.planFor(document.name, hypotheticalGame(document, games[0], new Date()))
}
