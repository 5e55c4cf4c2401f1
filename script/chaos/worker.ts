// One process of `npm run chaos`: is sent seeds, answers each with its verdict, and ends with its channel.
import { runHistory } from '../../test/chaos/history.ts'
import type { Outcome } from './workers.ts'

const postgresUrl = process.env['CHAOS_POSTGRES_URL'] ?? ''

process.on('message', ({ seed }: { readonly seed: number }) => void judge(seed).then((outcome) => process.send?.(outcome)))
process.once('disconnect', () => process.exit())

async function judge(seed: number): Promise<Outcome> {
  try {
    return { kind: 'judged', seed, verdict: await runHistory({ seed, postgresUrl }) }
  } catch (error) {
    return { kind: 'broke', seed, error: error instanceof Error ? (error.stack ?? error.message) : String(error) }
  }
}
