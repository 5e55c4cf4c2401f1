import { RuntimeFailure } from '../model/errors.ts'
import { ownershipOf } from '../model/labels.ts'
import { parseInspection } from '../observed/parse.ts'
import { pause } from '../pause.ts'
import { type DockerContext, inspectRaw } from './context.ts'
import { DockerRefusal, isMissing } from './errors.ts'

/** Whose a taken name is. */
export interface NameTaken {
  readonly kind: 'name_taken'
  readonly holder: 'ours' | 'foreign'
  readonly id: string
}

/**
 * Another create of the same name gets this share of a call's deadline (2 s of 30 s) to finish: its name is reserved
 * before its container can be seen.
 */
const IN_FLIGHT_SHARE = 1 / 15
const LOOK_AGAIN_MS = 100

/**
 * Runs a call that takes a name. A conflict is answered with the holder; a name that Docker holds for a container it
 * doesn't know (a ghost) is freed by the id in Docker's message, and the call made once more.
 *
 * @throws RuntimeFailure transient when the ghost stays; whatever else `take` throws
 */
export async function takeName<T>(context: DockerContext, take: () => Promise<T>, signal: AbortSignal): Promise<T | NameTaken> {
  const first = await attempt(context, take, signal)
  if (first.kind !== 'ghost') return first.kind === 'done' ? first.value : first
  await removeGhost(context, first.id, signal)
  const second = await attempt(context, take, signal)
  if (second.kind !== 'ghost') return second.kind === 'done' ? second.value : second
  throw new RuntimeFailure(
    'transient',
    'container_start_failed',
    `Docker keeps the name for container ${second.id}, which it doesn't know; restarting Docker frees it`,
  )
}

/** The id in "name … is already in use by container …"; null for any other refusal. */
function holderIdOf(error: unknown): string | null {
  if (!(error instanceof DockerRefusal) || error.status !== 409) return null
  return /already in use by container "?([0-9a-f]{12,64})/i.exec(error.message)?.[1] ?? null
}

type Attempt<T> = { readonly kind: 'done'; readonly value: T } | NameTaken | { readonly kind: 'ghost'; readonly id: string }

async function attempt<T>(context: DockerContext, take: () => Promise<T>, signal: AbortSignal): Promise<Attempt<T>> {
  try {
    return { kind: 'done', value: await take() }
  } catch (error) {
    const id = holderIdOf(error)
    if (id === null) throw error
    return await identify(context, id, signal)
  }
}

async function identify(
  context: DockerContext,
  id: string,
  signal: AbortSignal,
): Promise<NameTaken | { readonly kind: 'ghost'; readonly id: string }> {
  const { clock, callMs } = context.clients
  let isOver = false
  const cancel = clock.after(callMs * IN_FLIGHT_SHARE, () => (isOver = true))
  try {
    for (;;) {
      const answer = await inspectRaw(context.clients, id, signal)
      if (answer !== null) return { kind: 'name_taken', holder: holderOf(context, answer), id }
      if (isOver) return { kind: 'ghost', id }
      await pause(LOOK_AGAIN_MS, signal, clock)
      signal.throwIfAborted()
    }
  } finally {
    cancel()
  }
}

function holderOf(context: DockerContext, answer: unknown): 'ours' | 'foreign' {
  const parsed = parseInspection(answer, context.mountPath)
  return parsed.kind === 'container' && ownershipOf(parsed.labels, context.identity) === 'ours' ? 'ours' : 'foreign'
}

/** Without force: should somebody's container have come to be under that id just now, one that runs is refused (S2). */
async function removeGhost({ clients }: DockerContext, id: string, signal: AbortSignal): Promise<void> {
  try {
    await clients.send({ kind: 'container_remove', method: 'DELETE', path: `/containers/${id}` }, signal)
  } catch (error) {
    if (!isMissing(error)) throw error
  }
}
