import { z } from 'zod'
import { ApiProblem } from './problem.ts'

/** For the document; what comes is read by `expectedVersion`. */
export const ifMatchHeader = z.object({
  'if-match': z.string().optional().describe('The `resourceVersion` that the write expects, such as "42"; any when left out.'),
})

/**
 * The resource version that a write expects; null when it expects none (RFC 9110, 13.1.1). Only strong validators of ours
 * are understood: anything else can't hold, and silently ignoring it would overwrite somebody's change.
 */
export function expectedVersion(header: string | undefined): string | null {
  if (header === undefined || header.trim() === '*') return null
  const version = /^"?(\d{1,18})"?$/.exec(header.trim())?.[1]
  if (version !== undefined) return version
  throw new ApiProblem('invalid_request', 'If-Match must be one resourceVersion, such as "42"')
}

/** @throws ApiProblem `precondition_failed` */
export function requireVersion(expected: string | null, found: number | null): void {
  if (expected !== null && expected !== String(found)) throw otherVersion(expected, found === null ? null : String(found))
}

/** @param found null where there is no such game */
export function otherVersion(expected: string, found: string | null): ApiProblem {
  const now = found === null ? 'it does not exist' : `its resourceVersion is ${found} now`
  return new ApiProblem('precondition_failed', `the game was expected at resourceVersion ${expected}, but ${now}`)
}
