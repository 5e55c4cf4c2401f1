import { RuntimeFailure } from '../model/errors.ts'
import { isUp, type ObservedContainer } from '../model/observed.ts'
import { type DockerContext, inspectContainer, notOurs } from './context.ts'
import { isMissing, isUnchanged, unexpected } from './errors.ts'

/** Time for Docker to kill after the grace period, and to say so. */
const KILL_MS = 10_000

/**
 * SIGTERM, the grace period, SIGKILL: all three are Docker's own stop. What it claims is verified by an inspect.
 *
 * @returns the stopped container, null when it is gone
 * @throws RuntimeFailure transient when it still runs, `internal_error` when it isn't ours
 */
export async function stopContainer(
  context: DockerContext,
  id: string,
  graceMs: number,
  signal: AbortSignal,
): Promise<ObservedContainer | null> {
  const before = await inspectContainer(context, id, signal)
  if (before === null) return null
  if (before.ownership !== 'ours') throw notOurs(before.container)
  if (!isUp(before.container)) return before.container
  await stop(context, id, graceMs, signal)
  const after = await inspectContainer(context, id, signal)
  if (after !== null && isUp(after.container)) {
    throw new RuntimeFailure(
      'transient',
      'service_unavailable',
      `container ${after.container.name} (${id}) is ${after.container.state} after its stop`,
    )
  }
  return after?.container ?? null
}

async function stop({ clients }: DockerContext, id: string, graceMs: number, signal: AbortSignal): Promise<void> {
  const query = { t: Math.ceil(graceMs / 1000) }
  const deadlineMs = query.t * 1000 + KILL_MS
  try {
    await clients.send({ kind: 'container_stop', method: 'POST', path: `/containers/${id}/stop`, query, deadlineMs }, signal)
  } catch (error) {
    if (isUnchanged(error) || isMissing(error)) return
    throw unexpected(error, `stop container ${id}`)
  }
}
