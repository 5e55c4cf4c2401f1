import { messageOf, RuntimeFailure } from '../model/errors.ts'
import { printable } from '../model/printable.ts'

const SHOWN_CHARACTERS = 1_000

/** Docker answered, and the answer is no. `message` is Docker's own text. */
export class DockerRefusal extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.name = 'DockerRefusal'
    this.status = status
  }
}

/** No answer within a call's deadline; what became of it is unknown. */
export class DockerDeadline extends RuntimeFailure {
  constructor(kind: string, deadlineMs: number) {
    super('transient', 'service_unavailable', `Docker did not answer ${kind} within ${deadlineMs} ms`)
  }
}

/** 404, whatever is missing. */
export function isMissing(error: unknown): error is DockerRefusal {
  return error instanceof DockerRefusal && error.status === 404
}

/** 304: it already is in the state that was asked for. */
export function isUnchanged(error: unknown): error is DockerRefusal {
  return error instanceof DockerRefusal && error.status === 304
}

/**
 * What docker-modem throws, told apart: an answer of the daemon becomes a `DockerRefusal`, a full disk and a daemon that
 * can't be reached become failures.
 */
export function fromModem(error: unknown, doing: string): DockerRefusal | RuntimeFailure {
  const { statusCode, json } = fieldsOf(error)
  if (statusCode === null)
    return new RuntimeFailure('transient', 'service_unavailable', `Docker can't be reached (${doing}): ${printable(messageOf(error))}`, {
      cause: error,
    })
  // What a registry or an image says comes through the daemon as it is.
  const message = printable(textOf(json) ?? withoutPrefix(messageOf(error)), SHOWN_CHARACTERS)
  return diskFull(message) ?? new DockerRefusal(statusCode, message)
}

/** Set when Docker's text tells of a full disk; nothing but room helps then. */
export function diskFull(message: string): RuntimeFailure | null {
  if (!/no space left on device/i.test(message)) return null
  return new RuntimeFailure('transient', 'service_unavailable', `the disk of the Docker host is full: ${message}`)
}

/** A refusal that no rule of the caller knows: told as Docker told it, and tried again later. */
export function unexpected(error: unknown, doing: string): unknown {
  if (!(error instanceof DockerRefusal)) return error
  return new RuntimeFailure('transient', 'service_unavailable', `Docker refused to ${doing} (${error.status}): ${error.message}`, {
    cause: error,
  })
}

function fieldsOf(error: unknown): { readonly statusCode: number | null; readonly json: unknown } {
  if (typeof error !== 'object' || error === null) return { statusCode: null, json: null }
  const statusCode = 'statusCode' in error && typeof error.statusCode === 'number' ? error.statusCode : null
  return { statusCode, json: 'json' in error ? error.json : null }
}

/** Of a refused stream the modem keeps Docker's text in its own message only. */
function withoutPrefix(message: string): string {
  return message.replace(/^\(HTTP code \d+\) .*? - /, '').trim()
}

function textOf(json: unknown): string | null {
  if (typeof json !== 'object' || json === null || !('message' in json)) return null
  return typeof json.message === 'string' ? json.message.trim() : null
}
