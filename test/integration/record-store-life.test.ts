import { type Kysely, sql } from 'kysely'
import { v7 as uuidv7 } from 'uuid'
import { describe, expect } from 'vitest'
import type { Database } from '../../src/database/tables.ts'
import type { EngineState } from '../../src/model/engine.ts'
import type { Life, Snapshot, TurnWrite } from '../../src/record/life-write.ts'
import { closeOperation, openOperation, saveGame } from '../../src/record/store.ts'
import { describeOnEachPostgres } from '../support/postgres-majors.ts'
import { AT, close, intent, kindOf, loadOne, newOperation, newRecord } from './record-store-builders.ts'
import { storeTest } from './record-store-fixture.ts'

const at = (seconds: number): number => AT.getTime() + seconds * 1_000
const skip = (seconds: number, reason: Extract<TurnWrite, { kind: 'skip' }>['reason'] = 'paused'): TurnWrite => ({
  kind: 'skip',
  id: uuidv7(),
  atMs: at(seconds),
  reason,
})
const begin = (turn: number, call: Extract<TurnWrite, { kind: 'begin' }>['call'], id = uuidv7(), operationId = uuidv7()) =>
  ({ kind: 'begin', id, call, turn, operationId }) as const
const end = (id: string, status: 'succeeded' | 'failed' | 'superseded' = 'succeeded', error: string | null = null) =>
  ({ kind: 'end', id, status, error }) as const
const tick = (seconds: number) => ({ kind: 'tick', atMs: at(seconds) }) as const
const token = (name: string, generation = 1) => ({ kind: 'token', token: name, generation }) as const

const PLAYER = '00000000-0000-4000-8000-00000000000'
const users = [1, 2, 3].map((digit) => `00000000-0000-4000-9000-00000000000${digit}`)
const mapped = (raceName: string, user: number, player: number) => ({
  raceName,
  userId: users[user] ?? '',
  enginePlayerId: `${PLAYER}${player}`,
})

describeOnEachPostgres('life of a game', (serverUrl) => {
  const it = storeTest(serverUrl)

  describe('the ledger', () => {
    it('opens a turn with its operation, counts its attempts and ends it', async ({ term, gameId }) => {
      const life = newLife()
      const operation = newOperation()
      const begun = begin(1, tick(0), uuidv7(), operation.operationId)
      await openOperation(term.db, { operation, intents: [intent()], write: { gameId, turns: { life, writes: [begun] } } })
      expect(await openTurnOf(term.db, gameId)).toEqual({ id: begun.id, call: tick(0), turn: 1 })
      expect(await rows(term.db, gameId)).toMatchObject([
        { status: 'in_progress', turn: 1, attempts: 1, operation_id: operation.operationId, finished_at: null },
      ])
      await saveGame(term.db, { gameId, turns: { life, writes: [{ kind: 'retry', id: begun.id, operationId: uuidv7() }] } })
      const write = { gameId, turns: { life, writes: [end(begun.id)] } }
      await closeOperation(term.db, close(operation.operationId, write))
      expect(await rows(term.db, gameId)).toMatchObject([{ status: 'succeeded', turn: 1, attempts: 2, error: null, skip_reason: null }])
      expect(await openTurnOf(term.db, gameId)).toBeNull()
    })

    it('takes each write once, however often it is repeated', async ({ term, gameId }) => {
      const life = newLife()
      const skipped = [skip(-2), skip(-1, 'missed_while_down')]
      const begun = begin(1, tick(0))
      const retry = { kind: 'retry', id: begun.id, operationId: uuidv7() } as const
      for (const writes of [[...skipped, begun], [retry], [end(begun.id, 'failed', 'refused')]]) {
        for (let again = 0; again < 3; again += 1) await saveGame(term.db, { gameId, turns: { life, writes } })
      }
      expect(await rows(term.db, gameId)).toMatchObject([
        { status: 'skipped', skip_reason: 'paused', turn: null },
        { status: 'skipped', skip_reason: 'missed_while_down', turn: null },
        { status: 'failed', attempts: 2, error: 'refused', turn: 1 },
      ])
    })

    it('repeats the opening of a turn’s operation, and its closing, without a second row', async ({ term, gameId }) => {
      const life = newLife()
      const operation = newOperation()
      const begun = begin(1, token('now'), uuidv7(), operation.operationId)
      const record = newRecord(gameId, { uid: life.recordUid })
      const opening = { operation, intents: [intent()], write: { gameId, record, turns: { life, writes: [begun] } } }
      const closing = close(operation.operationId, { gameId, turns: { life, writes: [end(begun.id)] }, snapshot: snapshot(life, 1) })
      await openOperation(term.db, opening)
      await openOperation(term.db, opening)
      await closeOperation(term.db, closing)
      await closeOperation(term.db, closing)
      expect(await rows(term.db, gameId)).toMatchObject([{ status: 'succeeded', turn_token: 'now', generation: 1, attempts: 1 }])
      const { rows: told } = await sql`SELECT FROM outbox WHERE game_id = ${gameId} AND type = 'runtime.snapshot'`.execute(term.db)
      expect(told).toHaveLength(1)
    })

    it('never ends a turn twice', async ({ term, gameId }) => {
      const life = newLife()
      const begun = begin(1, tick(0))
      await saveGame(term.db, { gameId, turns: { life, writes: [begun] } })
      await saveGame(term.db, { gameId, turns: { life, writes: [end(begun.id, 'superseded', 'a forced turn took its place')] } })
      await saveGame(term.db, { gameId, turns: { life, writes: [end(begun.id)] } })
      expect(await rows(term.db, gameId)).toMatchObject([{ status: 'superseded', error: 'a forced turn took its place' }])
    })

    it('skips ticks beside a turn that goes on, and begins the next in the statement that ended none', async ({ term, gameId }) => {
      const life = newLife()
      const begun = begin(1, tick(0))
      await saveGame(term.db, { gameId, turns: { life, writes: [begun] } })
      await saveGame(term.db, { gameId, turns: { life, writes: [skip(1, 'in_progress'), skip(2, 'in_progress')] } })
      expect((await rows(term.db, gameId)).map(({ status }) => status)).toEqual(['in_progress', 'skipped', 'skipped'])
    })

    it.for([
      ['a second open turn', begin(2, tick(1))],
      ['the same tick again', begin(2, tick(0))],
      ['the same number again', begin(1, tick(1))],
    ] as const)('refuses %s before any engine is asked', async ([what, second], { term, gameId }) => {
      const life = newLife()
      const first = begin(1, tick(0))
      await saveGame(term.db, { gameId, turns: { life, writes: [first] } })
      if (what !== 'a second open turn') await saveGame(term.db, { gameId, turns: { life, writes: [end(first.id)] } })
      const operation = newOperation()
      const opening = openOperation(term.db, { operation, intents: [intent()], write: { gameId, turns: { life, writes: [second] } } })
      expect(await kindOf(opening)).toBe('conflict')
      expect((await loadOne(term.db, gameId))?.openOperation ?? null).toBeNull()
    })

    it('may ask for a number again that failed, and computes it anew in another incarnation', async ({ term, gameId }) => {
      const life = newLife()
      const [failed, second, purged] = [begin(1, tick(0)), begin(1, tick(1)), begin(1, tick(2))]
      for (const writes of [[failed], [end(failed.id, 'failed', 'x')], [second], [end(second.id)]])
        await saveGame(term.db, { gameId, turns: { life, writes } })
      await saveGame(term.db, { gameId, turns: { life: { ...life, incarnation: 2 }, writes: [purged] } })
      expect((await rows(term.db, gameId)).map(({ incarnation, turn, status }) => `${incarnation}:${turn} ${status}`)).toEqual([
        '1:1 failed',
        '1:1 succeeded',
        '2:1 in_progress',
      ])
    })

    it('takes the same token and generation again after the game was deleted and asked for anew', async ({ term, gameId }) => {
      for (const turn of [1, 2]) {
        const begun = begin(turn, token('now', 2))
        const life = newLife()
        await saveGame(term.db, { gameId, turns: { life, writes: [begun] } })
        await saveGame(term.db, { gameId, turns: { life, writes: [end(begun.id)] } })
      }
      expect((await rows(term.db, gameId)).map(({ turn, status }) => `${turn} ${status}`)).toEqual(['1 succeeded', '2 succeeded'])
    })

    it('is refused to a term that is over', async ({ stale, gameId }) => {
      for (const writes of [[skip(0)], [begin(1, tick(0))]])
        expect(await kindOf(saveGame(stale.db, { gameId, turns: { life: newLife(), writes } }))).toBe('stale_lease')
    })

    it('takes what an engine said that Postgres cannot hold', async ({ term, gameId }) => {
      const life = newLife()
      const begun = begin(1, token('a'))
      await saveGame(term.db, { gameId, turns: { life, writes: [begun] } })
      await saveGame(term.db, { gameId, turns: { life, writes: [end(begun.id, 'failed', 'a\0b\ud800')] } })
      expect(await rows(term.db, gameId)).toMatchObject([{ error: 'ab\ufffd' }])
    })
  })

  describe('who plays', () => {
    it('is these and no others', async ({ term, gameId }) => {
      for (const mapping of [[mapped('a', 0, 1), mapped('b', 1, 2)], [mapped('b', 2, 2), mapped('c', 0, 1)], []]) {
        await saveGame(term.db, { gameId, mapping })
        await saveGame(term.db, { gameId, mapping })
        expect(await mappingOf(term.db, gameId)).toEqual(mapping)
      }
    })

    it('may change places, as an engine that lies can have it', async ({ term, gameId }) => {
      await saveGame(term.db, { gameId, mapping: [mapped('a', 0, 1), mapped('b', 1, 2)] })
      const swapped = [mapped('a', 0, 2), mapped('b', 1, 1)]
      await saveGame(term.db, { gameId, mapping: swapped })
      expect(await mappingOf(term.db, gameId)).toEqual(swapped)
    })

    it('is never two users of one player', async ({ term, gameId }) => {
      expect(await kindOf(saveGame(term.db, { gameId, mapping: [mapped('a', 0, 1), mapped('b', 1, 1)] }))).toBe('conflict')
    })

    it('is read in the order of races, whatever the database’s language', async ({ term, gameId }) => {
      const mapping = [mapped('Z', 0, 1), mapped('a', 1, 2), mapped('ä', 2, 3)]
      await saveGame(term.db, { gameId, mapping: mapping.toReversed() })
      expect((await loadedOf(term.db, gameId)).mapping).toEqual(mapping)
    })
  })

  describe('snapshots', () => {
    it('give the maxima of the newest, of this life of the game alone', async ({ term, gameId }) => {
      const life = newLife()
      await saveGame(term.db, { gameId, record: newRecord(gameId, { uid: uuidv7(), status: 'removed', removedAt: AT }) })
      await saveGame(term.db, { gameId, snapshot: snapshot(newLife(), 9, 99) })
      await saveGame(term.db, { gameId, record: newRecord(gameId, { uid: life.recordUid }) })
      expect((await loadedOf(term.db, gameId)).maxima).toEqual({})
      await saveGame(term.db, { gameId, snapshot: snapshot(life, 1, 5) })
      await saveGame(term.db, { gameId, snapshot: snapshot(life, 2, 7) })
      expect((await loadedOf(term.db, gameId)).maxima).toEqual({ [`${PLAYER}1`]: { planets: 7, population: 70 } })
    })

    it('are read again where somebody has spoilt their maxima', async ({ term, gameId }) => {
      const life = newLife()
      await saveGame(term.db, { gameId, record: newRecord(gameId, { uid: life.recordUid }), snapshot: snapshot(life, 1) })
      await sql`UPDATE health_snapshots SET maxima = '{"x": 1}' WHERE game_id = ${gameId}`.execute(term.db)
      expect((await loadedOf(term.db, gameId)).maxima).toEqual({})
    })

    it('are told to the lobby in the same transaction', async ({ term, gameId }) => {
      await saveGame(term.db, { gameId, snapshot: snapshot(newLife(), 3) })
      const { rows: told } = await sql<{ payload: object }>`SELECT payload FROM outbox WHERE game_id = ${gameId}`.execute(term.db)
      expect(told).toMatchObject([{ payload: { game_id: gameId, current_turn: 3, runtime_status: 'running', engine_health: 'ok' } }])
    })
  })
})

function newLife(): Life {
  return { recordUid: uuidv7(), incarnation: 1 }
}

function snapshot(life: Life, turn: number, planets = 1): Snapshot {
  const state: EngineState = {
    turn,
    finished: false,
    players: [{ id: `${PLAYER}1`, raceName: 'a', planets, population: 10 * planets }],
  }
  const maxima = { [`${PLAYER}1`]: { planets, population: 10 * planets } }
  return { ...life, state, status: 'running', health: 'ok', playerStats: [], maxima }
}

async function rows(db: Kysely<Database>, gameId: string) {
  return db.selectFrom('turns').selectAll().where('game_id', '=', gameId).orderBy('id').execute()
}

async function mappingOf(db: Kysely<Database>, gameId: string) {
  return db
    .selectFrom('player_mappings')
    .select(['race_name as raceName', 'user_id as userId', 'engine_player_uuid as enginePlayerId'])
    .where('game_id', '=', gameId)
    .orderBy('race_name')
    .execute()
}

/** A ledger without a record is nobody's, so the game is given one. */
async function loadedOf(db: Kysely<Database>, gameId: string) {
  const known = await loadOne(db, gameId)
  if (known === undefined) await saveGame(db, { gameId, record: newRecord(gameId) })
  const loaded = await loadOne(db, gameId)
  if (loaded === undefined) throw new Error(`game ${gameId} cannot be loaded`)
  return loaded
}

async function openTurnOf(db: Kysely<Database>, gameId: string) {
  return (await loadedOf(db, gameId)).openTurn
}
