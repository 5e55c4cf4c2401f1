import type { FastifyRequest } from 'fastify'
import type { Kysely } from 'kysely'
import type { Database } from '../database/tables.ts'
import type { Role } from '../model/role.ts'
import { ApiProblem } from './problem.ts'
import { type Rate, RateLimit } from './rate-limit.ts'
import { addressKey } from './remote-address.ts'
import { shareAnswers } from './shared-answer.ts'
import { bearerToken, hashToken, isSameHash } from './token.ts'
import { findToken, markAsUsed } from './token-store.ts'

/** The name of the token that a controller makes for its own command line; no other can have it. */
export const LOCAL = 'local'

/** Whose token came with a request. */
export interface Caller {
  /** Of its row, or `local`: a name may be given again. */
  readonly id: string
  readonly name: string
  readonly role: Role
}

export interface Gate {
  /**
   * Says who asks, and counts the request.
   * @throws ApiProblem `unauthorized` or `too_many_requests`; what the database throws, where the token is in it
   */
  identify(request: Pick<FastifyRequest, 'headers' | 'ip'>): Promise<Caller>
}

export interface GateOptions {
  readonly db: Kysely<Database>
  /** SHA-256 of the local token, which is known without the database. */
  readonly localTokenHash: Buffer
  /** For each token, and for what each address sends besides tokens that are known. */
  readonly rate: Rate
}

/**
 * Who is let into the API. A token that was good lately is limited by itself; anything else, right or wrong, by the address it
 * comes from. So guessing is slow and asks the database little, and hinders nobody at the same address whose token is in use.
 */
export function createGate({ db, localTokenHash, rate }: GateOptions): Gate {
  const tokens = new RateLimit(rate)
  const strangers = new RateLimit(rate)
  const lookUp = shareAnswers((key) => findToken(db, Buffer.from(key, 'base64')))

  return {
    async identify({ headers: { authorization }, ip }) {
      if (authorization === undefined) throw new ApiProblem('unauthorized', 'send "Authorization: Bearer <token>"')
      const token = bearerToken(authorization)
      if (token === null) throw refuse(ip)
      const hash = hashToken(token)
      if (!isSameHash(hash, localTokenHash)) return admit(hash, ip)
      take(tokens, LOCAL, `token ${LOCAL}`)
      return { id: LOCAL, name: LOCAL, role: 'admin' }
    },
  }

  async function admit(hash: Buffer, ip: string): Promise<Caller> {
    const key = hash.toString('base64')
    if (tokens.has(key)) take(tokens, key, 'this token')
    else take(strangers, addressKey(ip), 'this address')
    const known = await lookUp(key)
    if (known === null || known.expiredAt !== null) tokens.forget(key)
    if (known === null) throw unknownToken()
    const { id, name, role, expiredAt, isMarkedAsUsed } = known
    if (expiredAt !== null) throw new ApiProblem('unauthorized', `the token ${name} expired at ${expiredAt.toISOString()}`)
    if (!tokens.has(key)) tokens.take(key)
    if (!isMarkedAsUsed) await markAsUsed(db, id)
    return { id, name, role }
  }

  function refuse(ip: string): ApiProblem {
    take(strangers, addressKey(ip), 'this address')
    return unknownToken()
  }
}

/** One that was revoked is told as one that never was. */
function unknownToken(): ApiProblem {
  return new ApiProblem('unauthorized', 'the token is not known')
}

function take(limit: RateLimit, key: string, who: string): void {
  const waitMs = limit.take(key)
  if (waitMs === 0) return
  const retryAfterS = Math.ceil(waitMs / 1_000)
  throw new ApiProblem('too_many_requests', `${who} sends too many requests; try again in ${retryAfterS} s`, { retryAfterS })
}
