import { systemClock } from '../../../src/clock.ts'
import type { ImageFacts } from '../../../src/model/image.ts'
import type { ObservedContainer } from '../../../src/model/observed.ts'
import type { ContainerEvent, HostEvent } from '../../../src/model/runtime-event.ts'
import { World } from '../../../src/observed/world.ts'
import type { EventStreamOptions, WorldOptions, WorldSource } from '../../../src/observed/world-options.ts'
import { listed } from './told.ts'

export type Call = 'events' | 'list' | 'images' | 'network' | 'inspect'

export interface FakeDocker {
  readonly source: WorldSource
  /** Every call made, in order; to be emptied at will. */
  readonly calls: string[]
  readonly containers: Map<string, ObservedContainer>
  images: readonly ImageFacts[]
  hasNetwork: boolean
  /** Calls of this kind fail from now on; null ends that. */
  fail(kind: Call, error: Error | null): void
  /** Answers of this kind are read now, and given when the returned function is called. */
  hold(kind: Call): () => void
  tell(event: ContainerEvent | HostEvent): void
  endStream(): void
  readonly openStreams: number
}

/** A daemon that answers as it is told. */
export function fakeDocker(...containers: readonly ObservedContainer[]): FakeDocker {
  const failures = new Map<Call, Error>()
  const held = new Map<Call, Promise<void>>()
  const streams = new Set<EventStreamOptions>()
  const all = new Map(containers.map((container) => [container.id, container]))
  const calls: string[] = []
  const answer = async <Value>(kind: Call, read: () => Value, call: string = kind): Promise<Value> => {
    calls.push(call)
    const failure = failures.get(kind)
    if (failure !== undefined) throw failure
    const value = read()
    const gate = held.get(kind)
    held.delete(kind)
    await gate
    return value
  }
  const docker: FakeDocker = {
    source: {
      listContainers: () => answer('list', () => ({ ours: [...all.values()].map(listed), otherDeployments: [] })),
      listImages: () => answer('images', () => docker.images),
      networkState: () => answer('network', () => (docker.hasNetwork ? 'present' : 'missing')),
      inspect: (id) => answer('inspect', () => all.get(id) ?? null, `inspect ${id}`),
      openEvents: async (options) => {
        await answer('events', () => {})
        streams.add(options)
        options.signal.addEventListener('abort', () => end(options))
      },
    },
    calls,
    containers: all,
    images: [],
    hasNetwork: true,
    fail: (kind, error) => {
      if (error === null) failures.delete(kind)
      else failures.set(kind, error)
    },
    hold: (kind) => {
      const { promise, resolve } = Promise.withResolvers<void>()
      held.set(kind, promise)
      return resolve
    },
    tell: (event) => {
      for (const { onEvent } of streams) onEvent(event)
    },
    endStream: () => {
      for (const stream of streams) end(stream)
    },
    get openStreams() {
      return streams.size
    },
  }
  const end = (stream: EventStreamOptions): void => {
    if (streams.delete(stream)) stream.onEnd(new Error('closed'))
  }
  return docker
}

export interface Told {
  readonly world: World
  /** Games handed to the queue, in order; to be emptied at will. */
  readonly changed: string[]
  readonly reachable: boolean[]
  /** Games of which the stream kept quiet. */
  readonly silent: string[]
  stop(): Promise<void>
}

export function worldOf(docker: FakeDocker, over: Partial<WorldOptions> = {}): Told {
  const changed: string[] = []
  const reachable: boolean[] = []
  const silent: string[] = []
  const end = new AbortController()
  const world = new World({
    source: docker.source,
    identity: { instance: 'default', deployment: 'd' },
    network: 'galaxy',
    watchdogMs: 20_000,
    useEvents: true,
    onChange: (gameIds) => changed.push(...(gameIds === 'all' ? ['all'] : gameIds)),
    onReachable: (isReachable) => reachable.push(isReachable),
    onSilentStream: (gameIds) => silent.push(...gameIds),
    clock: systemClock,
    signal: end.signal,
    ...over,
  })
  const stop = (): Promise<void> => {
    end.abort()
    return world.stopped()
  }
  return { world, changed, reachable, silent, stop }
}
