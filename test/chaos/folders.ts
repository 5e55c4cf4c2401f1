import type { StateFolders } from '../../src/docker/state-directory.ts'
import type { Life } from './life.ts'

/** A state folder of the host: what an engine saved in it. */
export interface Folder {
  /** Counts the lives of the path, from 1. */
  readonly incarnation: number
  state: SavedState | null
}

export interface SavedState {
  readonly turn: number
  readonly finished: boolean
  readonly players: readonly { readonly id: string; readonly raceName: string }[]
}

/** The host's state folders, in memory. */
export class Folders {
  readonly #folders = new Map<string, Folder>()
  readonly #purged = new Map<string, number>()

  get all(): ReadonlyMap<string, Folder> {
    return this.#folders
  }

  exists(path: string): boolean {
    return this.#folders.has(path)
  }

  get(path: string): Folder | undefined {
    return this.#folders.get(path)
  }

  make(path: string): void {
    if (!this.#folders.has(path)) this.#folders.set(path, { incarnation: (this.#purged.get(path) ?? 0) + 1, state: null })
  }

  purge(path: string): void {
    if (this.#folders.delete(path)) this.#purged.set(path, (this.#purged.get(path) ?? 0) + 1)
  }

  /** As the controller of this life reaches them. */
  of(life: Life): StateFolders {
    return {
      prepare: async (path) => {
        const isWrite = !this.exists(path)
        await life.call({ by: 'folder', kind: 'prepare', game: nameOf(path), isWrite }, async () => this.make(path))
      },
      purge: async (path) => {
        await life.call({ by: 'folder', kind: 'purge', game: nameOf(path), isWrite: true }, async () => this.purge(path))
      },
    }
  }
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}
