import { expect, inject } from 'vitest'
import { LABEL } from '../../src/model/labels.ts'
import { createDeployment, type Deployment, idleImage, type RunningController } from './deployment.ts'
import { activeTerm, SILENCE, tenResyncs } from './settled.ts'
import { type SimulatorProcess, startSimulatorProcess } from './simulator-process.ts'
import { countStatements } from './statements.ts'
import { type ToldCondition, untilCondition } from './condition.ts'
import { until } from './until.ts'

/** A whole controller on a Docker simulator in real time, with a database of its own. */
export interface SimulatedRig {
  readonly deployment: Deployment
  readonly simulator: SimulatorProcess
  readonly controller: RunningController
  /** Sets a fault rule (docs/simulator.md). */
  rule(match: object, fault: object, share?: { readonly nth?: number; readonly times?: number | null }): Promise<void>
  liftAll(): Promise<void>
  ask(gameId: string, version?: string): Promise<void>
  /** Asks for games of the idle engine and waits until they run. */
  running(...gameIds: string[]): Promise<void>
  runs(gameId: string, version?: string, timeoutMs?: number): Promise<void>
  containers(gameId: string): Promise<readonly SimulatedContainer[]>
  /** The only container of a game that has one. */
  container(gameId: string): Promise<SimulatedContainer>
  /** Waits until the game has a condition of this type and, if told, this reason. */
  condition(gameId: string, type: string, reason?: string): Promise<ToldCondition>
  /** Operations of the game in order: `op/detail status`. */
  operations(gameId: string): Promise<readonly string[]>
  /** Every change that a call of the controller made to the game's containers, by the simulator's history, oldest first. */
  changes(gameId: string): Promise<readonly string[]>
  /** What must hold once a fault is over: nothing open, ten silent resyncs, and by the simulator's history never two on one state folder. */
  comesToRest(): Promise<void>
  dispose(): Promise<void>
}

export interface SimulatedContainer {
  readonly id: string
  readonly name: string
  readonly state: string
}

interface HistoryEntry {
  readonly kind: string
  readonly caller: string
  readonly action: string
  /** Of a container. */
  readonly labels?: Readonly<Record<string, string>>
}

/** @param setup as the simulator's `--setup` file; the idle engine's images are added by the deployment */
export async function createSimulatedRig(setup: object = {}, overrides: Readonly<Record<string, unknown>> = {}): Promise<SimulatedRig> {
  const simulator = await startSimulatorProcess(inject('runFolder'), setup, '--real-time')
  const deployment = await createDeployment(overrides, { kind: 'socket', socketPath: simulator.socketPath })
  const { query } = deployment
  const statements = await countStatements(deployment.databaseUrl)
  const calls: string[] = []
  const controller = await deployment.start({ onDockerCall: (kind) => calls.push(kind) })
  await until(
    () => controller.state.active?.world.isKnown === true,
    (isKnown) => isKnown,
    'the containers have been listed',
  )
  const operations = async (gameId: string): Promise<readonly string[]> => {
    const rows = await query<{ operation: string }>(
      "SELECT op || coalesce('/' || op_detail, '') || ' ' || status AS operation FROM operation_log WHERE game_id = $1 ORDER BY operation_id",
      [gameId],
    )
    return rows.map(({ operation }) => operation)
  }

  const rig: SimulatedRig = {
    deployment,
    simulator,
    controller,
    rule: async (match, fault, share = {}) => void (await simulator.control('POST', 'rules', { match, do: fault, ...share })),
    liftAll: async () => void (await simulator.control('DELETE', 'rules')),
    ask: async (gameId, version = '1.0.0') => {
      await query('INSERT INTO desired_games (game_id, engine_version) VALUES ($1, $2)', [gameId, version])
    },
    running: async (...gameIds) => {
      await Promise.all(gameIds.map((gameId) => rig.ask(gameId)))
      for (const gameId of gameIds) await rig.runs(gameId)
    },
    runs: async (gameId, version = '1.0.0', timeoutMs = 20_000) => {
      await until(
        () => query("SELECT FROM games WHERE game_id = $1 AND ready = 'True' AND current_image_ref = $2", [gameId, idleImage(version)]),
        (rows) => rows.length === 1,
        `game ${gameId} runs ${version}`,
        timeoutMs,
      )
    },
    containers: async (gameId) =>
      (await deployment.containers())
        .filter(({ Labels }) => Labels[LABEL.gameId] === gameId)
        .map(({ Id: id, Names, State: state }) => ({ id, name: Names[0]?.slice(1) ?? '', state })),
    container: async (gameId) => {
      const [container, ...others] = await rig.containers(gameId)
      if (container === undefined || others.length > 0) throw new Error(`game ${gameId} has not one container`)
      return container
    },
    condition: (gameId, type, reason) => untilCondition(deployment, gameId, type, reason),
    operations,
    changes: async (gameId) => {
      // The simulator's own answer (docs/simulator.md).
      const history = (await simulator.control('GET', 'history')) as readonly HistoryEntry[]
      return history
        .filter(({ labels, caller, kind }) => labels?.[LABEL.gameId] === gameId && caller === 'docker' && kind !== 'life')
        .map(({ action }) => action)
    },
    comesToRest: async () => {
      await until(
        () => query<object>("SELECT game_id, op, cause FROM operation_log WHERE status = 'running'"),
        (open) => open.length === 0,
        'no operation is open',
      )
      await until(
        () => activeTerm(controller).world.isKnown,
        (isKnown) => isKnown,
        'Docker is seen',
      )
      expect(await tenResyncs(controller, statements, calls)).toEqual(SILENCE)
      expect(await query('SELECT operation_id, kind FROM operation_actions WHERE outcome IS NULL')).toEqual([])
      expect(await simulator.control('GET', 'overlaps')).toEqual([])
    },
    dispose: async () => {
      await rig.liftAll()
      await deployment.dispose()
      await simulator.stop()
    },
  }
  return rig
}
