import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, it, type TestContext } from 'vitest'
import { type BackedUpServer, copiedServer, dumpedServer } from '../support/backup.ts'
import { createDeployment, type Deployment, type RunningController } from '../support/deployment.ts'
import { playedGames } from '../support/played-games.ts'
import { askEngine, registerReferenceEngine } from '../support/reference-engine.ts'
import { until } from '../support/until.ts'

const WAYS = [
  { way: 'pg_dump and pg_restore', open: dumpedServer },
  { way: 'a copy of the embedded database’s folder', open: copiedServer },
] as const

describe.each(WAYS)('a database that was restored to an older point by $way', ({ way, open }) => {
  let server: BackedUpServer | null
  let deployment: Deployment
  let controller: RunningController

  beforeAll(async () => {
    const folder = path.join(inject('runFolder'), way.replaceAll(/[^a-z]+/g, '-'))
    await mkdir(folder)
    server = await open(folder)
    if (server === null) return
    deployment = await createDeployment({}, inject('dockerAddress'), server.url)
    await registerReferenceEngine(deployment)
    controller = await deployment.start()
  }, 120_000)
  afterAll(async () => {
    if (server === null) return
    await deployment.dispose()
    await server.stop()
  })

  it('loses nothing and doubles nothing: later games are adopted, later turns are kept, deleted ones come back', async (context) => {
    const { backUp, restore } = present(server, context)
    const { databaseUrl, query } = deployment
    for (const gameId of ['kept', 'ahead', 'deleted', 'purged']) await start(gameId)
    await forceTurn('ahead', 'one')
    await forceTurn('purged', 'one')
    await controller.stop()
    const saved = await everything()
    await backUp(databaseUrl)
    controller = await deployment.start()

    await start('later')
    await forceTurn('later', 'one')
    await forceTurn('ahead', 'two')
    await query("DELETE FROM desired_games WHERE game_id = 'deleted'")
    await query("UPDATE desired_games SET deleted_at = now(), purge_state = true WHERE game_id = 'purged'")
    await until(containersByGame, (containers) => !containers.has('deleted') && !containers.has('purged'), 'they are gone')
    const before = await containersByGame()
    await controller.stop()
    await restore(databaseUrl)
    expect(await everything()).toEqual(saved)
    controller = await deployment.start()

    // Its state is gone for good: no turn is computed on another one in its place.
    await playedGames(deployment).untilCondition('purged', 'Blocked', 'StateLost')
    await until(
      () => query("SELECT FROM runtime_records WHERE status = 'running' AND game_id <> 'purged'"),
      (rows) => rows.length === 4,
      'all others run',
    )
    const after = await containersByGame()
    expect([...after.keys()].sort()).toEqual(['ahead', 'deleted', 'kept', 'later', 'purged'])
    expect(await deployment.containers()).toHaveLength(after.size)
    for (const gameId of ['kept', 'ahead', 'later']) expect(after.get(gameId)).toBe(before.get(gameId))
    expect(await query("SELECT managed_by FROM desired_games WHERE game_id = 'later'")).toEqual([{ managed_by: 'reconciler' }])
    expect(await askEngine(deployment, 'ahead')).toMatchObject({ turn: 2 })
    const turns = await query("SELECT game_id, current_turn FROM runtime_records WHERE status <> 'removed' ORDER BY game_id")
    expect(turns).toEqual([
      { game_id: 'ahead', current_turn: 2 },
      { game_id: 'deleted', current_turn: 0 },
      { game_id: 'kept', current_turn: 0 },
      { game_id: 'later', current_turn: 1 },
      { game_id: 'purged', current_turn: 1 },
    ])
    expect(await query("SELECT op FROM operation_log WHERE op = 'stop' OR op_detail IN ('duplicate', 'reconcile_dispose')")).toEqual([])
  }, 90_000)

  function present(found: BackedUpServer | null, context: TestContext): BackedUpServer {
    return found ?? context.skip('this machine has no pg_dump of a running server’s major')
  }

  async function start(gameId: string): Promise<void> {
    await playedGames(deployment).want(gameId, { engine: 'reference' })
    await deployment.untilStatus(gameId, 'running')
  }

  async function forceTurn(gameId: string, token: string): Promise<void> {
    await deployment.query('UPDATE desired_games SET turn_token = $2 WHERE game_id = $1', [gameId, token])
    await until(
      () => deployment.query("SELECT FROM turns WHERE game_id = $1 AND turn_token = $2 AND status = 'succeeded'", [gameId, token]),
      (rows) => rows.length === 1,
      'the turn is computed',
    )
  }

  async function containersByGame(): Promise<ReadonlyMap<string, string>> {
    return new Map((await deployment.containers()).map(({ Id, Labels }) => [Labels['com.galaxy.game_id'] ?? '', Id]))
  }

  /** Every row of every table, as a digest for each. */
  async function everything(): Promise<Readonly<Record<string, string>>> {
    const tables = await deployment.query<{ name: string }>(
      "SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' ORDER BY relname",
    )
    const digests = await Promise.all(
      tables.map(async ({ name }) => {
        const [row] = await deployment.query<{ digest: string }>(
          `SELECT count(*) || ' ' || coalesce(md5(string_agg(each, '|' ORDER BY each)), '') AS digest FROM (SELECT t::text AS each FROM ${name} t) rows`,
        )
        return [name, row?.digest ?? ''] as const
      }),
    )
    return Object.fromEntries(digests)
  }
})
