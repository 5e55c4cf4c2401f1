import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { v7 as uuid } from 'uuid'
import { ApiProblem, problemDocument } from './problem.ts'

const TOO_LATE = 408

/** Answers what is no HTTP request, and so reaches no route, hook or gate; then the connection ends. */
export function refuseUnreadable(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy()
  const { status, detail } = refusalOf(error.code)
  const body = JSON.stringify(problemDocument(new ApiProblem('invalid_request', detail, { status }), uuid()))
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'content-type: application/problem+json; charset=utf-8',
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`)
  // Whoever was too slow to ask is not waited for any longer; others may still be sending, and would miss the answer over a reset.
  if (status === TOO_LATE) socket.destroySoon()
}

function refusalOf(code: string | undefined) {
  switch (code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return { status: TOO_LATE, detail: 'the request did not arrive in time' }
    case 'HPE_HEADER_OVERFLOW':
      return { status: 431, detail: 'the headers are too long' }
    default:
      return { status: 400, detail: 'this is no HTTP request' }
  }
}
