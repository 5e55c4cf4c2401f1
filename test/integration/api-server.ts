import { inject } from 'vitest'
import type { Comparison, ControllerView, PlanAnswer } from '../../src/api/ports.ts'
import { type Api, type ApiOptions, startApi } from '../../src/api/server.ts'
import { createToken, hashToken } from '../../src/api/token.ts'
import { loadConfig } from '../../src/config.ts'
import { type DatabasePool, openPool } from '../../src/database/pool.ts'
import { createLog, type Log } from '../../src/log.ts'
import { createMetrics } from '../../src/metrics/metrics.ts'
import { RuntimeFailure } from '../../src/model/errors.ts'
import type { LogOptions } from '../../src/model/log-options.ts'
import type { DesiredGame } from '../../src/model/game.ts'
import type { HostImage, ImageUser } from '../../src/model/image.ts'
import type { Orphan } from '../../src/model/orphan.ts'
import type { GameUsage } from '../../src/model/usage.ts'
import type { PlayerDesk } from '../../src/proxy/player-desk.ts'
import { servedDocument } from '../../script/generate/openapi.ts'
import { type OpenApiJudge, openApiJudge } from '../support/openapi-judge.ts'
import { freshDatabase } from '../support/postgres.ts'

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly type: string
  // Tests look into it with matchers.
  readonly body: Readonly<Record<string, unknown>>
}

export interface ApiUnderTest {
  readonly url: string
  /** The local one, an admin's. */
  readonly token: string
  readonly pool: DatabasePool
  readonly view: FakeView
  /** As the API was started with. */
  readonly options: ApiOptions
  /** With the token unless headers say otherwise. @throws where the answer is not as the OpenAPI document has it */
  call(method: string, path: string, body?: unknown, headers?: Readonly<Record<string, string>>): Promise<Answer>
  stop(): Promise<void>
}

/** What only a running controller knows, told by the test. */
export interface FakeView extends ControllerView {
  leads: boolean
  dockerOk: boolean
  readonly plannedFor: (DesiredGame | undefined)[]
  /** What containers use, and how often Docker was asked. */
  usages: GameUsage[]
  usagesAsked: number
  /** Containers that are left alone. */
  orphanage: Orphan[]
  lookedAfterAdopted: number
  /** What a container writes; null: there is none. */
  logs: ((options: LogOptions, signal: AbortSignal) => AsyncIterable<Uint8Array>) | null
  /** What a comparison finds; null: nothing. */
  comparison: Comparison | null
  /** Who asks engines; without one, this is a standby. */
  desk: PlayerDesk | null
  /** The host's images and containers. */
  readonly host: { images: HostImage[]; containers: ImageUser[] }
}

export interface ApiSettings {
  readonly env?: Readonly<Record<string, string>>
  readonly log?: Log
}

/** Tests ask faster than anybody should. */
const UNLIMITED = { GALAXY_API_REQUESTS_PER_SECOND: '1000000', GALAXY_API_REQUEST_BURST: '1000000' }

/** The API over a database of its own. */
export async function startApiUnderTest({ env = {}, log = createLog('silent') }: ApiSettings = {}): Promise<ApiUnderTest> {
  const database = await freshDatabase(inject('postgresUrl'))
  const pool = openPool({ url: database.url, applicationName: 'galaxy-api-test', max: 4 })
  await pool.db
    .insertInto('engine_versions')
    .values(['1.0.0', '1.0.1'].map((version) => ({ version })))
    .execute()
  const view = fakeView()
  const judge = openApiJudge(await servedDocument())
  const stop = new AbortController()
  const token = createToken()
  const { config } = loadConfig({ env: { GALAXY_API_PORT: '0', ...UNLIMITED, ...env }, cwd: inject('runFolder') })
  const { scrape } = createMetrics('default', () => null)
  const options: ApiOptions = {
    config,
    db: pool.db,
    databaseUrl: database.url,
    view,
    scrape,
    localTokenHash: hashToken(token),
    signal: stop.signal,
    log,
  }
  const api: Api = await startApi(options)
  return {
    url: api.url,
    token,
    pool,
    view,
    options,
    call: async (method, path, body, headers = { authorization: `Bearer ${token}` }) => {
      const answer = await call(`${api.url}${path}`, method, body, headers)
      const fault = faultOf(judge, method, path, answer)
      if (fault !== null) throw new Error(fault)
      return answer
    },
    stop: async () => {
      stop.abort()
      await api.close()
      await pool.close()
      await database.drop()
    },
  }
}

/** Every answer to every test is held to the document; paths that it does not tell of are answered with a problem. */
function faultOf(judge: OpenApiJudge, method: string, path: string, answer: Answer): string | null {
  const listed = judge.operationAt(method, (path.split('?')[0] ?? '').replace('/api/v1', ''))
  if (listed !== null) return judge.faultOf(listed, answer)
  return answer.status >= 400 && answer.type.startsWith('application/problem+json;')
    ? null
    : `${method} ${path} answered ${answer.status} as ${answer.type}`
}

function fakeView(): FakeView {
  const plannedFor: (DesiredGame | undefined)[] = []
  const host: { images: HostImage[]; containers: ImageUser[] } = { images: [], containers: [] }
  return {
    host,
    leads: true,
    dockerOk: true,
    plannedFor,
    desk: null,
    isLeader() {
      return this.leads
    },
    readiness() {
      return [{ name: 'docker', ok: this.dockerOk, detail: this.dockerOk ? 'connected' : 'no answer' }]
    },
    async planFor(gameId, hypothetical): Promise<PlanAnswer> {
      plannedFor.push(hypothetical)
      return { text: `${gameId}: start`, actions: 2 }
    },
    async compare(gameId) {
      if (!this.leads) throw new RuntimeFailure('transient', 'service_unavailable', 'this process is on standby')
      return this.comparison ?? { differences: [], notes: [], reason: 'as it should be', plan: await this.planFor(gameId) }
    },
    comparison: null,
    confirmPrune: async () => ['game/old'],
    async openLogs(gameId, options, signal) {
      if (this.logs === null) throw new RuntimeFailure('transient', 'not_found', `game ${gameId} has no container now`)
      return this.logs(options, signal)
    },
    logs: null,
    usages: [],
    async usage() {
      if (!this.leads) throw new RuntimeFailure('transient', 'service_unavailable', 'this process is on standby')
      this.usagesAsked += 1
      return this.usages
    },
    usagesAsked: 0,
    hostImages: async () => host,
    orphanage: [],
    async orphans() {
      if (!this.leads) throw new RuntimeFailure('transient', 'service_unavailable', 'this process is on standby')
      return this.orphanage
    },
    lookedAfterAdopted: 0,
    async lookAfterAdopted() {
      this.lookedAfterAdopted += 1
    },
    async askAsPlayer(gameId, actor, call, signal) {
      if (this.desk === null) throw new RuntimeFailure('transient', 'service_unavailable', 'this process is on standby')
      return this.desk.ask(gameId, actor, call, signal)
    },
  }
}

async function call(url: string, method: string, body: unknown, headers: Readonly<Record<string, string>>): Promise<Answer> {
  const isRaw = typeof body === 'string'
  const response = await fetch(url, {
    method,
    headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
    ...(body !== undefined && { body: isRaw ? body : JSON.stringify(body) }),
  })
  const text = await response.text()
  return {
    status: response.status,
    headers: response.headers,
    type: response.headers.get('content-type') ?? '',
    body: text === '' ? {} : JSON.parse(text),
  }
}

/** A Game document as JSON. */
export function gameBody(name: string, spec: object = {}, labels: Readonly<Record<string, string>> = {}): object {
  return { apiVersion: 'galaxy.dev/v1alpha1', kind: 'Game', metadata: { name, labels }, spec: { engineVersion: '1.0.0', ...spec } }
}
