import type { ServerResponse } from 'node:http'
import { readFilters } from '../calls/filters.ts'
import { Refusal } from '../calls/process.ts'
import type { Daemon } from '../daemon.ts'

/** `GET /events`: the past that is asked for, then what comes, until the caller goes, `until` is over or the stream is cut. */
export function followEvents(daemon: Daemon, query: URLSearchParams, response: ServerResponse): void {
  const filters = readFilters(query.get('filters'))
  const sinceNs = nanoseconds(query.get('since'))
  const untilNs = nanoseconds(query.get('until'))
  const untilMs = untilNs === null ? null : Number(untilNs / 1_000_000n)
  response.writeHead(200, { 'content-type': 'application/json' })
  response.flushHeaders()
  const leave = daemon.follow(
    filters,
    sinceNs,
    untilMs,
    (line) => response.write(line),
    () => response.end(),
  )
  response.on('close', leave)
}

/** Docker's timestamps: seconds, with up to nine digits behind the point. */
function nanoseconds(text: string | null): bigint | null {
  if (text === null || text === '') return null
  const match = /^(\d+)(?:\.(\d{1,9}))?$/.exec(text)
  if (match === null) throw new Refusal(500, `strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`)
  const [, seconds = '0', fraction = ''] = match
  return BigInt(seconds) * 1_000_000_000n + BigInt(fraction.padEnd(9, '0'))
}
