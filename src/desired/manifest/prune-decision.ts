import type { RecordedDocument } from './store.ts'

export type PruneMode = 'settled' | 'never'

/** What became of something whose document is gone. */
export type MissingSubject =
  /** There, and this root's to delete. */
  | { readonly kind: 'owned' }
  /** There, and other things need it. */
  | { readonly kind: 'in_use'; readonly by: string }
  /** Gone already, or somebody else's now: nothing to delete. */
  | { readonly kind: 'gone' }

export interface MissingDocument {
  readonly recorded: RecordedDocument
  readonly subject: MissingSubject
  /** Since a rescan of this term first missed it, in ms. */
  readonly missingForMs: number
}

export interface PruneFacts {
  readonly mode: PruneMode
  readonly missing: readonly MissingDocument[]
  /** Why nothing may be deleted now; null when every file was read whole and valid. */
  readonly unsound: string | null
  /** Games that the root manages, those that miss their document included. */
  readonly gamesManaged: number
}

export type PruneStep =
  | { readonly kind: 'delete'; readonly recorded: RecordedDocument }
  | { readonly kind: 'wait'; readonly recorded: RecordedDocument; readonly waiting: string }
  | { readonly kind: 'forget'; readonly recorded: RecordedDocument }

/** A vanished document is deleted when two rescans at least this far apart missed it. */
export const SETTLED_AFTER_MS = 5_000
const REMEDY = 'galaxy prune --confirm deletes it'

/** Which vanished documents are deleted now, and what the others wait for (spec 2, "Pruning"; S3). */
export function decidePrune(facts: PruneFacts): readonly PruneStep[] {
  const games = facts.missing.filter(({ recorded, subject }) => recorded.kind === 'Game' && subject.kind === 'owned').length
  const isTooMany = games * 2 > facts.gamesManaged
  return facts.missing.map(({ recorded, subject, missingForMs }): PruneStep => {
    if (subject.kind === 'gone') return { kind: 'forget', recorded }
    const wait = (waiting: string): PruneStep => ({ kind: 'wait', recorded, waiting })
    if (facts.mode === 'never') return wait(`gone from the folder, and pruning is off; ${REMEDY}`)
    if (missingForMs < SETTLED_AFTER_MS) return wait('gone from the folder; deleted if it is still gone at a rescan at least 5 s later')
    if (facts.unsound !== null) return wait(`gone from the folder, but ${facts.unsound}; ${REMEDY}`)
    if (subject.kind === 'in_use') return wait(`gone from the folder, but still desired by ${subject.by}`)
    if (recorded.kind === 'Game' && isTooMany) {
      return wait(`gone from the folder, but ${games} of ${facts.gamesManaged} games would go at once; ${REMEDY}`)
    }
    return { kind: 'delete', recorded }
  })
}
