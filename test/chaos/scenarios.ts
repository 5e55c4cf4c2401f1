import { registryImageShape } from '../../simulator/calls/settings.ts'
import { engineImages } from '../../simulator/setup.ts'
import type { ChaosWorld } from './world.ts'

/** A piece of a game's life, to be lived once undisturbed and then once for each crash in it. */
export interface Scenario {
  readonly name: string
  readonly settings?: Readonly<Record<string, unknown>>
  /** What is there before; crashes come after it. */
  prepare(stage: Stage): Promise<void>
  /** One wish after the other; each begins when the world has come to rest after the one before. */
  readonly wishes: readonly ((stage: Stage) => Promise<void>)[]
}

export interface Stage {
  readonly world: ChaosWorld
  /** Lets the world come to rest, in a new life where the former one has been killed. */
  rest(): Promise<void>
}

const PLAYERS = JSON.stringify([
  { userId: '7b0c0000-0000-4000-8000-000000000001', raceName: 'Terran' },
  { userId: '7b0c0000-0000-4000-8000-000000000002', raceName: 'Vulcan' },
])

async function ask({ world }: Stage, game: string, version = '1.0.0'): Promise<void> {
  await world.sql('INSERT INTO desired_games (game_id, engine_version, players) VALUES ($1, $2, $3)', [game, version, PLAYERS])
}

async function playing(stage: Stage): Promise<void> {
  await ask(stage, 'andromeda')
  await stage.rest()
}

const set =
  (change: string) =>
  async ({ world }: Stage) =>
    void (await world.sql(`UPDATE desired_games SET ${change} WHERE game_id = 'andromeda'`))

const passing =
  (ms: number) =>
  async ({ world }: Stage) =>
    world.pass(ms)

const MINUTE_MS = 60_000

export const SCENARIOS: readonly Scenario[] = [
  {
    name: 'two games begin, one after a pull',
    prepare: async ({ world }) => {
      const image = engineImages().find(({ reference }) => reference.endsWith('1.1.0'))
      world.daemon.registry.push(registryImageShape.parse({ ...image, reference: 'registry.test/engine:1.1.0' }))
      await world.sql("UPDATE engine_versions SET image_ref = 'registry.test/engine:1.1.0' WHERE version = '1.1.0'")
    },
    wishes: [(stage) => ask(stage, 'andromeda'), (stage) => ask(stage, 'pegasus', '1.1.0')],
  },
  {
    name: 'turns come by token and by tick, also on a paused game',
    settings: { 'engines.turnCatchUp': 'one' },
    prepare: playing,
    wishes: [
      set("turn_schedule = '5 * * * *'"),
      passing(6 * MINUTE_MS),
      set("turn_token = 'first'"),
      set("paused = true, turn_token = 'second'"),
      set('paused = false'),
    ],
  },
  {
    name: 'a game is patched, resized and restarted',
    prepare: playing,
    wishes: [set("engine_version = '1.0.1'"), set("memory = '512m', cpus = 0.5"), set("restart_token = 'again'")],
  },
  {
    name: 'a game is stopped, cleaned up and started again',
    settings: { 'timings.cleanupTtl': '2m' },
    prepare: playing,
    wishes: [set("state = 'stopped', stop_reason = 'admin_request'"), passing(3 * MINUTE_MS), set("state = 'running'")],
  },
  {
    name: 'a game is deleted with its state, and asked for again',
    prepare: playing,
    wishes: [set('deleted_at = now(), purge_state = true'), (stage) => ask(stage, 'andromeda')],
  },
  {
    name: 'a game is deleted and its state kept',
    prepare: playing,
    wishes: [({ world }) => world.sql("DELETE FROM desired_games WHERE game_id = 'andromeda'").then(() => {})],
  },
  {
    name: 'a game crashes, disappears and is meddled with',
    prepare: playing,
    wishes: [
      async ({ world }) => void (await world.docker('POST', '/containers/chaos.galaxy-game-andromeda/kill')),
      async ({ world }) => void (await world.docker('DELETE', '/containers/chaos.galaxy-game-andromeda?force=1')),
      async ({ world }) => void (await world.docker('POST', '/containers/chaos.galaxy-game-andromeda/rename?name=renamed')),
    ],
  },
  {
    name: 'what the database has forgotten is adopted',
    prepare: async (stage) => {
      await playing(stage)
      await ask(stage, 'pegasus')
      await stage.rest()
      stage.world.kill()
      await stage.world.sql(`
        SET session_replication_role = replica;
        TRUNCATE game_status, runtime_records, operation_log, operation_actions, turns, player_mappings, health_snapshots, outbox CASCADE;
        DELETE FROM desired_games WHERE game_id = 'pegasus';
        SET session_replication_role = origin`)
    },
    wishes: [async () => {}],
  },
]
