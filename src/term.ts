import type { Config } from './config.ts'
import { composeTerm, type Ingredients, type TermParts } from './compose.ts'
import { isLeaseLost, type Term, type Testimony } from './controller/leadership.ts'
import type { LoopDeps } from './controller/deps.ts'
import { every } from './clock.ts'
import { rememberedOf } from './controller/games.ts'
import { openContainers } from './controller/intents.ts'
import type { Log } from './log.ts'
import { messageOf } from './model/errors.ts'
import { type Delivery, deliverOutbox } from './outbox/deliver.ts'
import { loadQueued } from './record/load-queued.ts'
import { loadGames, type StoredGame } from './record/load.ts'
import { pruneHistory } from './record/retention.ts'
import { pruneWatchLog } from './record/watch-retention.ts'

export interface TermOptions extends Ingredients {
  /** Called when everything has been read and the loop is about to work. */
  onActive(active: ActiveTerm): void
}

/** What the doors may ask of the active controller. */
export type ActiveTerm = Pick<TermParts, 'deps' | 'loop' | 'world' | 'players' | 'hostImages' | 'learnAdopted' | 'openLogs' | 'usage'>

const POOL_SIZE = 8
/** Every reader of a status goes through this list. */
const MOST_UNSEEN = 100
/** A first look takes no longer than a call's deadline, and what comes after it. */
const BEGINNING_MS = 60_000
const HISTORY_INTERVAL_MS = 3_600_000
/** Soon enough that also a controller that is restarted every hour trims, and not while it has its start to do. */
const FIRST_HISTORY_MS = 60_000

/**
 * Runs one term: everything in it ends with the term's signal (spec 3, "Leadership"). Its connections carry the lease epoch,
 * so that the database itself refuses whatever they write once the lease is somebody else's.
 */
export async function runTerm(term: Term, options: TermOptions): Promise<void> {
  const { config, databaseUrl, identity, log, surroundings } = options
  const pool = surroundings.openPool({
    url: databaseUrl,
    applicationName: 'galaxy-controller',
    max: POOL_SIZE,
    session: { instance: identity.instance, leaseEpoch: term.epoch },
    onError: (error) => log.warn({ error: messageOf(error) }, 'database connection broke'),
  })
  // After a stop, aborts when the passes under way have ended, at the latest after half the stop deadline.
  const ended = new AbortController()
  const parts = composeTerm(term, options, pool.db, ended.signal)
  const delivery = startDelivery(options, pool.db, ended.signal)
  const trim = (): void => void trimHistory(pool.db, config, log)
  const stopTrimming = [surroundings.clock.after(FIRST_HISTORY_MS, trim), every(HISTORY_INTERVAL_MS, trim, surroundings.clock)]
  try {
    // Reading everything waits for the database as long as it takes, but no longer than the term.
    await Promise.race([start(term, parts), aborted(term.signal)])
    options.onActive(parts)
    await aborted(term.signal)
  } finally {
    for (const stop of stopTrimming) stop()
    // A lost lease ends every call at once; a stop lets those under way come to their end.
    if (isLeaseLost(term.signal)) ended.abort(term.signal.reason)
    await delivery?.stop()
    await Promise.race([parts.loop.stop(), pauseUnref(config.timings.stopDeadlineMs / 2)])
    ended.abort()
    parts.prober.stop()
    parts.deps.traces.close()
    await parts.engines.close()
    await Promise.all([parts.world.stopped(), parts.desired.stop(), parts.manifests.stop()])
    await pool.close()
  }
}

/** Desired rows, then records, then the world: the loop opens when the last of them is there, for a plan needs all three. */
async function start(term: Term, { deps, loop, world, desired, learnAdopted }: TermParts): Promise<void> {
  await Promise.all([desired.listed, learnAdopted()])
  for (const stored of await loadGames(deps.db)) {
    deps.games.update(stored.gameId, rememberedOf(stored))
    for (const id of expectedContainers(stored)) world.expect(id, stored.gameId)
  }
  // What an earlier term wrote of a game is vouched for only once this one has looked at it; others do not wait for one whose look hangs.
  term.vouch(() => (world.isKnown ? testimonyOf(deps) : null))
  world.start()
  loop.startResync(async () => {
    if (!world.isKnown) return
    const [changed, queued] = await Promise.all([world.relist(), loadQueued(deps.db, undefined), desired.resync()])
    // A row that was written again before anybody looked does not name its queued operation any more.
    for (const gameId of queued.keys()) deps.games.update(gameId, { isQueueUnsure: true })
    loop.add(changed)
  })
}

/** What the record names, and what the open operation was about to act on: a second container may be known from nothing else. */
function expectedContainers({ record, openOperation }: StoredGame): readonly string[] {
  const recorded = record === null || record.containerId === null || record.status === 'stopped' ? [] : [record.containerId]
  return [...recorded, ...openContainers(openOperation?.openIntents ?? [])]
}

/** While many are still to be looked at, the beginning of a term is not over; it has an end all the same (L2). */
function testimonyOf({ games, clock, activeSinceMs }: Pick<LoopDeps, 'games' | 'clock' | 'activeSinceMs'>): Testimony | null {
  const unseen = games.unseen()
  return unseen.length > MOST_UNSEEN && clock.nowMs() < activeSinceMs + BEGINNING_MS ? null : { unseen }
}

/** Without a webhook what is to be told waits in the outbox for whoever reads it. */
function startDelivery(
  { config: { webhook }, databaseUrl, log, surroundings, observers }: TermOptions,
  db: LoopDeps['db'],
  signal: AbortSignal,
): Delivery | null {
  const { receiver, maxAttempts, timeoutMs, pollMs } = webhook
  if (receiver === null) return null
  return deliverOutbox({
    db,
    url: databaseUrl,
    webhook: { ...receiver, timeoutMs, maxAttempts },
    pollMs,
    nowMs: surroundings.clock.nowMs,
    random: surroundings.random,
    onAttempt: (attempted) => {
      const { gameId, eventId, attempt, outcome } = attempted
      observers?.onDelivery(attempted)
      if (outcome.kind === 'retry') log.warn({ gameId, eventId, attempt, error: outcome.error }, 'event not delivered; tried again later')
      if (outcome.kind === 'dead') log.error({ gameId, eventId, attempt, error: outcome.error }, 'event given up')
    },
    onFault: (error) => log.warn({ error: messageOf(error) }, 'outbox cannot be read'),
    signal,
  })
}

async function trimHistory(db: LoopDeps['db'], { retention }: Config, log: Log): Promise<void> {
  try {
    while (!(await pruneHistory(db, retention)).isDone) continue
    while (!(await pruneWatchLog(db)).isDone) continue
  } catch (error) {
    log.warn({ error: messageOf(error) }, 'old history not removed; tried again later')
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

function pauseUnref(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref()
  })
}
