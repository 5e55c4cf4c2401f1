import { createInterface } from 'node:readline'
import type Docker from 'dockerode'
import { LABEL } from '../../src/model/labels.ts'

/** One event of a game's container, as the daemon told it. */
export interface HistoryEvent {
  readonly action: string
  readonly containerId: string
  readonly gameId: string
  /** Of the container's label; null for one that is not ours. */
  readonly operationId: string | null
  readonly atMs: number
}

/** What happened to an instance's containers since the recording began: the daemon's word, not the log's. */
export interface DockerHistory {
  readonly events: readonly HistoryEvent[]
  count(action: string): number
  /** The most containers of one game that ran at one time. */
  mostAtOnce(): number
  /** Reads on until the stream shows everything that happened before this call. */
  stop(): Promise<void>
}

/** Begin it before the first container: what runs already is not counted. */
export async function recordHistory(docker: Docker, instance: string): Promise<DockerHistory> {
  const events: HistoryEvent[] = []
  const since = Math.floor(Date.now() / 1000)
  const stream = await docker.getEvents({ since, filters: { type: ['container'], label: [`${LABEL.instance}=${instance}`] } })
  const lines = createInterface({ input: stream })
  lines.on('line', (line) => events.push(parse(line)))
  return {
    events,
    count: (action) => events.filter((event) => event.action === action).length,
    mostAtOnce: () => mostAtOnce(events),
    stop: async () => {
      await new Promise((resolve) => setTimeout(resolve, 100))
      lines.close()
      if ('destroy' in stream && typeof stream.destroy === 'function') stream.destroy()
    },
  }
}

function parse(line: string): HistoryEvent {
  const event = JSON.parse(line) as { Action: string; timeNano: number; Actor: { ID: string; Attributes: Record<string, string> } } // the Engine API's event
  const { ID: containerId, Attributes: attributes } = event.Actor
  return {
    action: event.Action,
    containerId,
    gameId: attributes[LABEL.gameId] ?? '',
    operationId: attributes[LABEL.operationId] ?? null,
    atMs: event.timeNano / 1e6,
  }
}

function mostAtOnce(events: readonly HistoryEvent[]): number {
  const running = new Map<string, Set<string>>()
  let most = 0
  for (const { action, gameId, containerId } of events) {
    const ids = running.get(gameId) ?? new Set<string>()
    running.set(gameId, ids)
    if (action === 'start') ids.add(containerId)
    if (action === 'die' || action === 'destroy') ids.delete(containerId)
    most = Math.max(most, ids.size)
  }
  return most
}
