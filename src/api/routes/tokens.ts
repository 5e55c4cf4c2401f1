import type { Kysely } from 'kysely'
import { z } from 'zod'
import type { Database } from '../../database/tables.ts'
import { ROLES } from '../../model/role.ts'
import { callerOf } from '../access.ts'
import { newToken, revoked, tokenDryRun, tokenList } from '../answers/token.ts'
import { LOCAL } from '../gate.ts'
import { parseLifetime } from '../lifetime.ts'
import { ApiProblem } from '../problem.ts'
import { dryRunQuery, noQuery } from '../requests.ts'
import type { ApiServer } from '../server.ts'
import { createToken, hashToken } from '../token.ts'
import { createTokenRow, hasToken, listTokens, revokeToken, type TokenAnswer } from '../token-store.ts'

/** `token` is the secret, told this once. */
export type NewTokenAnswer = { readonly kind: 'Token'; readonly token: string } & TokenAnswer

const NAME = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/
const name = z
  .string()
  .regex(NAME, 'is no name of lower-case letters, digits and hyphens, at most 63')
  .refine((text) => text !== LOCAL, `${LOCAL} is the token in the controller's own token file`)
const params = z.strictObject({ name: name.describe('The token’s name.') })
const expiresIn = z.string().transform((text, context) => {
  const lifetimeS = parseLifetime(text)
  if (lifetimeS !== null) return lifetimeS
  context.addIssue({ code: 'custom', message: 'is no time such as 30d, 12h or 90m, at most 3650d' })
  return z.NEVER
})
const body = z
  .strictObject({ name, role: z.enum(ROLES), expiresIn: expiresIn.nullish().describe('Such as 30d; left out: until it is revoked.') })
  .meta({ examples: [{ name: 'ci', role: 'operator', expiresIn: '30d' }] })

/** Who may call this API (spec 5, "Auth"). */
export function tokenRoutes(app: ApiServer, db: Kysely<Database>): void {
  const config = { needs: 'admin' } as const
  const list = {
    operationId: 'listTokens',
    tags: ['tokens'],
    summary: 'Tokens that were not revoked, by name',
    querystring: noQuery,
    response: { 200: tokenList },
  } as const
  app.get('/admin/tokens', { config, schema: list }, async () => ({
    kind: 'TokenList' as const,
    metadata: { continue: null },
    items: await listTokens(db),
  }))

  const creation = {
    operationId: 'createToken',
    tags: ['tokens'],
    summary: 'Makes a token; its secret is in the answer, this once',
    querystring: dryRunQuery,
    body,
    response: { 200: tokenDryRun, 201: newToken },
    refuses: ['conflict'],
  } as const
  app.post('/admin/tokens', { config, schema: creation }, async ({ body, query, caller }, reply) => {
    const { name, role } = body
    if (query.dryRun) {
      if (await hasToken(db, name)) throw nameTaken(name)
      return { kind: 'DryRun' as const, name, role }
    }
    const token = createToken()
    const asked = { name, role, hash: hashToken(token), lifetimeS: body.expiresIn ?? null, createdBy: callerOf({ caller }).name }
    const row = await createTokenRow(db, asked)
    if (row === null) throw nameTaken(name)
    const answer: NewTokenAnswer = { kind: 'Token', ...row, token }
    return reply.status(201).header('cache-control', 'no-store').send(answer)
  })

  const revocation = {
    operationId: 'revokeToken',
    tags: ['tokens'],
    summary: 'Lets nobody in by this token any more',
    params,
    querystring: dryRunQuery,
    response: { 200: revoked },
    refuses: ['not_found'],
  } as const
  app.delete('/admin/tokens/:name', { config, schema: revocation }, async ({ params, query, caller }) => {
    const { name } = params
    const isThere = await (query.dryRun ? hasToken(db, name) : revokeToken(db, name, callerOf({ caller }).name))
    if (!isThere) throw new ApiProblem('not_found', `there is no token ${name}`)
    return { kind: query.dryRun ? ('DryRun' as const) : ('Revoked' as const), metadata: { name } }
  })
}

function nameTaken(name: string): ApiProblem {
  return new ApiProblem('conflict', `there is a token ${name} already; revoke it first, or take another name`)
}
