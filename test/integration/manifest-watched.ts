import { afterEach, beforeEach, inject } from 'vitest'
import { readDesired } from '../../src/desired/rows.ts'
import type { DesiredGame } from '../../src/model/game.ts'
import { type Folder, makeFolder, openSetting, type Rescans, type Setting, startRescans, version } from './manifest-builders.ts'

export interface Watched {
  readonly setting: Setting
  readonly folder: Folder
  readonly rescans: Rescans
  /** All rows, by id. */
  gamesNow(): Promise<Readonly<Record<string, DesiredGame>>>
  /** Of games that are not on their way out. */
  idsNow(): Promise<readonly string[]>
}

/** For each test of the file that calls it: a database, a folder of manifests that holds version 1.0.0, and its rescans. */
export function watchedFolder(): Watched {
  let now: Pick<Watched, 'setting' | 'folder' | 'rescans'>
  beforeEach(async () => {
    const setting = await openSetting(inject('postgresUrl'))
    const folder = await makeFolder()
    await folder.write('versions.yaml', version('1.0.0'))
    now = { setting, folder, rescans: startRescans(setting, folder) }
  })
  const end = async () => {
    await now.setting.end()
    await now.folder.end()
  }
  afterEach(end)
  const games = async () => (await readDesired(now.setting.term.db)).games
  return {
    setting: {
      get term() {
        return now.setting.term
      },
      get database() {
        return now.setting.database
      },
      end,
    },
    folder: {
      get dir() {
        return now.folder.dir
      },
      write: (path, ...texts) => now.folder.write(path, ...texts),
      remove: (path) => now.folder.remove(path),
      end,
    },
    rescans: { after: (ms) => now.rescans.after(ms) },
    gamesNow: async () => Object.fromEntries((await games()).map((game) => [game.gameId, game])),
    idsNow: async () => (await games()).flatMap(({ gameId, deletedAt }) => (deletedAt === null ? [gameId] : [])).sort(),
  }
}
