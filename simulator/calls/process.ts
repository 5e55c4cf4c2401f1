import type { Container } from '../world/container.ts'
import type { Effect } from '../world/effect.ts'
import type { WorldView } from '../world/world.ts'
import type { HostMachine } from './host.ts'
import type { Settings } from './settings.ts'

/**
 * What a call wants next. Nothing happens between two steps of a call that names neither a time nor a container to wait for, so that a decision and its
 * effects are one.
 *
 * - `effects`: make these changes now.
 * - `sleep`: go on after this time.
 * - `watch`: go on after the next effect on this container, or after this time.
 * - `tell`: send one line of a streamed answer; without a line, only its headers.
 * - `spawn`: begin a process that outlives the call.
 * - `hang`: never go on.
 */
export type Step =
  | { readonly kind: 'effects'; readonly effects: readonly Effect[] }
  | { readonly kind: 'sleep'; readonly ms: number }
  | { readonly kind: 'watch'; readonly id: string; readonly ms: number | null }
  | { readonly kind: 'tell'; readonly line: unknown }
  | { readonly kind: 'spawn'; readonly process: Process<void> }
  | { readonly kind: 'hang' }

/** A call or the life of a container: it decides, and whoever runs it does. */
export type Process<T> = Generator<Step, T, void>

export interface Answer {
  readonly status: number
  /** Sent as JSON; undefined sends no body. */
  readonly body?: unknown
}

/** What calls know: a view of the world, time, the machine and what ids are made of. */
export interface CallContext {
  readonly world: WorldView
  readonly settings: Settings
  readonly machine: HostMachine
  nowMs(): number
  /** 64 hexadecimal digits, never the same twice. */
  newId(): string
}

/** Docker's refusal, in its own words. */
export class Refusal extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.name = 'Refusal'
    this.status = status
  }
}

export function effects(...all: readonly Effect[]): Step {
  return { kind: 'effects', effects: all }
}

export function sleep(ms: number): Step {
  return { kind: 'sleep', ms }
}

/** Waits until the container is gone or `holds` says yes; false when the time is over first. */
export function* until(
  context: CallContext,
  id: string,
  untilMs: number | null,
  holds: (container: Container | undefined) => boolean,
): Process<boolean> {
  for (;;) {
    const container = context.world.container(id)
    if (container === undefined || holds(container)) return true
    const leftMs = untilMs === null ? null : untilMs - context.nowMs()
    if (leftMs !== null && leftMs <= 0) return false
    yield { kind: 'watch', id, ms: leftMs }
  }
}

/** The container that an id, the beginning of one, or a name means. */
export function find({ world }: CallContext, reference: string): Container {
  const container =
    world.container(reference) ?? world.container(world.nameHolder(reference.replace(/^\//, '')) ?? '') ?? byPrefix(world, reference)
  if (container === undefined) throw new Refusal(404, `No such container: ${reference}`)
  return container
}

/** As it is now, after a wait. */
export function again({ world }: CallContext, { id }: Container): Container {
  const container = world.container(id)
  if (container === undefined) throw new Refusal(404, `No such container: ${id}`)
  return container
}

function byPrefix(world: WorldView, prefix: string): Container | undefined {
  if (!/^[0-9a-f]{1,63}$/.test(prefix)) return undefined
  const ids = world.idsByPrefix(prefix)
  if (ids.length > 1) throw new Refusal(400, `Multiple IDs found with provided prefix: ${prefix}`)
  return world.container(ids[0] ?? '')
}

/** An effect on a container that keeps existing. */
export function changed(
  before: Container,
  action: Extract<Effect, { subject: 'container' }>['action'],
  changes: Partial<Container> = {},
  attributes: Readonly<Record<string, string>> = {},
): Effect {
  return { subject: 'container', action, id: before.id, before, after: { ...before, ...changes }, attributes }
}

/** The container once no start of it is under way: Docker holds a container's lock for that long. */
export function* settled(context: CallContext, container: Container): Process<Container> {
  yield* until(context, container.id, null, ({ isStarting } = container) => !isStarting)
  return again(context, container)
}
