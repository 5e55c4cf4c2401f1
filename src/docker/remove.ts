import { RuntimeFailure } from '../model/errors.ts'
import { pause } from '../pause.ts'
import { type DockerContext, inspectRaw, requireOurs } from './context.ts'
import { DockerRefusal, isMissing, unexpected } from './errors.ts'

const LOOK_AGAIN_MS = 100

/**
 * Removes a container of ours and its anonymous volumes; returns once it is gone, whoever removed it.
 *
 * @throws RuntimeFailure transient when it runs and `force` is not set, or a removal in progress takes too long; `internal_error` when it isn't ours
 */
export async function removeContainer(context: DockerContext, id: string, force: boolean, signal: AbortSignal): Promise<void> {
  if (!(await requireOurs(context, id, signal))) return
  try {
    await context.clients.send({ kind: 'container_remove', method: 'DELETE', path: `/containers/${id}`, query: { force, v: true } }, signal)
  } catch (error) {
    if (isMissing(error)) return
    if (!(error instanceof DockerRefusal)) throw error
    if (!isInProgress(error)) throw refusalOf(error, id)
    await waitUntilGone(context, id, signal)
  }
}

function isInProgress(refusal: DockerRefusal): boolean {
  return refusal.status === 409 && /already in progress/i.test(refusal.message)
}

function refusalOf(refusal: DockerRefusal, id: string): unknown {
  if (refusal.status !== 409) return unexpected(refusal, `remove container ${id}`)
  return new RuntimeFailure('transient', 'conflict', `Docker refused to remove container ${id}: ${refusal.message}`, { cause: refusal })
}

async function waitUntilGone({ clients }: DockerContext, id: string, signal: AbortSignal): Promise<void> {
  const { clock, callMs } = clients
  let isOver = false
  const cancel = clock.after(callMs, () => (isOver = true))
  try {
    while ((await inspectRaw(clients, id, signal)) !== null) {
      if (isOver)
        throw new RuntimeFailure(
          'transient',
          'service_unavailable',
          `the removal of container ${id} is still in progress after ${callMs} ms`,
        )
      await pause(LOOK_AGAIN_MS, signal, clock)
      signal.throwIfAborted()
    }
  } finally {
    cancel()
  }
}
