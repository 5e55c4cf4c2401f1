import type { IncomingMessage } from 'node:http'
import { type ApiAddress, addressFile, readAddress } from '../api/address-file.ts'
import type { Config } from '../config.ts'
import type { Operations, Problem, ProblemDetail } from './api-types.ts'
import { CliError, EXIT } from './exit.ts'
import { typed } from './typed.ts'

/** What a call takes and brings, by the API's own document. */
export type RequestOf<Name extends keyof Operations> = Operations[Name]['request']
export type AnswerOf<Name extends keyof Operations> = Operations[Name]['answer']

export interface ApiClient {
  readonly url: string
  /**
   * @param name method and path below `/api/v1`, as `GET /games/{id}`
   * @throws ApiFailure for a problem document; CliError when no controller answers
   */
  call<Name extends keyof Operations>(name: Name, request: RequestOf<Name>): Promise<AnswerOf<Name>>
  /**
   * An answer that goes on, in pieces as they come; aborting ends it.
   * @throws as `call`
   */
  open<Name extends keyof Operations>(name: Name, request: RequestOf<Name>, signal?: AbortSignal): Promise<AsyncIterable<Uint8Array>>
}

/** The API's own refusal. */
export class ApiFailure extends CliError {
  readonly status: number
  readonly code: string
  readonly details: readonly ProblemDetail[]

  constructor(status: number, problem: ProblemDocument) {
    super(problem.detail ?? problem.title ?? `the API answered ${status}`)
    this.name = 'ApiFailure'
    this.status = status
    this.code = problem.code ?? 'internal_error'
    this.details = problem.errors ?? []
  }
}

/** Another release's, or another program's, may lack any of it. */
type ProblemDocument = Partial<Problem>

/**
 * Opens the API that GALAXY_API_URL and GALAXY_TOKEN name; with the token alone, the one that is configured here; with neither,
 * that of the controller whose address file lies in the data folder.
 */
export async function openClient({ client: { url, token }, api, dataDir }: Config): Promise<ApiClient> {
  if (token !== null) return connectClient({ url: url ?? urlOf(api), token })
  return connectClient(await localAddress(dataDir))
}

/** The address file, which tells the port as well, belongs to the user who started the controller. */
function urlOf({ host, port }: Config['api']): string {
  if (port === 0) throw new CliError('GALAXY_API_PORT is any free one: say with GALAXY_API_URL where the API is', EXIT.usage)
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`
}

async function localAddress(dataDir: string): Promise<ApiAddress> {
  const address = await readAddress(dataDir).catch((error: NodeJS.ErrnoException) => {
    throw new CliError(
      `${addressFile(dataDir)} can't be read (${error.code}): run this as the user who started the controller, or set GALAXY_TOKEN`,
      EXIT.noController,
    )
  })
  if (address === null)
    throw new CliError(
      `no controller has been started from here (there is no ${addressFile(dataDir)}); start one with \`${typed('up')}\``,
      EXIT.noController,
    )
  return address
}

export function connectClient({ url, token }: ApiAddress): ApiClient {
  return {
    url,
    // The answers' types are those of this release's own API; another release's are a superset of them.
    call: async (name, request) => send({ url, token }, sentOf(name, request)),
    open: async (name, request, signal) => openAnswer({ url, token }, sentOf(name, request), signal),
  }
}

function sentOf(name: string, { path: inPath = {}, query = {}, headers = {}, body }: AnyRequest): Sent {
  const [method = '', path = ''] = name.split(' ')
  return { method, path: `${filled(path, inPath)}${queryText(given(query))}`, headers: given(headers), body }
}

interface AnyRequest {
  readonly path?: Values
  readonly query?: Values
  readonly headers?: Values
  readonly body?: unknown
}

type Values = Readonly<Record<string, string | number | boolean | undefined>>

function filled(path: string, values: Values): string {
  return path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(values[name])))
}

function queryText(values: Readonly<Record<string, string>>): string {
  const query = new URLSearchParams(values).toString()
  return query === '' ? '' : `?${query}`
}

/** As text, without what is undefined. */
function given(values: Values): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]])))
}

interface Sent {
  readonly method: string
  /** Below `/api/v1`, with the query. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: unknown
}

const ANSWER_TIMEOUT_MS = 90_000

/** `node:http` rather than fetch, which takes four times as long to load. */
async function send({ url, token }: ApiAddress, { method, path, headers: more, body }: Sent): Promise<unknown> {
  const { request } = url.startsWith('https:') ? await import('node:https') : await import('node:http')
  const payload = body === undefined ? undefined : JSON.stringify(body)
  const headers = {
    ...more,
    authorization: `Bearer ${token}`,
    ...(payload !== undefined && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(payload) }),
  }
  return new Promise((resolve, reject) => {
    const call = request(`${url.replace(/\/+$/, '')}/api/v1${path}`, { method, headers, timeout: ANSWER_TIMEOUT_MS }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        const answer = parseJson(Buffer.concat(chunks).toString('utf8'))
        const status = response.statusCode ?? 0
        if (status >= 200 && status < 300) resolve(answer)
        else reject(new ApiFailure(status, asProblem(answer)))
      })
    })
    call.on('timeout', () => call.destroy(new Error('it does not answer in time')))
    call.on('error', (error: NodeJS.ErrnoException) => reject(noController(url, error)))
    call.end(payload)
  })
}

/** No deadline but the server's own: a quiet answer is no broken one. */
async function openAnswer({ url, token }: ApiAddress, { method, path, headers }: Sent, signal?: AbortSignal): Promise<IncomingMessage> {
  const { request } = url.startsWith('https:') ? await import('node:https') : await import('node:http')
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const settings = { method, headers: { ...headers, authorization: `Bearer ${token}` }, ...(signal !== undefined && { signal }) }
    const call = request(`${url.replace(/\/+$/, '')}/api/v1${path}`, settings, resolve)
    call.on('error', (error: NodeJS.ErrnoException) => reject(noController(url, error)))
    call.end()
  })
  const status = answer.statusCode ?? 0
  if (status >= 200 && status < 300) return answer
  const chunks: Buffer[] = []
  for await (const chunk of answer) chunks.push(chunk)
  throw new ApiFailure(status, asProblem(parseJson(Buffer.concat(chunks).toString('utf8'))))
}

function noController(url: string, error: NodeJS.ErrnoException): CliError {
  return new CliError(
    `no controller answers at ${url} (${error.code ?? error.message}); start one with \`${typed('up')}\``,
    EXIT.noController,
    {
      cause: error,
    },
  )
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

/** Another program may listen there: what is no problem document says nothing. */
function asProblem(answer: unknown): ProblemDocument {
  // Only our own API answers with a code, and it has one form for it.
  return typeof answer === 'object' && answer !== null && 'code' in answer ? (answer as ProblemDocument) : {}
}
