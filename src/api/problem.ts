import type { FastifyReply } from 'fastify'
import { classifyDatabaseError } from '../database/errors.ts'
import { messageOf, RuntimeFailure } from '../model/errors.ts'
import { ERROR_CODES } from '../model/operation.ts'

/** Error codes of the HTTP door: the operations' own, and what only a door can say (spec 1, "Wire vocabulary"). */
export const PROBLEM_CODES = [
  ...ERROR_CODES,
  'invalid_request',
  'unauthorized',
  'forbidden',
  'precondition_failed',
  'gone',
  'too_many_requests',
] as const
export type ProblemCode = (typeof PROBLEM_CODES)[number]

/** The HTTP status that says a code best. */
export const STATUS: Readonly<Record<ProblemCode, number>> = {
  invalid_request: 400,
  unauthorized: 401,
  forbidden: 403,
  not_found: 404,
  conflict: 409,
  gone: 410,
  precondition_failed: 412,
  start_config_invalid: 422,
  patch_semver_incompatible: 422,
  image_pull_failed: 422,
  container_start_failed: 422,
  too_many_requests: 429,
  internal_error: 500,
  engine_unreachable: 502,
  service_unavailable: 503,
}

export const TITLE: Readonly<Record<ProblemCode, string>> = {
  invalid_request: 'The request is not valid',
  unauthorized: 'A valid token is needed',
  forbidden: 'The token does not allow this',
  not_found: 'Not found',
  conflict: 'The request conflicts with what is there',
  gone: 'No longer available',
  precondition_failed: 'It changed since it was read',
  start_config_invalid: 'The game can’t be started like this',
  patch_semver_incompatible: 'The versions are not compatible',
  image_pull_failed: 'The image can’t be pulled',
  container_start_failed: 'The container does not start',
  too_many_requests: 'Too many requests',
  internal_error: 'An error of this program',
  engine_unreachable: 'The engine does not answer',
  service_unavailable: 'Not available right now',
}

/** One thing that is wrong with a request; which of the places it has depends on what was sent. */
export interface ProblemDetail {
  readonly file?: string
  readonly line?: number
  readonly column?: number
  /** Dotted path of the field. */
  readonly field?: string
  readonly message: string
}

/** A failure that the caller is told as an RFC 9457 problem document. */
export class ApiProblem extends Error {
  readonly code: ProblemCode
  /** HTTP status, when the code's own does not say it well enough. */
  readonly status: number
  readonly errors: readonly ProblemDetail[]
  /** Seconds after which another attempt makes sense; null where nobody knows. */
  readonly retryAfterS: number | null

  constructor(
    code: ProblemCode,
    detail: string,
    options: {
      readonly errors?: readonly ProblemDetail[]
      readonly status?: number
      readonly retryAfterS?: number
      readonly cause?: unknown
    } = {},
  ) {
    super(detail, { cause: options.cause })
    this.name = 'ApiProblem'
    this.code = code
    this.status = options.status ?? STATUS[code]
    this.errors = options.errors ?? []
    this.retryAfterS = options.retryAfterS ?? (this.status === 503 ? 1 : null)
  }
}

/** What anything thrown means to the caller. Of an error nobody foresaw, nothing but its existence is told. */
export function toProblem(error: unknown): ApiProblem {
  if (error instanceof ApiProblem) return error
  if (error instanceof RuntimeFailure) return new ApiProblem(error.code, messageOf(error), { cause: error })
  return fromFastify(error) ?? fromDatabase(error)
}

export function sendProblem(reply: FastifyReply, problem: ApiProblem): FastifyReply {
  if (problem.status === 401) reply.header('www-authenticate', 'Bearer realm="galaxy"')
  if (problem.retryAfterS !== null) reply.header('retry-after', String(problem.retryAfterS))
  return reply.status(problem.status).type('application/problem+json').send(problemDocument(problem, reply.request.id))
}

export function problemDocument({ code, status, message, errors }: ApiProblem, requestId: string) {
  return {
    type: `urn:galaxy:problem:${code}`,
    title: TITLE[code],
    status,
    detail: message,
    code,
    requestId,
    ...(errors.length > 0 && { errors }),
  }
}

/** What curl sends with `-d`, unless it is told otherwise, is a form. */
const NO_JSON = 'the body must be JSON, sent with "Content-Type: application/json"'

/** Fastify's own refusals: validation, body too large, wrong media type, broken JSON. */
function fromFastify(error: unknown): ApiProblem | null {
  if (!(error instanceof Error)) return null
  const status: unknown = Reflect.get(error, 'statusCode')
  const issues: unknown = Reflect.get(error, 'validation')
  if (typeof status !== 'number' || status < 400 || status >= 500) return null
  if (!Array.isArray(issues)) return new ApiProblem('invalid_request', status === 415 ? NO_JSON : error.message, { status, cause: error })
  const where: unknown = Reflect.get(error, 'validationContext')
  const errors = issues.map((issue) => describeIssue(issue, typeof where === 'string' ? where : 'request'))
  return new ApiProblem('invalid_request', errors.map(({ field, message }) => `${field}: ${message}`).join('; '), { errors, cause: error })
}

function describeIssue(
  issue: { readonly instancePath?: string; readonly message?: string },
  where: string,
): { field: string; message: string } {
  const field = (issue.instancePath ?? '')
    .split('/')
    .filter((part) => part !== '')
    .join('.')
  return { field: field === '' ? where : field, message: issue.message ?? 'not valid' }
}

function fromDatabase(error: unknown): ApiProblem {
  const failure = classifyDatabaseError(error)
  switch (failure.kind) {
    case 'conflict':
      return new ApiProblem('conflict', failure.hint === null ? failure.message : `${failure.message}; ${failure.hint}`, { cause: error })
    case 'invalid':
      return new ApiProblem('invalid_request', failure.message, { cause: error })
    case 'transient':
      return new ApiProblem('service_unavailable', 'the database can’t be reached right now', { cause: error })
    case 'stale_lease':
      return new ApiProblem('service_unavailable', 'this controller is no longer the active one', { cause: error })
    case 'not_permitted':
    case 'unknown':
      return new ApiProblem('internal_error', 'the request could not be served; the log says more under this requestId', { cause: error })
  }
}
