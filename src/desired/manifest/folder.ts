import { watch } from 'chokidar'
import type { ManifestProblem } from './document.ts'
import { createRescan, type FolderReport, type RescanOptions } from './rescan.ts'
import { SETTLE_MS } from './snapshot.ts'

export interface WatchOptions extends Omit<RescanOptions, 'nowMs'> {
  /** How often the folder is read whole, whatever the watcher says. */
  readonly rescanMs: number
  /** Called when a rescan found or did something other than the one before. */
  onReport(report: FolderReport): void
  /** A rescan that the database failed; the next one comes by itself. */
  onError(error: unknown): void
  readonly signal: AbortSignal
  readonly nowMs?: () => number
}

export interface ManifestWatch {
  /** Reads and enforces the folder now. @throws what the database throws */
  rescan(): Promise<FolderReport>
  problems(): readonly ManifestProblem[]
  /** Resolves once nothing of it runs any more. */
  stop(): Promise<void>
}

const HINT_DELAY_MS = 100
/** A file that is written without end is looked at in the ordinary rhythm. */
const MAX_SOON_RESCANS = 10

/** Watches a folder of manifests and enforces it. The file watcher is a hint only: content is read and hashed at every rescan. */
export function watchManifests(options: WatchOptions): ManifestWatch {
  const ending = new AbortController()
  const signal = AbortSignal.any([options.signal, ending.signal])
  const rescanOnce = createRescan({ ...options, nowMs: options.nowMs ?? (() => performance.now()) })
  let last: FolderReport | null = null
  let running: Promise<unknown> = Promise.resolve()
  let timer: NodeJS.Timeout | undefined
  let dueMs = Number.POSITIVE_INFINITY
  let soonRescans = 0

  const rescan = (): Promise<FolderReport> => {
    const next = running.then(async () => {
      signal.throwIfAborted()
      const report = await rescanOnce(signal)
      if (isNews(report, last)) options.onReport(report)
      last = report
      return report
    })
    running = next.catch(() => {})
    return next
  }

  /** Brings the next rescan forward, never back: a folder that changes all the time is read all the same. */
  const schedule = (delayMs: number): void => {
    const atMs = performance.now() + delayMs
    if (signal.aborted || atMs >= dueMs) return
    clearTimeout(timer)
    dueMs = atMs
    timer = setTimeout(() => void tick(), delayMs)
  }

  const tick = async (): Promise<void> => {
    dueMs = Number.POSITIVE_INFINITY
    try {
      const { isMoving } = await rescan()
      soonRescans = isMoving ? soonRescans + 1 : 0
    } catch (error) {
      if (!signal.aborted) options.onError(error)
    }
    const isSoon = soonRescans > 0 && soonRescans <= MAX_SOON_RESCANS
    schedule(isSoon ? SETTLE_MS : options.rescanMs)
  }

  const watcher = watch(options.dir, { ignoreInitial: true, depth: 8, followSymlinks: false })
  watcher.on('all', () => schedule(HINT_DELAY_MS))
  // Where files cannot be watched (too many, another kind of disk), the rescan is enough.
  watcher.on('error', () => {})

  const stop = async (): Promise<void> => {
    ending.abort(new Error('the watch of the manifests is stopping'))
    clearTimeout(timer)
    await Promise.all([watcher.close(), running])
  }
  options.signal.addEventListener('abort', () => void stop(), { once: true, signal: ending.signal })
  schedule(0)
  return { rescan, problems: () => last?.problems ?? [], stop }
}

function isNews(report: FolderReport, last: FolderReport | null): boolean {
  const state = ({ unavailable, problems, waiting }: FolderReport) => JSON.stringify([unavailable, problems, waiting])
  const hasWritten = report.deleted.length > 0 || report.results.some(({ outcome }) => outcome !== 'refused')
  return hasWritten || last === null || state(report) !== state(last)
}
