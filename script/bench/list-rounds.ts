import { type ListTarget, loadLists } from './list-load.ts'
import { quiet } from './quiet.ts'
import { median, percentile } from './statistics.ts'

interface ListLoad {
  /** Answers per second. */
  readonly perSecond: number
  readonly medianMs: number
  readonly p99Ms: number
  /** Of an answer's body, on average. */
  readonly bytes: number
}

/** Both sides under the same load, right after each other. */
export interface ListPair {
  readonly round: number
  readonly ours: ListLoad
  readonly bare: ListLoad
}

export const LIST_LENGTH = 100
const WINDOW_MS = 5_000

/** All pages of the list, from its first to its last. */
export async function listPaths({ url, token }: Omit<ListTarget, 'paths'>): Promise<readonly string[]> {
  const paths: string[] = []
  for (let path: string | null = `/api/v1/games?limit=${LIST_LENGTH}`; path !== null; ) {
    paths.push(path)
    const answer = await fetch(`${url}${path}`, { headers: { authorization: `Bearer ${token}` } })
    const { metadata } = (await answer.json()) as { readonly metadata: { readonly continue: string | null } } // a GameList
    path = metadata.continue === null ? null : `/api/v1/games?limit=${LIST_LENGTH}&continue=${metadata.continue}`
  }
  return paths
}

/** The side that goes first changes with every round. */
export async function listPair(round: number, ours: ListTarget, bare: ListTarget, signal: AbortSignal): Promise<ListPair> {
  const isOursFirst = round % 2 === 1
  const first = await measure(isOursFirst ? ours : bare, signal)
  const second = await measure(isOursFirst ? bare : ours, signal)
  return isOursFirst ? { round, ours: first, bare: second } : { round, ours: second, bare: first }
}

async function measure(target: ListTarget, signal: AbortSignal): Promise<ListLoad> {
  await quiet(signal)
  const startedMs = performance.now()
  const answered = await loadLists(target, WINDOW_MS, signal)
  const tookMs = answered.map((each) => each.tookMs)
  return {
    perSecond: answered.length / ((performance.now() - startedMs) / 1_000),
    medianMs: median(tookMs),
    p99Ms: percentile(tookMs, 0.99),
    bytes: answered.reduce((sum, { bytes }) => sum + bytes, 0) / answered.length,
  }
}
