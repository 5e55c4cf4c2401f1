import type { IncomingMessage } from 'node:http'
import type { ApiAddress } from '../api/address-file.ts'
import type { Operations, Problem, ProblemDetail } from './api-types.ts'
import { CliError, EXIT } from './exit.ts'
import { startOne } from './typed.ts'
import { whatNext } from './what-next.ts'

/** What a call takes and brings, by the API's own document. */
export type RequestOf<Name extends keyof Operations> = Operations[Name]['request']
export type AnswerOf<Name extends keyof Operations> = Operations[Name]['answer']

export interface ApiClient {
  readonly url: string
  /**
   * @param name method and path below `/api/v1`, as `GET /games/{id}`
   * @throws ApiFailure for a problem document; CliError when no controller answers
   */
  call<Name extends keyof Operations>(name: Name, request: RequestOf<Name>, signal?: AbortSignal): Promise<AnswerOf<Name>>
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

  /** @param operation as `call` names it */
  constructor(status: number, problem: ProblemDocument, operation: string) {
    const detail = problem.detail ?? problem.title ?? `the API answered ${status}`
    const next = whatNext(status, operation, detail)
    super(next === null ? detail : `${detail}; ${next}`)
    this.name = 'ApiFailure'
    this.status = status
    this.code = problem.code ?? 'internal_error'
    this.details = problem.errors ?? []
  }
}

/** Another release's, or another program's, may lack any of it. */
type ProblemDocument = Partial<Problem>

/** @param whenSilent what to do where nobody answers */
export function connectClient({ url, token }: ApiAddress, whenSilent = startOne()): ApiClient {
  const server: Server = { url: url.replace(/\/+$/, ''), token, whenSilent }
  return {
    url,
    // The answers' types are those of this release's own API; another release's are a superset of them.
    call: async (name, request, signal) => send(server, sentOf(name, request), signal),
    open: async (name, request, signal) => openAnswer(server, sentOf(name, request), signal),
  }
}

interface Server extends ApiAddress {
  readonly whenSilent: string
}

function sentOf(name: string, { path: inPath = {}, query = {}, headers = {}, body }: AnyRequest): Sent {
  const [method = '', path = ''] = name.split(' ')
  return { name, method, path: `/api/v1${filled(path, inPath)}${queryText(given(query))}`, headers: given(headers), body }
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
  /** As it was called. */
  readonly name: string
  readonly method: string
  /** With the query. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: unknown
}

const ANSWER_TIMEOUT_MS = 90_000

async function send(server: Server, { name, method, path, headers: more, body }: Sent, signal?: AbortSignal): Promise<unknown> {
  const request = await requesterFor(server)
  const payload = body === undefined ? undefined : JSON.stringify(body)
  const headers = {
    ...more,
    authorization: `Bearer ${server.token}`,
    ...(payload !== undefined && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(payload) }),
  }
  return new Promise((resolve, reject) => {
    const settings = { method, headers, timeout: ANSWER_TIMEOUT_MS, ...(signal !== undefined && { signal }) }
    const call = request(`${server.url}${path}`, settings, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        const answer = parseJson(Buffer.concat(chunks).toString('utf8'))
        const status = response.statusCode ?? 0
        if (status >= 200 && status < 300) resolve(answer)
        else reject(new ApiFailure(status, asProblem(answer), name))
      })
    })
    call.on('timeout', () => call.destroy(new Error('it does not answer in time')))
    call.on('error', (error: NodeJS.ErrnoException) => reject(noController(server, error)))
    call.end(payload)
  })
}

/** No deadline but the server's own: a quiet answer is no broken one. */
async function openAnswer(server: Server, { name, method, path, headers }: Sent, signal?: AbortSignal): Promise<IncomingMessage> {
  const request = await requesterFor(server)
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const settings = { method, headers: { ...headers, authorization: `Bearer ${server.token}` }, ...(signal !== undefined && { signal }) }
    const call = request(`${server.url}${path}`, settings, resolve)
    call.on('error', (error: NodeJS.ErrnoException) => reject(noController(server, error)))
    call.end()
  })
  const status = answer.statusCode ?? 0
  if (status >= 200 && status < 300) return answer
  const chunks: Buffer[] = []
  for await (const chunk of answer) chunks.push(chunk)
  throw new ApiFailure(status, asProblem(parseJson(Buffer.concat(chunks).toString('utf8'))), name)
}

/** `node:http` rather than fetch, which takes four times as long to load. */
async function requesterFor({ url }: Server) {
  const { request } = url.startsWith('https:') ? await import('node:https') : await import('node:http')
  return request
}

function noController({ url, whenSilent }: Server, error: NodeJS.ErrnoException): CliError {
  return new CliError(`no controller answers at ${url} (${error.code ?? error.message}); ${whenSilent}`, EXIT.noController, {
    cause: error,
  })
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
