import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type DatabasePool, openPool } from '../../src/database/pool.ts'
import { parseDesired, readDesired, readVersions, selectDesired } from '../../src/desired/rows.ts'
import { type FreshDatabase, freshDatabase } from '../support/postgres.ts'
import { describeOnEachPostgres } from '../support/postgres-majors.ts'

let database: FreshDatabase
let lobby: DatabasePool

describeOnEachPostgres('rows', (serverUrl) => {
  beforeAll(async () => {
    database = await freshDatabase(serverUrl)
    lobby = openPool({ url: database.url, applicationName: 'test', max: 2 })
  })
  afterAll(async () => {
    await lobby.close()
    await database.drop()
  })

  describe('reading desired rows', () => {
    it('gives the game as asked for, with every field', async () => {
      const player = { userId: '7b0c7f3e-0000-4000-8000-000000000001', raceName: 'Terran' }
      await sql`INSERT INTO desired_games (game_id, engine_version, image_ref, state, stop_reason, turn_schedule, time_zone, players,
          cpus, memory, pids, restart_token, turn_token, allow_incompatible_to, labels)
        VALUES ('full', '1.0.0', 'img:1', 'stopped', 'timeout', '0 18 * * *', 'Europe/Berlin', ${JSON.stringify([player])},
          0.25, '256Mi', 64, 'r', 't', '2.0.0', '{"tier": "free", "seats": 4}')`.execute(lobby.db)
      const { games, problems } = await readDesired(lobby.db, ['full', 'absent'])
      expect(problems).toEqual([])
      expect(games).toEqual([
        {
          gameId: 'full',
          engine: 'galaxy',
          engineVersion: '1.0.0',
          imageRef: 'img:1',
          state: 'stopped',
          stopReason: 'timeout',
          paused: false,
          turnSchedule: '0 18 * * *',
          timeZone: 'Europe/Berlin',
          players: [player],
          cpus: 0.25,
          memory: '256Mi',
          pids: 64,
          restartToken: 'r',
          turnToken: 't',
          allowIncompatibleTo: '2.0.0',
          labels: { tier: 'free', seats: '4' },
          managedBy: 'lobby',
          generation: 1,
          resourceVersion: expect.stringMatching(/^\d+$/),
          deletedAt: null,
          purgeState: false,
          writtenBy: 'lobby',
          writtenRef: null,
          createdAt: expect.any(Date),
          updatedAt: expect.any(Date),
        },
      ])
    })

    it('reports a row that does not parse, and gives the others', async () => {
      await sql`INSERT INTO desired_games (game_id, engine_version) VALUES ('good', '1.0.0'), ('bad', '1.0.0')`.execute(lobby.db)
      const rows = await selectDesired(lobby.db, ['good', 'bad'])
      const { games, problems } = parseDesired(rows.map((row) => (row.game_id === 'bad' ? { ...row, state: 'asleep' } : row)))
      expect(games.map((game) => game.gameId)).toEqual(['good'])
      expect(problems).toEqual([{ key: 'bad', problem: expect.stringContaining('state') }])
    })
  })

  describe('reading the registry', () => {
    it('gives versions with their defaults, and a problem for the one whose JSON says nothing sensible', async () => {
      await sql`INSERT INTO engine_versions (engine, version, protocol, probe, port, command, publish) VALUES
        ('chess', '1.0.0', 'none', '{"tcp": {"port": 9000}}', 9000, '["serve"]', '[{"containerPort": 9000, "hostPort": 19000}]'),
        ('chess', '1.1.0', 'none', '{"http": "yes"}', 9000, NULL, NULL)`.execute(lobby.db)
      expect(await readVersions(lobby.db)).toEqual({
        versions: [
          {
            engine: 'chess',
            version: '1.0.0',
            imageRef: null,
            enabled: true,
            protocol: 'none',
            probe: { tcp: { port: 9000 } },
            port: 9000,
            command: ['serve'],
            env: {},
            publish: [{ containerPort: 9000, hostPort: 19000, protocol: 'tcp', hostIp: '127.0.0.1' }],
            relax: {},
          },
        ],
        problems: [{ key: 'chess 1.1.0', problem: expect.stringContaining('probe') }],
      })
    })
  })
})
