import type pg from 'pg'
import type { Answer } from '../../simulator/calls/process.ts'
import { settingsShape } from '../../simulator/calls/settings.ts'
import { type VirtualClock, virtualClock } from '../../simulator/clock.ts'
import { Daemon } from '../../simulator/daemon.ts'
import { engineImages } from '../../simulator/setup.ts'
import { type Config, loadConfig } from '../../src/config.ts'
import type { Identity } from '../../src/model/labels.ts'
import type { DatabaseFault } from './database-fault.ts'
import { giveBack, takeDatabase } from './databases.ts'
import { Driver } from './driver.ts'
import type { Crash, NumberedEffect } from './effects.ts'
import { type ComputedTurn, type EngineFault, Engines } from './engines.ts'
import { Folders } from './folders.ts'
import { type Random, random } from './random.ts'

// The deterministic world: the real controller (`runTerm`) on a simulated Docker daemon, in-memory engines and state folders, and a real Postgres
// database, all in this process. Nothing of it happens by itself: every call of the controller to the outside waits at the gate, and whenever
// nothing runs, the seed picks one of them and lets it through; where none waits, virtual time leaps to the next timer. So a seed is a history.
//
//     const world = await createWorld({ seed: 7, postgresUrl: inject('postgresUrl') })
//     await world.start()                                        // a life of the controller: a new epoch
//     await world.sql("INSERT INTO desired_games …")             // the lobby's hand: no fault, no gate
//     await world.docker('POST', '/containers/galaxy-game-a/kill') // a human's hand
//     await world.pass(10_000)                                   // ten seconds, and all that falls due in them
//     world.kill()                                               // kill -9: nothing of that life gets through any more
//     await world.start(); await world.settle(600_000)
//     await world.dispose()

export interface WorldOptions {
  readonly seed: number
  /** Of a server of the run: `inject('postgresUrl')`. */
  readonly postgresUrl: string
  /** Over the quick settings of the world, by their dotted names: `{ 'timings.cleanupTtl': '1m' }`. */
  readonly settings?: Readonly<Record<string, unknown>>
  /** False runs the controller on lists alone. */
  readonly useEvents?: boolean
  /** Turns after which an engine says that its game is finished; default 1000. */
  readonly turnLimit?: number
}

export interface ChaosWorld {
  readonly seed: number
  /** For the history's own choices; what the gate and the controller draw is not taken from it. */
  readonly random: Random
  /** The daemon's and the controller's; moved by the world alone. The database has its own, real one. */
  readonly clock: Pick<VirtualClock, 'nowMs'>
  /** Its history judges, its rules are the Docker faults (docs/simulator.md). */
  readonly daemon: Daemon
  readonly config: Config
  readonly identity: Identity
  /** Sends a text of SQL of the lobby's or of a judge, several statements where it has no values; the controller is told of its NOTIFY before this resolves. */
  sql<Row extends object = Record<string, unknown>>(text: string, values?: readonly unknown[]): Promise<readonly Row[]>
  /** A call of a human's hand: no fault strikes it, the history knows it as `control`; waits (in virtual time) for its answer. */
  docker(method: string, path: string, body?: unknown): Promise<Answer | 'dropped' | 'hangs'>
  /** Begins a life: lets the former lease expire, takes a new one, runs a term. Resolves when the term has begun to work, or the life was killed by `crashAt`. */
  start(): Promise<void>
  /** kill -9: pending calls never run, transactions roll back, timers are dropped. Nothing when no life runs. */
  kill(): void
  readonly isAlive: boolean
  /** Whether a renewal of the lease would vouch for what the game's status says now (S8). The world itself renews nothing. */
  vouchesFor(gameId: string): boolean
  /** Of the latest life; 0 before the first. */
  readonly epoch: number
  /** Lets this much virtual time pass, and everything due in it happen. */
  pass(ms: number): Promise<void>
  /**
   * Lets time pass until nothing was done for `quietMs` (default 30 s): no effect, and no key waits, no pass and no call is under way.
   * @returns false when that did not come about within `maxMs`
   */
  settle(maxMs: number, quietMs?: number): Promise<boolean>
  /** What ten (n) more looks at everything did (promise L1: nothing at all). Settle before. */
  resyncs(n: number): Promise<{ readonly dockerWrites: readonly string[]; readonly rowsWritten: number }>
  /** Effects so far, of all lives. */
  readonly effects: readonly NumberedEffect[]
  /** What the engines computed and saved, by their own account (S6). */
  readonly computedTurns: readonly ComputedTurn[]
  /** State folders that are there, by path, and what an engine saved in them. */
  readonly stateFolders: ReadonlyMap<string, { readonly turn: number | null }>
  /** How often each kind of database and engine fault struck; the daemon's are in its history. */
  readonly struck: ReadonlyMap<string, number>
  /** Strikes the next statement that fits; each fault once. */
  databaseFault(fault: DatabaseFault): void
  /** Strikes the next call that fits. */
  engineFault(fault: EngineFault): void
  /** No database fault, engine fault or crash waits any more; the daemon's are cleared by `daemon.rules.clear()`. */
  liftFaults(): void
  /** Kills the controller at this effect. */
  crashAt(crash: Crash): void
  /** Everything the gate let through, in order: the same for the same seed and history. */
  readonly trace: readonly string[]
  dispose(): Promise<void>
}

/** A world with engine versions 1.0.0, 1.0.1 and 1.1.0 registered and their images on the host; no life runs yet. */
/** A world with engine versions 1.0.0, 1.0.1 and 1.1.0 registered and their images on the host; no life runs yet. */
export async function createWorld(options: WorldOptions): Promise<ChaosWorld> {
  const { seed, postgresUrl, settings = {}, useEvents = true, turnLimit = 1_000 } = options
  const clock = virtualClock(BEGIN_MS)
  const config = configOf(settings)
  const folders = new Folders()
  const machine = { exists: (path: string) => folders.exists(path), write: () => {} }
  const daemon = new Daemon({ clock, settings: settingsShape.parse({}), machine, seed: `${seed}` })
  for (const image of engineImages()) daemon.provide(image)
  const engines = new Engines({ daemon, clock, folders, turnLimit })
  daemon.observe({ onEntry: (entry) => engines.follow(entry), onDown: (downMs) => void clock.after(downMs, () => daemon.rise()) })
  const database = await takeDatabase(postgresUrl)
  const identity = { instance: config.instance, deployment: await prepare(database.hand, config.instance) }
  const driver = new Driver({ seed, clock, config, identity, daemon, database, engines, folders, useEvents })
  return {
    seed,
    random: random(seed, 'history'),
    clock,
    daemon,
    config,
    identity,
    sql: (text, values) => driver.sql(text, values),
    docker: (method, path, body) => driver.docker(method, path, body),
    start: () => driver.start(),
    kill: () => driver.kill(),
    get isAlive() {
      return driver.isAlive
    },
    vouchesFor: (gameId) => driver.vouchesFor(gameId),
    get epoch() {
      return driver.epoch
    },
    pass: (ms) => driver.pass(ms),
    settle: (maxMs, quietMs) => driver.settle(maxMs, quietMs),
    resyncs: (n) => driver.resyncs(n),
    effects: driver.effects,
    computedTurns: engines.computed,
    get stateFolders() {
      return new Map([...folders.all].map(([path, { state }]) => [path, { turn: state?.turn ?? null }]))
    },
    get struck() {
      return new Map([...database.struck, ...engines.struck])
    },
    databaseFault: (fault) => database.fault(fault),
    engineFault: (fault) => engines.fault(fault),
    crashAt: (crash) => driver.crashAt(crash),
    liftFaults: () => {
      database.liftFaults()
      engines.liftFaults()
      driver.crashAt(null)
    },
    trace: driver.trace,
    dispose: async () => {
      await driver.end()
      await giveBack(postgresUrl, database)
    },
  }
}

/** A Monday, and not the database's time: those two clocks may differ. Later than that, so that nothing is too old to be kept. */
const BEGIN_MS = Date.UTC(2040, 5, 4, 12)

const QUICK = {
  instance: 'chaos',
  dataDir: '/chaos',
  'state.root': '/chaos/games',
  'engines.addressing': 'address',
  'docker.createNetwork': 'true',
  'log.level': 'silent',
  'timings.desiredPoll': '10s',
  'timings.probeInterval': '10s',
}

function configOf(settings: Readonly<Record<string, unknown>>): Config {
  return loadConfig({ env: {}, cwd: '/', overrides: { ...QUICK, ...settings } }).config
}

/** @returns the deployment's id */
async function prepare(hand: pg.Client, instance: string): Promise<string> {
  for (const version of ['1.0.0', '1.0.1', '1.1.0']) {
    await hand.query('INSERT INTO engine_versions (version, image_ref) VALUES ($1, $2)', [version, `galaxy-engine:${version}`])
  }
  const { rows } = await hand.query<{ id: string }>('UPDATE deployment SET instance = $1 RETURNING id', [instance])
  if (rows[0] === undefined) throw new Error('the database has no deployment')
  return rows[0].id
}
