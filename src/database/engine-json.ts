import { z } from 'zod'

/** JSON columns that say how an engine is run, in the registry and in accepted specs alike. */

const port = z.int().min(1).max(65_535)

export const probeSchema = z.union([
  z.strictObject({ http: z.strictObject({ path: z.string().startsWith('/'), port }) }),
  z.strictObject({ tcp: z.strictObject({ port }) }),
  z.strictObject({ docker: z.literal(true) }),
  z.strictObject({ none: z.literal(true) }),
])

export const publishSchema = z.array(
  z.strictObject({
    containerPort: port,
    hostPort: port,
    protocol: z.enum(['tcp', 'udp']).default('tcp'),
    hostIp: z.string().min(1).default('127.0.0.1'),
  }),
)

export const relaxSchema = z.strictObject({
  capAdd: z.array(z.string()).optional(),
  writableRoot: z.boolean().optional(),
  newPrivileges: z.boolean().optional(),
  noInit: z.boolean().optional(),
  user: z.string().optional(),
  tmpfs: z.array(z.string()).optional(),
})

export const commandSchema = z.array(z.string())

export const envSchema = z.record(z.string(), z.string())

/** One line of what is wrong, each problem with the path of its field. */
export function describeProblems(error: z.ZodError): string {
  return error.issues.map((issue) => [issue.path.join('.'), issue.message].filter((part) => part !== '').join(': ')).join('; ')
}
