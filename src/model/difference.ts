/** One thing about a game that is otherwise than it should be. */
export interface Difference {
  /** Who is not met: the row as written (`desired`), or what passed admission and is in force (`accepted`). */
  readonly side: 'desired' | 'accepted'
  /** In the manifest's words where it has one: `image`, `resources.memory`, `state`. */
  readonly field: string
  /** As an operator would write it; null: nothing, or nothing in particular. */
  readonly wanted: unknown
  readonly found: unknown
  /** In an operator's words. */
  readonly why: string
}

export interface Differences {
  readonly differences: readonly Difference[]
  /** What explains that nothing differs, or is worth knowing beside it. */
  readonly notes: readonly string[]
}
