import { z } from 'zod'

export const alive = z.object({ ok: z.literal(true) }).meta({ id: 'Liveness' })

const check = z.object({ name: z.string(), ok: z.boolean(), detail: z.string() })

export const readiness = z
  .object({
    ok: z.boolean(),
    leader: z.boolean().optional().describe('Whether this controller is the active one. With `?verbose` and a token.'),
    checks: z.array(check).readonly().optional().describe('With `?verbose` and a token.'),
  })
  .meta({ id: 'Readiness' })
