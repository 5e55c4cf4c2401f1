import fc from 'fast-check'
import { Readable } from 'node:stream'
import { Client } from 'undici'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { servedDocument } from '../../script/generate/openapi.ts'
import { operationsOf } from '../../src/api/openapi/read.ts'
import { createLog } from '../../src/log.ts'
import { FORGED, type Known, requestsOf, type WireRequest } from '../support/openapi-arbitraries.ts'
import { type GivenAnswer, type OpenApiJudge, openApiJudge } from '../support/openapi-judge.ts'
import { type ApiUnderTest, gameBody, startApiUnderTest } from './api-server.ts'
import { leaseHolder } from './lease-holder.ts'

/** For each operation; with more than fifty of them, ten to twenty seconds in all. */
const RUNS = 30
const USER = '0f6a2c1e-5b0d-4c5e-9a53-2f6f1d8e4a01'

const document = await servedDocument()
const lines: string[] = []
/** Operations that did what they were asked for at least once. */
const succeeded = new Set<string>()
let api: ApiUnderTest
let judge: OpenApiJudge
let client: Client
let known: Known

beforeAll(async () => {
  api = await startApiUnderTest({ log: createLog('trace', { write: (line: string) => void lines.push(line) }) })
  judge = openApiJudge(document)
  client = new Client(api.url, { pipelining: 1, headersTimeout: 10_000 })
  known = await populate()
})
afterEach(() => {
  lines.splice(0)
})
afterAll(async () => {
  await client.close()
  await api.stop()
})

describe('whatever is asked of', () => {
  for (const listed of operationsOf(document)) {
    it(`${listed.method} ${listed.path} is answered as the document has it, and never by an error of ours`, async () => {
      await fc.assert(
        fc.asyncProperty(requestsOf(listed, document, known), async (request) => {
          const answer = await send(request)
          expect(answer.status, JSON.stringify(answer.body)).not.toBe(500)
          expect(faultOf(request, answer)).toBeNull()
          if (answer.status < 300) succeeded.add(listed.operation.operationId)
        }),
        { numRuns: RUNS },
      )
      for (const line of lines) expect(oddityOf(line), line).toBeNull()
    })
  }

  it('most operations, something was done: the requests got further than the door', () => {
    expect(succeeded.size).toBeGreaterThan(operationsOf(document).length * 0.75)
  })
})

/** Something to ask for, and what asks for it. */
async function populate(): Promise<Known> {
  const { db } = api.pool
  await api.call('PUT', '/api/v1/games/known', gameBody('known', {}, { tier: 'free' }))
  const { body: operation } = await api.call('POST', '/api/v1/admin/runtimes/known/restart', {})
  await db
    .insertInto('desired_games')
    .values(['of-the-lobby', 'doomed'].map((game_id) => ({ game_id, engine_version: '1.0.0' })))
    .execute()
  await api.call('POST', '/api/v1/admin/tokens', { name: 'known', role: 'viewer' })
  const write = await leaseHolder(api.pool)
  const player = { game_id: 'known', user_id: USER, race_name: 'Terran', engine_player_uuid: USER }
  await write((term) => term.insertInto('player_mappings').values(player).execute())
  await write((term) =>
    term.insertInto('outbox').values({ game_id: 'known', type: 'any', idempotency_key: 'known', payload: '{}' }).execute(),
  )
  const { id } = await db.selectFrom('outbox').select('id').executeTakeFirstOrThrow()
  api.view.logs = () => Readable.from([Buffer.from('a line\n')])
  api.view.desk = { ask: async (_game, _actor, call) => ({ status: call.kind === 'report' ? 404 : 202, body: { said: FORGED } }) }
  const text = 'apiVersion: galaxy.dev/v1alpha1\nkind: Game\nmetadata: {name: filed}\nspec: {engineVersion: 1.0.0}\n'
  const files = [{ path: 'games.yaml', text }]
  return {
    token: api.token,
    parameters: {
      id: ['known', 'of-the-lobby', 'unknown'],
      'applyGame.id': ['known'],
      'deleteGame.id': ['doomed'],
      'readOperation.id': [String(operation['id'])],
      'replayEvent.id': [String(id)],
      version: ['1.0.0', '1.0.1', '9.9.9'],
      'putEngineVersion.version': ['1.0.1'],
      engine: ['galaxy'],
      name: ['known'],
      turn: ['0', '1'],
      'If-Match': ['"1"', '2', '*'],
      'Galaxy-User-Id': [USER],
      labelSelector: ['tier=free', 'tier!=free,!x'],
      fieldSelector: ['spec.state=Running', 'status.ready!=True,spec.engineVersion=1.0.0'],
      kinds: ['games', 'operations,turns'],
      tail: ['1', 'all'],
      continue: [Buffer.from('known').toString('base64url'), Buffer.from('7').toString('base64url')],
      limit: ['1', '100'],
    },
    bodies: {
      applyGame: [gameBody('known', { paused: true }), gameBody('known', { players: [{ userId: USER, raceName: 'Terran' }] })],
      patchGame: [{ spec: { paused: true } }, { metadata: { labels: { tier: null } } }, {}],
      registerEngineVersion: [versionBody('9.9.9', {}), versionBody('9.9.8', { probe: { tcp: { port: 1 } }, env: { A: 'b' } })],
      putEngineVersion: [versionBody('1.0.1', {}), versionBody('1.0.1', { enabled: false })],
      applyManifests: [{ files }, { files, dryRun: true }],
      diffManifests: [{ files }],
      sendOrders: [{ orders: [] }],
      sendCommands: [{ commands: [] }],
    },
  }
}

function versionBody(version: string, spec: object): object {
  return { apiVersion: 'galaxy.dev/v1alpha1', kind: 'EngineVersion', metadata: { name: 'any' }, spec: { version, ...spec } }
}

async function send({ method, target, headers, body }: WireRequest): Promise<GivenAnswer> {
  const answer = await client.request({ method, path: target, headers, body })
  const type = String(answer.headers['content-type'] ?? '')
  // A stream goes on until somebody hangs up.
  const text = type.startsWith('text/event-stream') ? hangUp(answer.body) : await answer.body.text()
  return { status: answer.statusCode, type, body: type.includes('json') ? JSON.parse(text) : text }
}

function hangUp(stream: Readable): string {
  stream.on('error', () => undefined).destroy()
  return ''
}

/** A path may have become another operation's, or none: then there is a problem to be told. */
function faultOf({ method, target }: WireRequest, answer: GivenAnswer): string | null {
  const path = new URL(`http://host${target}`).pathname.replace('/api/v1', '')
  const listed = judge.operationAt(method, path)
  if (listed !== null) return judge.faultOf(listed, answer)
  const isProblem = answer.status >= 400 && answer.type.startsWith('application/problem+json')
  const problem = { $ref: '#/components/schemas/Problem' }
  return isProblem ? judge.faultOfValue(problem, answer.body) : `${method} ${target} answered ${answer.status} as ${answer.type}`
}

const TOLD = new Set(['level', 'time', 'caller', 'role', 'method', 'path', 'requestId', 'msg'])

/** Operators' writes are told of; nothing else happens here that would be. */
function oddityOf(line: string): string | null {
  const told = JSON.parse(line) as Readonly<Record<string, unknown>> // a line of pino's is an object
  if (told['msg'] !== 'operator asked' || told['level'] !== 'info') return 'is no line that should be there'
  if (line.includes(api.token)) return 'tells the token'
  if (line.includes(FORGED) || line.trimEnd().includes('\n')) return 'is more than one line'
  const unknown = Object.keys(told).filter((name) => !TOLD.has(name))
  return unknown.length === 0 ? null : `tells ${unknown.join(', ')}`
}
