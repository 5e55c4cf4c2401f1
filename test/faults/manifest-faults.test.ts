import { mkdir, utimes, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createDeployment, type Deployment } from '../support/deployment.ts'
import { until } from '../support/until.ts'

const MANY = 10_000
/** Each has its place within the size that a file may have. */
const FILES = 10
/** Of one game from row to running, whatever else goes on; alone it takes less than one. */
const LONGEST_START_MS = 8_000

describe('a watched folder of a controller at work', () => {
  let deployment: Deployment
  let asked = 0

  beforeAll(async () => {
    // Those of production: what is quick enough for one game is too often for ten thousand.
    deployment = await createDeployment({
      'manifests.rescan': '2s',
      'timings.lease': '5s',
      'timings.leaseRenew': '1500ms',
      'timings.resync': '60s',
      'timings.desiredPoll': '5s',
      'timings.eventWatchdog': '20s',
    })
    await mkdir(deployment.config.manifests.dir, { recursive: true })
    await deployment.start()
  })
  afterAll(() => deployment.dispose())

  it(`row 45: with ${MANY} documents: all of them come, and whoever starts a game meanwhile does not wait`, async () => {
    const documents = Array.from(
      { length: MANY },
      (_, index) =>
        `apiVersion: galaxy.dev/v1alpha1\nkind: Game\nmetadata: {name: many-${index}}\nspec: {engineVersion: 1.0.0, state: Stopped, stopReason: admin_request}\n`,
    )
    for (let file = 0; file < FILES; file += 1) {
      await save(`many-${file}.yaml`, documents.slice((file * MANY) / FILES, ((file + 1) * MANY) / FILES).join('---\n'))
    }
    let longestMs = 0
    let count = 0
    while (count < MANY) {
      longestMs = Math.max(longestMs, await startsAnother())
      const [rows] = await deployment.query<{ count: number }>(
        "SELECT count(*)::int FROM desired_games WHERE managed_by = 'manifest:manifests'",
      )
      count = rows?.count ?? 0
    }
    expect(asked).toBeGreaterThan(2)
    expect(longestMs).toBeLessThan(LONGEST_START_MS)
    process.stdout.write(`${MANY} documents: longest start of another game ${Math.round(longestMs)} ms of ${asked}\n`)
  }, 240_000)

  it('row 45: and when the file is cut, becomes a bomb or too long: the last good is kept, and it is told', async () => {
    const bomb = `a: &a [x, x]\n${Array.from({ length: 30 }, (_, index) => `b${index}: &a [*a, *a]`).join('\n')}\n`
    for (const content of ['apiVersion: galaxy.dev/v1al', bomb, 'x'.repeat(10_000_000)]) {
      await save('many-0.yaml', content)
      await until(problems, (found) => found > 0, 'the problem is told', 30_000)
      expect(await startsAnother()).toBeLessThan(LONGEST_START_MS)
      expect(
        await deployment.query("SELECT FROM desired_games WHERE managed_by = 'manifest:manifests' AND deleted_at IS NOT NULL"),
      ).toEqual([])
    }
    const [rows] = await deployment.query<{ count: number }>(
      "SELECT count(*)::int FROM desired_games WHERE managed_by = 'manifest:manifests'",
    )
    expect(rows?.count).toBe(MANY)
  }, 120_000)

  async function problems(): Promise<number> {
    const [row] = await deployment.query<{ count: number }>("SELECT count(*)::int FROM manifest_files WHERE problems <> '[]'")
    return row?.count ?? 0
  }

  /** How long a lobby's game takes until it runs; it is deleted again. */
  async function startsAnother(): Promise<number> {
    const gameId = `lobby-${++asked}`
    const askedAtMs = performance.now()
    await deployment.query("INSERT INTO desired_games (game_id, engine_version) VALUES ($1, '1.0.0')", [gameId])
    await deployment.untilStatus(gameId, 'running', 60_000)
    const tookMs = performance.now() - askedAtMs
    await deployment.query('DELETE FROM desired_games WHERE game_id = $1', [gameId])
    await until(
      () => deployment.containers(),
      (containers) => containers.length === 0,
      `${gameId} is gone`,
      60_000,
    )
    return tookMs
  }

  async function save(name: string, content: string): Promise<void> {
    const file = path.join(deployment.config.manifests.dir, name)
    await writeFile(file, content)
    const before = new Date(Date.now() - 60_000)
    await utimes(file, before, before)
  }
})
