import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest'
import { identifyProcess, waitForExit } from '../../src/local/process-identity.ts'
import { LABEL } from '../../src/model/labels.ts'
import { createDeployment, type Deployment, idleImage, type RunningController } from '../support/deployment.ts'
import { type PrivateDockerd, startPrivateDockerd } from '../support/private-dockerd.ts'
import { activeTerm, SILENCE, tenResyncs, writesAmong } from '../support/settled.ts'
import { countStatements, type StatementCounter } from '../support/statements.ts'
import { until } from '../support/until.ts'

const GAMES = ['andromeda', 'cassiopeia', 'hydra', 'lyra', 'orion', 'perseus']

describe('a Docker daemon that goes away', () => {
  let daemon: PrivateDockerd
  let deployment: Deployment
  let controller: RunningController
  let statements: StatementCounter
  const calls: string[] = []

  beforeAll(async () => {
    daemon = await startPrivateDockerd({ root: inject('runFolder'), signal: AbortSignal.timeout(170_000) })
    deployment = await createDeployment({ 'timings.staleAfter': '2s' }, daemon.address)
    statements = await countStatements(deployment.databaseUrl)
    controller = await deployment.start({ onDockerCall: (kind) => calls.push(kind) })
    await insert(GAMES)
    await allAre('True')
  })
  afterAll(async () => {
    // Without its daemon a deployment cannot clean up after itself; the containers go with the daemon's folder.
    try {
      await deployment.dispose()
    } finally {
      await daemon.remove()
    }
  })
  beforeEach(async () => {
    calls.length = 0
    await statements.reset()
  })

  it.each(['SIGTERM', 'SIGKILL'] as const)(
    'rows 20 and 24: by %s, and comes back: so do all games, and none counts as crashing',
    async (signal) => {
      const operationsBefore = (await operations()).length
      await halt(signal)
      await allAre('Unknown')
      await daemon.resume()
      await allAre('True')
      // Now and then Docker refuses one of them for good: it is then replaced.
      expect((await containers()).map(({ game, state }) => ({ game, state }))).toEqual(GAMES.map((game) => ({ game, state: 'running' })))
      // A daemon that ends in order stops its containers first and tells so: then a start may be tried in vain.
      expect(writesAmong(calls).filter((kind) => kind === 'container_stop')).toEqual([])
      const succeeded = (await operations()).slice(operationsBefore).filter((operation) => operation.endsWith('succeeded'))
      expect(succeeded).toEqual(GAMES.map(() => 'restart/crash_restart succeeded'))
      expect(await crashLooping()).toEqual([])
      expect(await tenResyncs(controller, statements, calls)).toEqual(SILENCE)
    },
  )

  it('row 24: in the middle of starts and stops, and does each of them once in the end', async () => {
    const more = Array.from({ length: 8 }, (_, index) => `more-${index}`)
    await deployment.query("UPDATE desired_games SET state = 'stopped', stop_reason = 'admin_request' WHERE game_id = ANY($1)", [
      GAMES.slice(0, 3),
    ])
    await insert(more)
    await until(containers, (all) => all.length >= GAMES.length + 3, 'some have been created')
    await halt('SIGKILL')
    // Without events, it is a list that finds the daemon gone.
    await until(
      () => activeTerm(controller).world.isKnown,
      (isKnown) => !isKnown,
      'Docker is not seen any more',
    )
    await daemon.resume()
    await until(
      () => readyGames(),
      (ready) => ready.length === GAMES.length - 3 + more.length,
      'everything is as desired',
    )
    await until(
      () => deployment.query("SELECT FROM operation_log WHERE status = 'running'"),
      (open) => open.length === 0,
      'no operation is open',
    )

    expect((await containers()).map(({ game }) => game)).toEqual([...GAMES, ...more].sort())
    expect((await containers()).filter(({ state }) => state !== 'running').map(({ game }) => game)).toEqual(GAMES.slice(0, 3))
    expect(
      await deployment.query(
        "SELECT game_id FROM operation_log WHERE op IN ('start', 'stop') AND status = 'succeeded' GROUP BY game_id, op HAVING count(*) > 1",
      ),
    ).toEqual([])
    expect(await deployment.query('SELECT FROM operation_actions WHERE outcome IS NULL')).toEqual([])
    expect(await crashLooping()).toEqual([])
    expect(await tenResyncs(controller, statements, calls)).toEqual(SILENCE)
  })

  it('row 25: before the controller starts: it waits, says Unknown, and goes on when Docker is there', async () => {
    const games = (await running()).length
    await controller.stop()
    await halt('SIGTERM')
    calls.length = 0
    const starting = deployment.start({ onDockerCall: (kind) => calls.push(kind) })
    await until(
      () => deployment.query("SELECT FROM games WHERE ready <> 'Unknown'"),
      (known) => known.length === 0,
      'all are unknown',
    )
    expect(writesAmong(calls)).toEqual([])

    await daemon.resume()
    const ready = await until(
      () => readyGames(),
      (some) => some.length > 0,
      'a game is ready',
    )
    expect(await running()).toEqual(expect.arrayContaining([...ready]))
    controller = await starting
    await until(
      () => readyGames(),
      (all) => all.length === games,
      'all are ready',
    )
    expect((await running()).length).toBe(games)
    expect(writesAmong(calls)).toEqual(Array.from({ length: games }, () => 'container_start'))
    expect(await tenResyncs(controller, statements, calls)).toEqual(SILENCE)
  })

  it('row 13: does not excuse a game that crashes by itself', async () => {
    await deployment.query(
      `INSERT INTO engine_versions (version, image_ref, protocol, probe, command) VALUES ('6.6.6', $1, 'none', '{"none": true}', '["--no-such-option"]')`,
      [idleImage('1.0.0')],
    )
    await deployment.query("INSERT INTO desired_games (game_id, engine_version) VALUES ('crashing', '6.6.6')")
    await until(backoff, ({ failures }) => failures >= 2, 'it has crashed again and again')
    await halt('SIGKILL')
    await daemon.resume()
    await until(
      () => activeTerm(controller).world.isKnown,
      (isKnown) => isKnown,
      'Docker is seen again',
    )
    const before = await starts()
    await until(backoff, ({ failures }) => failures >= 3, 'it goes on crashing')
    // The count may begin anew, but it counts.
    expect((await starts()) - before).toBeLessThanOrEqual(5)
    await until(
      () =>
        deployment.query(`SELECT FROM game_status WHERE game_id = 'crashing' AND conditions @? '$[*] ? (@.type == "CrashLoopBackOff")'`),
      (told) => told.length === 1,
      'the condition says so',
    )
  })

  /** Its containerd ends a moment later; a daemon started before that would take it for one that serves. */
  async function halt(signal: NodeJS.Signals): Promise<void> {
    const pidFile = path.join(path.dirname(daemon.socketPath), 'exec', 'containerd', 'containerd.pid')
    const containerd = identifyProcess(Number(await readFile(pidFile, 'utf8')))
    await daemon.halt(signal)
    if (containerd !== undefined) expect(await waitForExit(containerd, 5_000)).toBe(true)
  }

  async function insert(games: readonly string[]): Promise<void> {
    // An image alone has no probe: these containers' addresses lead nowhere outside their daemon's namespace.
    await deployment.query('INSERT INTO desired_games (game_id, image_ref) SELECT unnest($1::text[]), $2', [games, idleImage('1.0.0')])
  }

  async function allAre(ready: string): Promise<void> {
    await until(
      () => deployment.query<{ game_id: string; ready: string }>('SELECT game_id, ready FROM games ORDER BY game_id'),
      (games) => games.length === GAMES.length && games.every((game) => game.ready === ready),
      `all games are ready: ${ready}`,
    )
  }

  async function containers(): Promise<readonly { game: string; id: string; state: string }[]> {
    const all = (await deployment.containers()).map(({ Id: id, State: state, Labels }) => ({ game: Labels[LABEL.gameId] ?? '', id, state }))
    return all.sort((a, b) => (a.game < b.game ? -1 : 1))
  }

  async function starts(): Promise<number> {
    return (
      await deployment.query(
        "SELECT FROM operation_actions JOIN operation_log USING (operation_id) WHERE game_id = 'crashing' AND kind = 'start_container'",
      )
    ).length
  }

  async function backoff(): Promise<{ readonly failures: number }> {
    const [row] = await deployment.query<{ failures: number }>(
      "SELECT coalesce((backoff ->> 'failures')::int, 0) AS failures FROM game_status WHERE game_id = 'crashing'",
    )
    return { failures: row?.failures ?? 0 }
  }

  async function running(): Promise<readonly string[]> {
    return (await containers()).filter(({ state }) => state === 'running').map(({ game }) => game)
  }

  async function readyGames(): Promise<readonly string[]> {
    const rows = await deployment.query<{ game_id: string }>("SELECT game_id FROM games WHERE ready = 'True'")
    return rows.map((row) => row.game_id)
  }

  async function operations(): Promise<readonly string[]> {
    const rows = await deployment.query<{ operation: string }>(
      "SELECT op || coalesce('/' || op_detail, '') || ' ' || status AS operation FROM operation_log ORDER BY operation_id",
    )
    return rows.map(({ operation }) => operation)
  }

  async function crashLooping(): Promise<readonly unknown[]> {
    return deployment.query(
      "SELECT game_id, backoff ->> 'kind' AS backoff, backoff ->> 'message' AS message FROM game_status WHERE backoff ->> 'kind' = 'CrashLoopBackOff'",
    )
  }
})
