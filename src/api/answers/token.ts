import { z } from 'zod'
import { ROLES } from '../../model/role.ts'
import { listOf, time, word } from './parts.ts'

const token = z
  .object({
    name: z.string(),
    role: word(ROLES),
    createdAt: time,
    createdBy: z.string(),
    expiresAt: time.nullable(),
    lastUsedAt: time.nullable(),
  })
  .meta({ id: 'Token', description: 'A token, without its secret.' })

export const tokenList = listOf('TokenList', token).meta({ id: 'TokenList' })

export const newToken = token
  .extend({ kind: z.literal('Token'), token: z.string().describe('The secret, told this once.') })
  .meta({ id: 'NewToken' })

export const tokenDryRun = z.object({ kind: z.literal('DryRun'), name: z.string(), role: z.enum(ROLES) }).meta({ id: 'TokenDryRun' })

export const revoked = z
  .object({ kind: z.enum(['Revoked', 'DryRun']), metadata: z.object({ name: z.string() }) })
  .meta({ id: 'RevokedToken' })
