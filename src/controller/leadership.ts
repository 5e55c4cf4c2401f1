import type { Kysely } from 'kysely'
import type { Logger } from 'pino'
import { acquireLease, releaseLease, renewLease } from '../database/lease.ts'
import type { Database } from '../database/tables.ts'
import { messageOf, RuntimeFailure } from '../model/errors.ts'
import { pause } from '../pause.ts'

export interface LeadershipOptions {
  /** Not fenced: it is what the fence asks. */
  readonly db: Kysely<Database>
  readonly instance: string
  /** Who holds it, for operators: host and process. */
  readonly holder: string
  readonly leaseMs: number
  readonly renewMs: number
  readonly staleAfterMs: number
  /** One term: from taking the lease until its signal aborts. Its end releases the lease. */
  runTerm(term: Term): Promise<void>
  readonly observer?: LeadershipObserver | undefined
  readonly log: Logger
  readonly signal: AbortSignal
}

/** Told of the lease, for metrics. Must not throw. */
export interface LeadershipObserver {
  leaseTaken(epoch: number): void
  leaseRenewed(): void
  /** Tried again for as long as the lease lasts. */
  renewalFailed(): void
  leaseLost(): void
  /** Lost or given back: this process is on standby again. */
  termEnded(): void
}

/** The observed world is complete: statuses say what is, but for these games, which nobody has looked at yet. Null in its place: nothing is known. */
export interface Testimony {
  readonly unseen: readonly string[]
}

export interface Term {
  readonly epoch: number
  /** Aborts when the lease is lost, or the controller stops. */
  readonly signal: AbortSignal
  /** @throws RuntimeFailure when too little of the lease remains to begin a call */
  assertMayAct(): void
  /** How to tell what a renewal can vouch for (S8). */
  vouch(testimony: () => Testimony | null): void
  /** Renews now: the world has just become known, and statuses need not stay `Unknown` until the next renewal. */
  renewSoon(): void
}

class LeaseLost extends Error {
  override readonly name = 'LeaseLost'
}

/** Whether a term's signal aborted because somebody else may hold the lease by now, and not because the controller stops. */
export function isLeaseLost(signal: AbortSignal): boolean {
  return signal.reason instanceof LeaseLost
}

/** No call is begun in the last fifth of a lease: it could still be under way when the next holder acts. */
const MARGIN_SHARE = 0.2

/**
 * Contends for the instance's lease and runs one term after the other while it is held (spec 3, "Leadership").
 *
 * *standby* → (lease taken, new epoch) → *active* → (not renewed in time, or refused) → *standby*. The database's clock says
 * when a lease ends; here only the time since the last renewal was *asked for* counts, by a clock that no one can set, so this
 * side always gives up first.
 */
export async function runLeadership(options: LeadershipOptions): Promise<void> {
  const { signal, renewMs, log } = options
  while (!signal.aborted) {
    const askedAt = performance.now()
    try {
      const epoch = await acquireLease(options.db, {
        instance: options.instance,
        holder: options.holder,
        ttlMs: options.leaseMs,
        staleAfterMs: options.staleAfterMs,
      })
      if (epoch !== null) await holdLease(options, epoch, askedAt)
    } catch (error) {
      log.warn({ error: messageOf(error) }, 'lease cannot be asked for')
    }
    await pause(renewMs / 2, signal)
  }
}

async function holdLease(options: LeadershipOptions, epoch: number, askedAt: number): Promise<void> {
  const { log, leaseMs, instance, observer } = options
  const lost = new AbortController()
  const signal = AbortSignal.any([options.signal, lost.signal])
  let validUntil = askedAt + leaseMs
  let testify = (): Testimony | null => null
  const hurry = createAlarm()
  const term: Term = {
    epoch,
    signal,
    assertMayAct: () => {
      if (signal.aborted || performance.now() > validUntil - leaseMs * MARGIN_SHARE) {
        throw new RuntimeFailure('transient', 'service_unavailable', 'too little of the lease remains to begin a call')
      }
    },
    vouch: (testimony) => {
      testify = testimony
    },
    renewSoon: () => hurry.wake(),
  }
  log.info({ instance, epoch }, 'lease taken')
  observer?.leaseTaken(epoch)
  const renewing = keepRenewing(options, epoch, signal, {
    testify: () => testify(),
    alarm: hurry,
    validUntil: () => validUntil,
    extend: (until) => {
      validUntil = until
    },
  })
    .catch((error: unknown) => {
      log.warn({ instance, epoch, error: messageOf(error) }, 'lease lost')
      observer?.leaseLost()
      lost.abort(new LeaseLost(`epoch ${epoch} is over`, { cause: error }))
    })
    .finally(() => lost.abort())
  try {
    await options.runTerm(term)
  } finally {
    lost.abort()
    await renewing
    observer?.termEnded()
    await releaseLease(options.db, { instance, epoch }).catch((error: unknown) =>
      log.warn({ error: messageOf(error) }, 'lease not released; it expires by itself'),
    )
  }
}

interface Validity {
  readonly alarm: Alarm
  testify(): Testimony | null
  validUntil(): number
  extend(until: number): void
}

/** Resolves when the signal aborts; throws when the lease is gone. */
async function keepRenewing(
  { db, instance, leaseMs, renewMs, log, observer }: LeadershipOptions,
  epoch: number,
  signal: AbortSignal,
  validity: Validity,
): Promise<void> {
  while (!signal.aborted) {
    await validity.alarm.sleep(renewMs, signal)
    if (signal.aborted) return
    const askedAt = performance.now()
    if (askedAt > validity.validUntil()) throw new Error(`epoch ${epoch} was not renewed in time`)
    try {
      const isHeld = await renewLease(db, { instance, epoch, ttlMs: leaseMs, testimony: validity.testify() })
      if (!isHeld) throw new RuntimeFailure('conflict', 'conflict', `epoch ${epoch} is over`)
      validity.extend(askedAt + leaseMs)
      observer?.leaseRenewed()
    } catch (error) {
      observer?.renewalFailed()
      if (error instanceof RuntimeFailure || performance.now() > validity.validUntil()) throw error
      log.warn({ instance, epoch, error: messageOf(error) }, 'lease not renewed yet')
    }
  }
}

interface Alarm {
  sleep(ms: number, signal: AbortSignal): Promise<void>
  /** Ends the sleep under way. */
  wake(): void
}

function createAlarm(): Alarm {
  let rouse = new AbortController()
  return {
    sleep: async (ms, signal) => {
      await pause(ms, AbortSignal.any([signal, rouse.signal]))
      rouse = new AbortController()
    },
    wake: () => rouse.abort(),
  }
}
