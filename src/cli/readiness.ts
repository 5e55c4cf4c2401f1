import { request } from 'node:http'
import { text } from 'node:stream/consumers'
import { z } from 'zod'
import type { ApiAddress } from '../api/address-file.ts'
import { messageOf } from '../model/errors.ts'

/** What became of asking a controller whether it is ready. */
export type Readiness =
  | { readonly kind: 'silent'; readonly why: string }
  /** Who listens there does not know this data folder's token: another folder's controller, or another program. */
  | { readonly kind: 'stranger' }
  /** `failing` names each check that is not met, with its detail; empty when the controller is ready. */
  | { readonly kind: 'answers'; readonly isLeader: boolean; readonly failing: readonly string[] }

const ANSWER_TIMEOUT_MS = 3_000

/** Asks `/readyz?verbose`, whose details only the controller that gave out this token tells. Never throws. */
export async function askReadiness(address: ApiAddress): Promise<Readiness> {
  try {
    const parsed = answerShape.safeParse(parseJson(await get(address)))
    if (!parsed.success) return { kind: 'stranger' }
    const failing = parsed.data.checks.filter(({ ok }) => !ok).map(({ name, detail }) => `${name}: ${detail}`)
    return { kind: 'answers', isLeader: parsed.data.leader, failing }
  } catch (error) {
    return { kind: 'silent', why: error instanceof Error && 'code' in error ? String(error.code) : messageOf(error) }
  }
}

const answerShape = z.object({
  leader: z.boolean(),
  checks: z.array(z.object({ name: z.string(), ok: z.boolean(), detail: z.string() })),
})

/** `node:http` because fetch refuses some ports that an API may well have. Whatever the status, the text of the answer. */
function get({ url, token }: ApiAddress): Promise<string> {
  return new Promise((resolve, reject) => {
    const deadline = AbortSignal.timeout(ANSWER_TIMEOUT_MS)
    const headers = { authorization: `Bearer ${token}` }
    const call = request(`${url}/readyz?verbose`, { headers, agent: false, signal: deadline }, (response) => {
      text(response).then(resolve, reject)
    })
    call.on('error', (error) => reject(deadline.aborted ? new Error(`no answer within ${ANSWER_TIMEOUT_MS / 1000} s`) : error))
    call.end()
  })
}

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return null
  }
}
