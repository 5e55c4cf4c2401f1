import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import type Docker from 'dockerode'
import { z } from 'zod'
import { LABEL } from '../../src/model/labels.ts'

export interface ContainerEvent {
  readonly action: string
  readonly containerId: string
  readonly gameId: string
  readonly instance: string
  /** By Docker's own clock. */
  readonly atMs: number
  /** When it got here, on the scale of `performance.now()`. */
  readonly seenMs: number
}

export interface ContainerEvents {
  /** The next event that matches, from this call on. */
  next(matches: (event: ContainerEvent) => boolean): Promise<ContainerEvent>
  /** The next `count` of them, in order. */
  collect(count: number, matches: (event: ContainerEvent) => boolean): Promise<readonly ContainerEvent[]>
  stop(): void
}

const TIMEOUT_MS = 120_000

const eventShape = z.object({
  Action: z.string(),
  timeNano: z.number(),
  Actor: z.object({ ID: z.string(), Attributes: z.record(z.string(), z.string()) }),
})

/** Follows starts and deaths of every container that carries an instance's label. */
export async function followContainers(docker: Docker, signal: AbortSignal): Promise<ContainerEvents> {
  const listeners = new Set<(event: ContainerEvent) => void>()
  const stream = await docker.getEvents({ filters: { type: ['container'], event: ['start', 'die'], label: [LABEL.instance] } })
  if (!(stream instanceof Readable)) throw new TypeError('Docker gave no stream of events')
  stream.on('error', () => {}) // it is ended by destroying it
  createInterface({ input: stream }).on('line', (line) => {
    const event = parse(line)
    for (const listener of listeners) listener(event)
  })
  const collect: ContainerEvents['collect'] = (count, matches) => {
    const found: ContainerEvent[] = []
    const limit = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)])
    const { promise, resolve, reject } = Promise.withResolvers<readonly ContainerEvent[]>()
    const giveUp = () =>
      reject(signal.aborted ? signal.reason : new Error(`${found.length} of ${count} container events within ${TIMEOUT_MS} ms`))
    const listener = (event: ContainerEvent): void => {
      if (matches(event) && found.push(event) === count) resolve(found)
    }
    listeners.add(listener)
    limit.addEventListener('abort', giveUp)
    const collected = promise.finally(() => {
      listeners.delete(listener)
      limit.removeEventListener('abort', giveUp)
    })
    collected.catch(() => {}) // whoever waits for something else first hears of it later
    return collected
  }
  return {
    collect,
    next: async (matches) => {
      const [event] = await collect(1, matches)
      if (event === undefined) throw new TypeError('no event was collected')
      return event
    },
    stop: () => void stream.destroy(),
  }
}

function parse(line: string): ContainerEvent {
  const { Action: action, timeNano, Actor: actor } = eventShape.parse(JSON.parse(line))
  return {
    action,
    containerId: actor.ID,
    gameId: actor.Attributes[LABEL.gameId] ?? '',
    instance: actor.Attributes[LABEL.instance] ?? '',
    atMs: timeNano / 1e6,
    seenMs: performance.now(),
  }
}
