import { sql } from 'kysely'
import { v7 as uuid } from 'uuid'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bindInstance } from '../../src/database/lease.ts'
import { GameList } from '../../src/api/game-list.ts'
import { Schedules } from '../../src/turns/schedule.ts'
import { random as seededRandom } from '../chaos/random.ts'
import { type ApiUnderTest, startApiUnderTest } from './api-server.ts'
import { leaseHolder, type WriteAsHolder } from './lease-holder.ts'

let api: ApiUnderTest
let write: WriteAsHolder
beforeAll(async () => {
  api = await startApiUnderTest()
  await bindInstance(api.pool.db, 'test')
  write = await leaseHolder(api.pool)
})
afterAll(() => api.stop())

const IDS = Array.from({ length: 12 }, (_, index) => `game-${index}`)

describe('the list of games', () => {
  it.each([1, 2])('says of each game what is read anew, after whatever was written (seed %i)', async (seed) => {
    const { next: random } = seededRandom(seed, 'list')
    const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T // none of them is empty
    for (let step = 0; step < 50; step += 1) {
      const steps = Array.from({ length: 1 + Math.floor(random() * 3) }, () => change(pick(CHANGES), pick(IDS)))
      const isKept = random() < 0.8
      await write(async (term) => {
        for (const statement of steps) await statement.execute(term)
        if (!isKept) throw new RolledBack()
      }).catch((error: unknown) => {
        if (!(error instanceof RolledBack)) throw error
      })
      await expectAsReadAnew(pick([1, 2, 5, 100]))
    }
  })

  it('ceases to vouch for what nobody has confirmed, and begins again', async () => {
    await write((term) => change('run', 'game-1').execute(term))
    const observed = (ago: string) =>
      write((term) => sql`UPDATE controller_leases SET observed_at = now() - ${ago}::interval`.execute(term))
    await observed('0 s')
    expect(await freshness()).toEqual([true])
    await observed('1 hour')
    expect(await freshness()).toEqual([false])
    await expectAsReadAnew(100)
    await observed('0 s')
    expect(await freshness()).toEqual([true])
    await expectAsReadAnew(100)
  })

  it('does not leave out games among many that were forgotten', async () => {
    await write((term) => sql`INSERT INTO game_status (game_id) SELECT 'forgotten-' || n FROM generate_series(1, 50) n`.execute(term))
    await write((term) => change('want', 'zebra').execute(term))
    await expectAsReadAnew(3)
    expect((await listed(3)).map(({ metadata }) => metadata.name)).toContain('zebra')
  })

  it('keeps no more pages than it may, however small they are', async () => {
    const list = new GameList(api.pool.db, new Schedules(), 16_384)
    const beyond = (page: number) => list.page(`zzz-${page}`, 100, Date.now())
    const first = await beyond(0)
    expect(await beyond(0)).toBe(first)
    for (let page = 1; page <= 40; page += 1) await beyond(page)
    expect(await beyond(0)).not.toBe(first)
  })

  it('tells another next turn once the former has come', async () => {
    await write((term) => change('want', 'ticking').execute(term))
    await write((term) => change('run', 'ticking').execute(term))
    await write((term) => change('schedule', 'ticking').execute(term))
    const before = await nextTurn()
    await expect.poll(nextTurn, { timeout: 5_000 }).not.toBe(before)
  })
})

/** A change that did not come to be. */
class RolledBack extends Error {}

const CHANGES = ['want', 'label', 'forget', 'gone', 'status', 'conditions', 'run', 'stop', 'remove', 'map', 'unmap'] as const

function change(kind: (typeof CHANGES)[number] | 'schedule', id: string) {
  const live = sql`game_id = ${id} AND status <> 'removed'`
  switch (kind) {
    case 'want':
      return sql`INSERT INTO desired_games (game_id, engine_version)
        SELECT ${id}, '1.0.0' WHERE NOT EXISTS (SELECT FROM desired_games WHERE game_id = ${id})`
    case 'label':
      return sql`UPDATE desired_games SET labels = jsonb_build_object('n', ${uuid()}::text)
        WHERE game_id = ${id} AND deleted_at IS NULL`
    case 'forget':
      return sql`UPDATE desired_games SET deleted_at = now() WHERE game_id = ${id} AND deleted_at IS NULL`
    case 'gone':
      return sql`DELETE FROM desired_games WHERE game_id = ${id} AND deleted_at IS NOT NULL`
    case 'status':
      return sql`INSERT INTO game_status (game_id) VALUES (${id}) ON CONFLICT (game_id) DO UPDATE SET observed_generation = game_status.observed_generation + 1, conditions = '[]'`
    case 'conditions':
      return sql`INSERT INTO game_status (game_id, conditions) VALUES (${id}, ${CONDITIONS}::jsonb) ON CONFLICT (game_id) DO UPDATE SET conditions = EXCLUDED.conditions`
    case 'run':
      return sql`INSERT INTO runtime_records (uid, game_id, status, current_container_id, current_image_ref, engine_endpoint, state_path, docker_network, current_turn, started_at, last_op_at, created_at)
        VALUES (${uuid()}, ${id}, 'running', 'c', 'i', 'e', 's', 'n', 1, now(), now(), now()) ON CONFLICT DO NOTHING`
    case 'stop':
      return sql`UPDATE runtime_records SET status = 'stopped', stopped_at = now() WHERE ${live}`
    case 'remove':
      return sql`UPDATE runtime_records SET status = 'removed', removed_at = now() WHERE ${live}`
    case 'map':
      return sql`INSERT INTO player_mappings (game_id, race_name, user_id, engine_player_uuid) VALUES (${id}, ${uuid()}, ${uuid()}, ${uuid()})`
    case 'unmap':
      return sql`DELETE FROM player_mappings WHERE game_id = ${id}`
    case 'schedule':
      return sql`INSERT INTO game_status (game_id, accepted_spec) VALUES (${id}, ${ACCEPTED}::jsonb) ON CONFLICT (game_id) DO UPDATE SET accepted_spec = EXCLUDED.accepted_spec`
  }
}

const CONDITIONS = JSON.stringify([
  { type: 'Ready', status: 'True', reason: 'Serving', message: '', lastTransitionTime: '2026-05-01T12:00:00.000Z', observedGeneration: 1 },
])

/** A turn every second. */
const ACCEPTED = JSON.stringify({
  gameId: 'ticking',
  engine: 'galaxy',
  requested: { engineVersion: '1.0.0', imageRef: null, cpus: null, memory: null, pids: null },
  engineVersion: '1.0.0',
  imageRef: 'i',
  imageId: 'sha256:0',
  protocol: 'galaxy',
  probe: { none: true },
  port: 8080,
  command: null,
  env: {},
  publish: [],
  relax: {},
  limits: { cpus: null, memoryBytes: null, pids: null },
  network: 'n',
  state: { path: 's', hostPath: 's', mountPath: 's', envName: 'S' },
  players: [],
  turnSchedule: '* * * * * *',
  timeZone: 'UTC',
  specHash: 'h',
})

interface Listed {
  readonly metadata: { readonly name: string }
  readonly status: Readonly<Record<string, unknown>>
}

/** All pages, of so many games each. */
async function listed(limit: number): Promise<readonly Listed[]> {
  const items: Listed[] = []
  for (let rest: string | null = ''; rest !== null; ) {
    const { body } = await api.call('GET', `/api/v1/games?limit=${limit}${rest}`)
    const page = body as { readonly items: readonly Listed[]; readonly metadata: { readonly continue: string | null } } // held to the document by `call`
    items.push(...page.items)
    rest = page.metadata.continue === null ? null : `&continue=${page.metadata.continue}`
  }
  return items
}

/** With a selector, which all of them meet, they are read anew each time. */
async function expectAsReadAnew(limit: number): Promise<void> {
  const told = await listed(limit)
  const { body } = await api.call('GET', '/api/v1/games?limit=1000&fieldSelector=metadata.name!=none')
  expect(told).toEqual(body['items'])
}

async function freshness(): Promise<readonly unknown[]> {
  return [...new Set((await listed(100)).map(({ status }) => status['fresh']))]
}

async function nextTurn(): Promise<unknown> {
  return (await listed(100)).find(({ metadata }) => metadata.name === 'ticking')?.status['nextTurnAt']
}
