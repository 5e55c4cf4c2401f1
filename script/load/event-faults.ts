import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import type { LoadSetting } from './setting.ts'

/** Events that came to harm, by what happened to them. */
export interface EventFaults {
  readonly lost: number
  readonly doubled: number
  readonly late: number
  /** Times that all streams were cut. */
  readonly cuts: number
}

const KINDS = { lose: 'lost', double: 'doubled', late: 'late' } as const
const SHARES = ['lose', 'lose', 'lose', 'double', 'late'] as const
/** Rules that stand at a time, each until it has struck. */
const STANDING = 10
const LOOK_MS = 1_000
const CUT_EVERY_LOOKS = 30

const rulesShape = z.array(
  z.object({
    id: z.number(),
    struck: z.number(),
    rule: z.object({ times: z.number(), do: z.object({ kind: z.enum(SHARES) }) }),
  }),
)

/** Harms the containers' events until `untilMs` (of `performance.now()`), then no more. */
export async function harmEvents({ simulator, signal }: LoadSetting, untilMs: number): Promise<EventFaults> {
  const harm = { lost: 0, doubled: 0, late: 0, cuts: 0 }
  for (let look = 1; ; look += 1) {
    const isLast = performance.now() >= untilMs
    const rules = rulesShape.parse(await simulator.control('GET', 'rules'))
    const ended = rules.filter(({ struck, rule }) => isLast || struck === rule.times)
    for (const { id, struck, rule } of ended) {
      await simulator.control('DELETE', `rules/${id}`)
      harm[KINDS[rule.do.kind]] += struck
    }
    if (isLast) return harm
    for (let standing = rules.length - ended.length; standing < STANDING; standing += 1) await simulator.control('POST', 'rules', newRule())
    if (look % CUT_EVERY_LOOKS === 0) {
      await simulator.control('POST', 'cut-streams')
      harm.cuts += 1
    }
    await delay(LOOK_MS, undefined, { signal })
  }
}

function newRule(): object {
  const kind = SHARES[below(SHARES.length)] ?? 'lose'
  const fault = kind === 'late' ? { kind, ms: 100 + below(3_000) } : { kind }
  return { match: { event: '*' }, nth: 1 + below(60), times: 1 + below(3), do: fault }
}

function below(limit: number): number {
  return Math.floor(Math.random() * limit)
}
