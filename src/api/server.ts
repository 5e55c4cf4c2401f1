import fastify, {
  type FastifyBaseLogger,
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type RawServerDefault,
} from 'fastify'
import { validatorCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Kysely } from 'kysely'
import { v7 as uuid } from 'uuid'
import type { Config } from '../config.ts'
import type { Database } from '../database/tables.ts'
import type { Log } from '../log.ts'
import { messageOf, RuntimeFailure } from '../model/errors.ts'
import type { Scrape } from '../metrics/metrics.ts'
import { guardRoutes, pathOf } from './access.ts'
import { boundUnread } from './bound-unread.ts'
import { createGate, type Gate } from './gate.ts'
import { OpenStreams } from './open-streams.ts'
import type { ControllerView } from './ports.ts'
import { readJsonBodies } from './json-body.ts'
import { collectRoutes, PREFIX } from './openapi/route.ts'
import { ApiProblem, sendProblem, toProblem } from './problem.ts'
import { diffRoutes } from './routes/diff.ts'
import { refuseUnreadable } from './unreadable-request.ts'
import { documentationRoutes } from './routes/documentation.ts'
import { engineVersionRoutes } from './routes/engine-versions.ts'
import { explanationRoutes } from './routes/explanation.ts'
import { gameRoutes } from './routes/games.ts'
import { healthRoutes } from './routes/health.ts'
import { imageRoutes } from './routes/images.ts'
import { lifeRoutes } from './routes/life.ts'
import { logRoutes } from './routes/logs.ts'
import { manifestRoutes } from './routes/manifests.ts'
import { metricsRoute } from './routes/metrics.ts'
import { operationRoutes } from './routes/operations.ts'
import { orphanRoutes } from './routes/orphans.ts'
import { outboxRoutes } from './routes/outbox.ts'
import { patchGameRoutes } from './routes/patch-game.ts'
import { runtimeRoutes } from './routes/runtimes.ts'
import { tokenRoutes } from './routes/tokens.ts'
import { usageRoutes } from './routes/usage.ts'
import { userGameRoutes } from './routes/user-games.ts'
import { watchRoutes } from './routes/watch.ts'
import { WatchDesk } from './watch/watch-desk.ts'

export type ApiServer = FastifyInstance<RawServerDefault, IncomingMessage, ServerResponse, FastifyBaseLogger, ZodTypeProvider>

export interface ApiOptions {
  readonly config: Pick<Config, 'api' | 'images'>
  /** Its writes need no lease: the API writes desired state only. */
  readonly db: Kysely<Database>
  /** Where a watch LISTENs while somebody watches; never through a transaction pooler. */
  readonly databaseUrl: string
  readonly view: ControllerView
  /** All metrics of this process. */
  readonly scrape: () => Promise<Scrape>
  /** SHA-256 of the token for this controller's own command line, an admin's. */
  readonly localTokenHash: Buffer
  /** Ends waiting requests; `close` is still needed. */
  readonly signal: AbortSignal
  readonly log: Log
}

export interface Api {
  /** Where it really listens, e.g. `http://127.0.0.1:7420`. */
  readonly url: string
  /** Takes no more requests and waits for those under way. */
  close(): Promise<void>
}

/** What clients that are slow, on purpose or not, may take. */
export interface Patience {
  /** Until all of a request's headers have come. */
  readonly headersMs: number
  /** Until all of a request has come. */
  readonly requestMs: number
  /** How often these two are looked at. */
  readonly checkMs: number
  /** A connection on which nothing moves for so long ends; longer than any request waits for its answer. */
  readonly silentMs: number
  /** Of answers together that their readers have not taken. */
  readonly unreadBytes: number
}

const PATIENCE: Patience = { headersMs: 10_000, requestMs: 30_000, checkMs: 5_000, silentMs: 120_000, unreadBytes: 128 * 1024 ** 2 }
const BODY_LIMIT_BYTES = 1024 ** 2

/**
 * Starts the HTTP API (spec 5).
 * @throws when the address is taken, or reaches beyond this machine without `allowOpen`
 */
export async function startApi(options: ApiOptions): Promise<Api> {
  const { host, port, allowOpen } = options.config.api
  if (!allowOpen && !isLoopback(host)) throw new Error(openAddressMessage(host))
  const app = buildServer(options)
  try {
    const url = await app.listen({ host, port })
    return { url, close: () => app.close() }
  } catch (error) {
    await app.close()
    if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')
      throw new Error(portTakenMessage(host, port), { cause: error })
    throw error
  }
}

/** The API's routes behind their gate, not listening yet. */
export function buildServer(options: ApiOptions, patience: Patience = PATIENCE): ApiServer {
  const { config, db, view, scrape, localTokenHash, log } = options
  const { requestsPerSecond: perSecond, requestBurst: burst } = config.api
  const gate = createGate({ db, localTokenHash, rate: { perSecond, burst } })
  const app = fastify({
    bodyLimit: BODY_LIMIT_BYTES,
    requestTimeout: patience.requestMs,
    connectionTimeout: patience.silentMs,
    http: { headersTimeout: patience.headersMs, requestTimeout: patience.requestMs, connectionsCheckingInterval: patience.checkMs },
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: 200 },
    genReqId: () => uuid(),
    logger: false,
    // A path that the router can't read reaches no hook, so the token is asked for here too.
    clientErrorHandler: refuseUnreadable,
    frameworkErrors: (error, request, reply) => {
      void answerUnreadable(gate, error, request, reply)
    },
  }).withTypeProvider<ZodTypeProvider>()
  app.server.maxConnections = config.api.connections
  // Node's own answer would be a bare 417; to pay no heed is as good (RFC 9110, 10.1.1).
  app.server.on('checkExpectation', (request, response) => app.server.emit('request', request, response))
  app.setValidatorCompiler(validatorCompiler)
  // The compiler holds answers to their schemas; to parse each once more would cost a list of games most of its time.
  app.setSerializerCompiler(() => (answer) => JSON.stringify(answer))
  app.setErrorHandler((error, request, reply) => {
    const problem = toProblem(error)
    logProblem(log, error, problem, request)
    return sendProblem(reply, problem)
  })
  guardRoutes(app, gate, log)
  readJsonBodies(app)
  boundUnread(app, patience.unreadBytes)
  const routes = collectRoutes(app)
  app.setNotFoundHandler((request, reply) =>
    sendProblem(reply, new ApiProblem('not_found', `there is no ${request.method} ${pathOf(request)}`)),
  )
  app.register(async (scope: ApiServer) => healthRoutes(scope, view, gate))
  app.register(async (scope: ApiServer) => metricsRoute(scope, scrape, config.api.openMetrics ? 'nothing' : 'viewer'))
  app.register(async (scope: ApiServer) => versionedRoutes(scope, options), { prefix: PREFIX })
  app.register(async (scope: ApiServer) => documentationRoutes(scope, routes), { prefix: PREFIX })
  return app
}

function versionedRoutes(app: ApiServer, { config, db, view, signal, databaseUrl, log }: ApiOptions): void {
  const policy = { imageTemplate: config.images.template, allowedRegistries: config.images.allowedRegistries }
  gameRoutes(app, { db, view, policy })
  patchGameRoutes(app, { db, view, policy })
  diffRoutes(app, { db, view })
  operationRoutes(app, db, signal)
  runtimeRoutes(app, { db, view, policy, signal })
  orphanRoutes(app, { db, view, policy })
  lifeRoutes(app, db)
  explanationRoutes(app, db)
  const streams = new OpenStreams({ db, perToken: config.api.streamsPerToken, signal })
  logRoutes(app, { view, streams })
  usageRoutes(app, view)
  const onFault = (error: unknown): void => log.warn({ error: messageOf(error) }, 'changes cannot be read for those who watch')
  const desk = new WatchDesk({ db, url: databaseUrl, onFault })
  app.addHook('onClose', () => desk.close())
  watchRoutes(app, { desk, streams })
  userGameRoutes(app, { db, view, signal })
  outboxRoutes(app, db)
  manifestRoutes(app, { db, view, policy, signal })
  engineVersionRoutes(app, db, policy)
  imageRoutes(app, { db, view, policy })
  tokenRoutes(app, db)
}

/** What the caller can mend is the caller's alone; what was to be expected, as on a standby, needs no stack and nobody's attention. */
function logProblem(log: Log, error: unknown, problem: ApiProblem, { id: requestId, method, routeOptions }: FastifyRequest): void {
  const { status, code } = problem
  if (status < 500) return
  const fields = { requestId, method, route: routeOptions.url }
  if (code === 'internal_error') log.error({ err: problem.cause ?? error, ...fields }, 'request failed')
  else if (error instanceof ApiProblem || error instanceof RuntimeFailure)
    log.debug({ code, why: problem.message, ...fields }, 'request refused')
  else log.warn({ code, error: messageOf(error), ...fields }, 'request not served')
}

async function answerUnreadable(gate: Gate, error: FastifyError, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  try {
    await gate.identify(request)
    sendProblem(reply, unreadablePath(error))
  } catch (refusal) {
    sendProblem(reply, toProblem(refusal))
  }
}

/** Fastify's own words would repeat the path, however long it is. */
function unreadablePath({ code, statusCode }: FastifyError): ApiProblem {
  const detail = code === 'FST_ERR_MAX_PARAM_LENGTH' ? 'a part of the path is too long' : 'the path has a malformed percent escape'
  return new ApiProblem('invalid_request', detail, statusCode === undefined ? {} : { status: statusCode })
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host)
}

function openAddressMessage(host: string): string {
  return `The API would listen on ${host}, beyond this machine, where its token travels unencrypted.
Set GALAXY_API_HOST to 127.0.0.1 and reach it through a tunnel or a TLS proxy,
or set GALAXY_API_ALLOW_OPEN=true if the network can be trusted.`
}

function portTakenMessage(host: string, port: number): string {
  return `Another program listens on ${host}:${port}.
Set GALAXY_API_PORT to another port, or to 0 for any free one,
or end that program if it is another galaxy.`
}
