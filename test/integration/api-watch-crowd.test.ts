import { connect, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { sql } from 'kysely'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type DatabasePool, openPool } from '../../src/database/pool.ts'
import { random as seededRandom } from '../chaos/random.ts'
import { until } from '../support/until.ts'
import { type ApiUnderTest, startApiUnderTest } from './api-server.ts'
import { type Told, watch } from './watch-client.ts'

let api: ApiUnderTest
let lobby: DatabasePool
const sockets: Socket[] = []
beforeEach(async () => {
  api = await startApiUnderTest()
  lobby = openPool({ url: api.options.databaseUrl, applicationName: 'lobby', max: 8 })
})
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  await lobby.close()
  await api.stop()
})

const CLIENTS = 200
const CHANGES = 40

describe('200 who watch', () => {
  it('are told of everything once and in order, by one connection that listens', async () => {
    const told = Array.from({ length: CLIENTS }, (): string[] => [])
    const watched = told.map((names) => {
      const socket = open()
      let rest = ''
      socket.setEncoding('utf8').on('data', (chunk) => {
        const events = (rest + chunk.toString()).split('\n\n')
        rest = events.pop() ?? ''
        for (const event of events) names.push(...(/"metadata":\{"name":"([^"]+)"/.exec(event)?.slice(1) ?? []))
      })
      return new Promise((resolve) => socket.once('data', resolve))
    })
    await Promise.all(watched)
    await until(
      async () => connections('galaxy-watch'),
      (count) => count === 1,
      'one listens',
    )
    const changed = Array.from({ length: CHANGES }, (_, change) => `game-${change}`)
    for (const game_id of changed) await lobby.db.insertInto('desired_games').values({ game_id, engine_version: '1.0.0' }).execute()
    await until(
      () => told.reduce((sum, names) => sum + names.length, 0),
      (count) => count >= CHANGES * CLIENTS,
      'all are told',
    )
    for (const names of told) expect(names).toEqual(changed)
    expect(await connections('galaxy-watch')).toBe(1)
    expect(await connections('galaxy-api-test')).toBeLessThanOrEqual(4)
  })
})

describe('one who reads more slowly than things change', () => {
  it('is cut with a last event that says so, in bounded memory, and holds up nobody', async () => {
    const players = JSON.stringify(
      Array.from({ length: 1_000 }, (_, index) => ({ userId: '7b0c0000-0000-4000-8000-000000000000', raceName: `race ${index}` })),
    )
    await sql`INSERT INTO desired_games (game_id, engine_version, players) VALUES ('large', '1.0.0', ${players}::jsonb)`.execute(lobby.db)
    const quick = await watch(api)
    const slow = open()
    let text = ''
    slow.on('data', (chunk) => {
      text = (text + chunk.toString()).slice(-1_000)
    })
    await until(
      () => text,
      (told) => told.includes('bookmark'),
      'it watches',
    )
    slow.pause()
    for (let change = 1; change <= 250; change += 1) {
      await sql`UPDATE desired_games SET labels = jsonb_build_object('change', ${String(change)}::text) WHERE game_id = 'large'`.execute(
        lobby.db,
      )
      await until(
        () => labelOf(quick.told.at(-1)),
        (label) => label === String(change),
        'the quick one is told',
      )
    }
    slow.resume()
    await until(
      () => text,
      (told) => told.includes('event: error'),
      'it is cut',
    )
    expect(text).toContain('data: {"code":"too_many_requests","status":429,"detail":"you read more slowly than things change')
    await quick.close()
  })
})

describe('transactions of many at once, over connections that break', () => {
  it.each([1, 2, 3])('are told completely and each once (seed %i)', async (seed) => {
    const { next: random } = seededRandom(seed, 'watch')
    let client = await watch(api)
    let lastId = client.bookmarks[0]?.id ?? undefined
    const told: string[] = []
    const writing = Promise.all(Array.from({ length: 6 }, (_, writer) => writeAtRandom(`by-${writer}`, random)))
    for (let isOver = false; !isOver; ) {
      isOver = await Promise.race([writing.then(() => true), delay(20 + random() * 60, false)])
      // What has come until the connection breaks counts; the next one goes on from there.
      const batch = client.told.slice()
      await client.close()
      told.push(...batch.map(({ data }) => nameIn(data)))
      lastId = batch.at(-1)?.id ?? lastId
      client = await watch(api, { lastEventId: lastId })
    }
    const committed = (await writing).flat()
    await until(
      () => told.length + client.told.length,
      (count) => count >= committed.length,
      'all are told',
    )
    const all = [...told, ...client.told.map(({ data }) => nameIn(data))]
    expect(all.toSorted()).toEqual(committed.toSorted())
    expect(committed.length).toBeGreaterThan(150)
    await client.close()
  })
})

/** Games of their own, so that each has one change: in transactions that overlap, some of them long, some rolled back. @returns those committed */
async function writeAtRandom(writer: string, random: () => number): Promise<readonly string[]> {
  const committed: string[] = []
  for (let count = 0; count < 20; count += 1) {
    const names = Array.from({ length: 1 + Math.floor(random() * 4) }, (_, index) => `${writer}-${count}-${index}`)
    const isKept = random() < 0.8
    const trx = await lobby.db.startTransaction().execute()
    for (const game_id of names) {
      await trx.insertInto('desired_games').values({ game_id, engine_version: '1.0.0' }).execute()
      await delay(random() < 0.1 ? 60 : random() * 8)
    }
    await (isKept ? trx.commit() : trx.rollback()).execute()
    if (isKept) committed.push(...names)
  }
  return committed
}

function metadataIn(data: Told['data']): object {
  return Object(Reflect.get(Object(data['object']), 'metadata'))
}

const nameIn = (data: Told['data']) => String(Reflect.get(metadataIn(data), 'name'))

function labelOf(told: Told | undefined): unknown {
  return told === undefined ? null : Reflect.get(Object(Reflect.get(metadataIn(told.data), 'labels')), 'change')
}

function open(): Socket {
  const socket = connect(Number(new URL(api.url).port), '127.0.0.1')
  sockets.push(socket)
  socket.write(`GET /api/v1/watch?kinds=games HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${api.token}\r\n\r\n`)
  return socket
}

async function connections(name: string): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = ${name}`.execute(lobby.db)
  return rows[0]?.count ?? 0
}
