import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { z } from 'zod'
import type { LoadSetting } from './setting.ts'

/** What the operation log tells of the churn. */
export interface Operations {
  readonly succeeded: number
  /** By error code; one overtaken by a newer wish fails with `conflict`. */
  readonly failed: Readonly<Record<string, number>>
}

export async function operationsSince({ database }: LoadSetting, since: Date): Promise<Operations> {
  const { rows } = await database.pool.query<{ failed: string | null; count: number }>(
    `SELECT CASE status WHEN 'failed' THEN error_code END AS failed, count(*)::integer AS count
       FROM operation_log WHERE finished_at >= $1 GROUP BY 1`,
    [since],
  )
  const failed = rows.flatMap(({ failed, count }) => (failed === null ? [] : [[failed, count] as const]))
  return { succeeded: rows.find((row) => row.failed === null)?.count ?? 0, failed: Object.fromEntries(failed) }
}

const lineShape = z.object({ level: z.string(), msg: z.string() })

/** Messages of the controller's log at level error, which a defect of its own is told at. */
export async function loggedErrors({ logFile }: LoadSetting): Promise<readonly string[]> {
  const messages: string[] = []
  for await (const line of createInterface({ input: createReadStream(logFile) })) {
    const { level, msg } = lineShape.parse(JSON.parse(line))
    if (level === 'error' || level === 'fatal') messages.push(msg)
  }
  return messages
}
