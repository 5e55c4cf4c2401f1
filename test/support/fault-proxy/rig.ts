import path from 'node:path'
import { pino } from 'pino'
import { expect, inject } from 'vitest'
import { bindInstance } from '../../../src/database/lease.ts'
import { openPool } from '../../../src/database/pool.ts'
import { drive, type DriveState } from '../../../src/drive.ts'
import { LABEL } from '../../../src/model/labels.ts'
import { createDeployment, type Deployment, idleImage, type RunningController } from '../deployment.ts'
import { type DockerHistory, recordHistory } from '../docker-history.ts'
import { activeTerm, SILENCE, tenResyncs } from '../settled.ts'
import { countStatements, type StatementCounter } from '../statements.ts'
import { until } from '../until.ts'
import { type DockerFaultProxy, startDockerFaultProxy } from './docker-proxy.ts'
import { type PostgresFaultProxy, startPostgresFaultProxy } from './postgres-proxy.ts'

/** A controller whose Docker and Postgres are reached through proxies, while the test itself goes straight to both. */
export interface Rig {
  readonly deployment: Deployment
  readonly docker: DockerFaultProxy
  readonly postgres: PostgresFaultProxy
  readonly controller: RunningController
  readonly history: DockerHistory
  readonly statements: StatementCounter
  /** Asks for games of the idle engine and waits until they run. */
  running(...gameIds: string[]): Promise<void>
  ask(gameId: string, version?: string): Promise<void>
  patch(gameId: string, version: string): Promise<void>
  stop(gameId: string): Promise<void>
  /** Deletes the game and waits until its row and its containers are gone. */
  remove(gameId: string): Promise<void>
  /** Waits until the game runs this version, and nothing is under way. */
  runs(gameId: string, version?: string, timeoutMs?: number): Promise<void>
  containers(
    gameId: string,
  ): Promise<readonly { readonly id: string; readonly name: string; readonly state: string; readonly image: string }[]>
  /** The only container of a game that has one. */
  containerId(gameId: string): Promise<string>
  /** Operations of the game in order: `op/detail status`. */
  operations(gameId: string): Promise<readonly string[]>
  /** What must hold once a fault is over: nothing open, ten silent resyncs, at no time two containers of one game that ran. */
  comesToRest(): Promise<void>
  dispose(): Promise<void>
}

export async function createRig(overrides: Readonly<Record<string, unknown>> = {}): Promise<Rig> {
  const deployment = await createDeployment({ 'timings.dockerCall': '3s', ...overrides })
  const { query, config } = deployment
  const docker = await startDockerFaultProxy(path.join(inject('runFolder'), `${config.instance}.sock`), inject('dockerAddress'))
  const postgres = await startPostgresFaultProxy(deployment.databaseUrl)
  const statements = await countStatements(deployment.databaseUrl)
  const history = await recordHistory(deployment.docker, config.instance)
  const calls: string[] = []
  const controller = await startThrough(deployment, docker, postgres, (kind) => calls.push(kind))
  await until(
    () => activeTerm(controller).world.isKnown,
    (isKnown) => isKnown,
    'the containers have been listed',
  )

  const rig: Rig = {
    deployment,
    docker,
    postgres,
    controller,
    history,
    statements,
    running: async (...gameIds) => {
      for (const gameId of gameIds) await rig.ask(gameId)
      for (const gameId of gameIds) await rig.runs(gameId)
    },
    ask: async (gameId, version = '1.0.0') => {
      await query('INSERT INTO desired_games (game_id, engine_version) VALUES ($1, $2)', [gameId, version])
    },
    patch: async (gameId, version) => {
      await query('UPDATE desired_games SET engine_version = $2 WHERE game_id = $1', [gameId, version])
    },
    stop: async (gameId) => {
      await query("UPDATE desired_games SET state = 'stopped', stop_reason = 'admin_request' WHERE game_id = $1", [gameId])
    },
    remove: async (gameId) => {
      await query('DELETE FROM desired_games WHERE game_id = $1', [gameId])
      const left = async (): Promise<number> =>
        (await query('SELECT FROM desired_games WHERE game_id = $1', [gameId])).length + (await rig.containers(gameId)).length
      await until(left, (count) => count === 0, `game ${gameId} is removed`)
    },
    runs: async (gameId, version = '1.0.0', timeoutMs = 30_000) => {
      const ready = (): Promise<readonly object[]> =>
        query("SELECT FROM games WHERE game_id = $1 AND ready = 'True' AND current_image_ref = $2", [gameId, idleImage(version)])
      await until(ready, (rows) => rows.length === 1, `game ${gameId} runs ${version}`, timeoutMs)
      await nothingOpen(deployment, gameId)
      expect(await rig.containers(gameId)).toMatchObject([{ state: 'running', image: idleImage(version) }])
    },
    containers: async (gameId) =>
      (await deployment.containers())
        .filter(({ Labels }) => Labels[LABEL.gameId] === gameId)
        .map(({ Id: id, Names, State: state, Image: image }) => ({ id, name: Names[0]?.slice(1) ?? '', state, image })),
    containerId: async (gameId) => {
      const all = await rig.containers(gameId)
      expect(all).toHaveLength(1)
      return all[0]?.id ?? ''
    },
    operations: async (gameId) => {
      const rows = await query<{ operation: string }>(
        "SELECT op || coalesce('/' || op_detail, '') || ' ' || status AS operation FROM operation_log WHERE game_id = $1 ORDER BY operation_id",
        [gameId],
      )
      return rows.map(({ operation }) => operation)
    },
    comesToRest: async () => {
      await nothingOpen(deployment)
      expect(await tenResyncs(controller, statements, calls)).toEqual(SILENCE)
      expect(await query('SELECT operation_id, kind FROM operation_actions WHERE outcome IS NULL')).toEqual([])
      expect(history.mostAtOnce()).toBe(1)
      expect(docker.record.mostAtOnce()).toBe(1)
    },
    dispose: async () => {
      docker.liftAll()
      await controller.stop()
      await history.stop()
      await docker.close()
      await postgres.close()
      await deployment.dispose()
    },
  }
  return rig
}

async function nothingOpen({ query }: Deployment, gameId?: string): Promise<void> {
  await until(
    () =>
      query<object>("SELECT game_id, op, cause FROM operation_log WHERE status = 'running' AND game_id = coalesce($1, game_id)", [
        gameId ?? null,
      ]),
    (open) => open.length === 0,
    'no operation is open',
    30_000,
  )
}

async function startThrough(
  { config: direct, databaseUrl }: Deployment,
  docker: DockerFaultProxy,
  postgres: PostgresFaultProxy,
  onDockerCall: (kind: string) => void,
): Promise<RunningController> {
  const config = { ...direct, databaseUrl: postgres.urlOf(databaseUrl) }
  const abort = new AbortController()
  const pool = openPool({ url: config.databaseUrl, applicationName: 'lease', max: 2 })
  const identity = await bindInstance(pool.db, config.instance)
  const state: DriveState = { active: null, dockerProblem: null }
  const log = pino({ level: process.env['TEST_LOG'] ?? 'silent' })
  const options = { config, databaseUrl: config.databaseUrl, db: pool.db, deployment: identity, docker: docker.address, log, onDockerCall }
  const ended = drive({ ...options, signal: abort.signal }, state)
  const isActive = until(
    () => state.active !== null,
    (isActive) => isActive,
    'a term begins',
  )
  await Promise.race([ended, isActive])
  return {
    state,
    stop: async () => {
      abort.abort()
      await ended
      await pool.close()
    },
  }
}
