import { z } from 'zod'

/** What one pull's stream has told so far. */
export interface PullProgress {
  readonly layers: ReadonlyMap<string, Layer>
  readonly percent: number
  /** Docker's last word of a pull that went well. */
  readonly isComplete: boolean
  /** Docker's own text of a failure, which arrives inside a 200 answer. */
  readonly error: string | null
}

interface Layer {
  readonly current: number
  readonly total: number
}

export const NO_PROGRESS: PullProgress = { layers: new Map(), percent: 0, isComplete: false, error: null }

/** The progress after one more message of the stream. The percentage never falls, though totals become known one by one. */
export function advance(progress: PullProgress, message: unknown): PullProgress {
  const { error, status, id, progressDetail } = messageShape.parse(message)
  if (error !== '') return { ...progress, error }
  if (status.startsWith('Status: ')) return { ...progress, isComplete: true, percent: 100 }
  const layer = layerAfter(progress.layers.get(id), status, progressDetail)
  if (id === '' || layer === null) return progress
  const layers = new Map(progress.layers).set(id, layer)
  return { ...progress, layers, percent: Math.max(progress.percent, percentOf(layers)) }
}

/** `pulling galaxy-engine:1.2.0: 43 %` */
export function renderProgress(imageRef: string, progress: PullProgress): string {
  return progress.layers.size === 0 && !progress.isComplete ? `pulling ${imageRef}` : `pulling ${imageRef}: ${progress.percent} %`
}

const messageShape = z.object({
  error: z.string().catch(''),
  status: z.string().catch(''),
  id: z.string().catch(''),
  progressDetail: z.object({ current: z.number().catch(0), total: z.number().catch(0) }).catch({ current: 0, total: 0 }),
})

function layerAfter(before: Layer | undefined, status: string, detail: Layer): Layer | null {
  if (status === 'Downloading' && detail.total > 0) return { current: Math.min(detail.current, detail.total), total: detail.total }
  if (/^(Download complete|Pull complete)$/.test(status) && before !== undefined) return { current: before.total, total: before.total }
  return null
}

/** Not 100 before Docker says so: unpacking follows the download. */
function percentOf(layers: ReadonlyMap<string, Layer>): number {
  const all = [...layers.values()]
  const total = all.reduce((sum, layer) => sum + layer.total, 0)
  const current = all.reduce((sum, layer) => sum + layer.current, 0)
  return Math.min(99, Math.floor((100 * current) / total))
}
