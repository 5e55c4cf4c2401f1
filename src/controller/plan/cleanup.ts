import type { PlanInput } from './input.ts'
import type { Wanted } from './operations.ts'

export interface Cleanup {
  /** Epoch ms. */
  readonly dueMs: number
  readonly wanted: Wanted
  readonly reason: string
}

/** When and why the containers of a game at rest go: at once where it was asked for or has begun, else after their time. */
export function cleanupOf(input: PlanInput, rest: 'stopped' | 'finished'): Cleanup {
  const wanted = { op: 'reconcile', detail: 'cleanup' } as const
  if (isAskedFor(input)) return { dueMs: 0, wanted, reason: `${rest}, and its cleanup was asked for` }
  const hasBegun = input.openOperation?.detail === 'cleanup'
  return {
    dueMs: hasBegun ? 0 : (input.record?.lastOpAt.getTime() ?? 0) + input.policy.cleanupTtlMs,
    wanted: { ...wanted, source: 'reconciler' },
    reason: `${rest} for longer than the cleanup time`,
  }
}

export function isAskedFor({ queued, desired }: Pick<PlanInput, 'queued' | 'desired'>): boolean {
  return queued.some(({ detail, generation }) => detail === 'cleanup' && generation <= (desired?.generation ?? 0))
}
