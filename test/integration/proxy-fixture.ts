import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { EngineAddress } from '../../src/engine/address.ts'
import { createEngineClient } from '../../src/engine/client.ts'
import { createPlayerDesk, type PlayerDesk } from '../../src/proxy/player-desk.ts'
import type { ServingEngine } from '../../src/proxy/serving-engine.ts'
import { type Answer, type ApiUnderTest, startApiUnderTest } from './api-server.ts'
import { leaseHolder, type WriteAsHolder } from './lease-holder.ts'

export const USER = '0f6a2c1e-5b0d-4c5e-9a53-2f6f1d8e4a01'
export const OTHER_USER = '0f6a2c1e-5b0d-4c5e-9a53-2f6f1d8e4a02'
export const STRANGER = '0f6a2c1e-5b0d-4c5e-9a53-2f6f1d8e4a03'
/** The engine's ids of the players of game `played`. */
export const TERRAN = 'a0000000-0000-4000-8000-000000000001'
export const ZERG = 'a0000000-0000-4000-8000-000000000002'
export const PROTOSS = 'a0000000-0000-4000-8000-000000000003'
/** All that a player's call may take. */
export const CALL_MS = 1_000

export interface AskedRequest {
  readonly line: string
  readonly body: unknown
}

type MappedPlayer = readonly [userId: string, race: string, engineId: string]

export interface ProxyUnderTest {
  readonly api: ApiUnderTest
  /** Headers of a caller that asks for this user. */
  as(userId: string): Readonly<Record<string, string>>
  /** @param path below `/user/games` */
  put(path: string, body: unknown, headers?: Readonly<Record<string, string>>): Promise<Answer>
  read(path: string, headers?: Readonly<Record<string, string>>): Promise<Answer>
  map(gameId: string, ...players: readonly MappedPlayer[]): Promise<void>
  /** Every game's engine is at this address. */
  serveAt(port: number): void
  /** No game has an engine to be asked. */
  serveNone(why: string): void
  /** A program in every engine's place; what it is asked. */
  engineThat(answer: RequestListener): Promise<readonly AskedRequest[]>
  /** Ends the programs, and leaves a standby. */
  endEngines(): void
  stop(): Promise<void>
}

/** Game `played`: of USER, Terran; of OTHER_USER, Zerg and Protoss. Games `unplayed` and `real` have no player yet. */
export async function startProxyUnderTest(callMs = CALL_MS): Promise<ProxyUnderTest> {
  const api = await startApiUnderTest()
  const client = createEngineClient({ timeouts: { connectMs: callMs, adminMs: callMs, turnMs: callMs, playerMs: callMs } })
  const write = await leaseHolder(api.pool)
  const endings: (() => void)[] = []
  const desk = (address: EngineAddress, engineOf: (gameId: string) => ServingEngine): PlayerDesk =>
    createPlayerDesk({ client, locate: async () => address, engineOf })
  const serveAt = (port: number): void => {
    const target = { containerId: 'c', containerName: 'c', network: 'galaxy', port }
    api.view.desk = desk({ host: '127.0.0.1', port, name: 'galaxy-game-played' }, (gameId) => ({
      kind: 'serving',
      target: { gameId, ...target },
    }))
  }
  const as = (userId: string) => ({ authorization: `Bearer ${api.token}`, 'galaxy-user-id': userId })
  await desireGames(api)
  await mapPlayers(write, 'played', [USER, 'Terran', TERRAN], [OTHER_USER, 'Zerg', ZERG], [OTHER_USER, 'Protoss', PROTOSS])
  return {
    api,
    as,
    put: (path, body, headers = as(USER)) => api.call('POST', `/api/v1/user/games/${path}`, body, headers),
    read: (path, headers = as(USER)) => api.call('GET', `/api/v1/user/games/${path}`, undefined, headers),
    map: (gameId, ...players) => mapPlayers(write, gameId, ...players),
    serveAt,
    serveNone: (why) => {
      api.view.desk = desk({ host: '127.0.0.1', port: 1, name: 'galaxy-game-played' }, () => ({ kind: 'absent', why }))
    },
    engineThat: async (answer) => {
      const { asked, port, end } = await startEngine(answer)
      endings.push(end)
      serveAt(port)
      return asked
    },
    endEngines: () => {
      for (const end of endings.splice(0)) end()
      api.view.desk = null
    },
    stop: async () => {
      await client.close()
      await api.stop()
    },
  }
}

async function desireGames({ pool }: ApiUnderTest): Promise<void> {
  const rows = ['played', 'unplayed', 'real'].map((game_id) => ({ game_id, engine_version: '1.0.0' }))
  await pool.db.insertInto('desired_games').values(rows).execute()
}

async function mapPlayers(write: WriteAsHolder, gameId: string, ...players: readonly MappedPlayer[]): Promise<void> {
  const rows = players.map(([user_id, race_name, engine_player_uuid]) => ({ game_id: gameId, user_id, race_name, engine_player_uuid }))
  await write((term) => term.insertInto('player_mappings').values(rows).execute())
}

async function startEngine(answer: RequestListener) {
  const asked: AskedRequest[] = []
  const server = createServer((request, response) => {
    void (async () => {
      let text = ''
      for await (const chunk of request) text += String(chunk)
      asked.push({ line: `${request.method} ${request.url}`, body: text === '' ? null : JSON.parse(text) })
      response.on('error', () => {})
      answer(request, response)
    })()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const end = (): void => {
    server.closeAllConnections()
    server.close()
  }
  return { asked, port: (server.address() as AddressInfo).port /* of TCP, since it listens on a port */, end }
}
