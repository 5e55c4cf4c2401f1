import type { StartAnswer } from '../controller/ports.ts'
import { RuntimeFailure } from '../model/errors.ts'
import { type DockerContext, inspectContainer, requireOurs } from './context.ts'
import { DockerRefusal, isMissing, isUnchanged } from './errors.ts'
import { clearGhost, ghostEndpointOf } from './ghost-endpoint.ts'

/** Starts a container of ours and inspects it: two calls where its ownership is known already. */
export async function startContainer(context: DockerContext, id: string, signal: AbortSignal): Promise<StartAnswer> {
  if (!(await requireOurs(context, id, signal))) return { kind: 'gone' }
  const refusal = await startHealing(context, id, signal)
  if (refusal !== null) return answerOf(refusal, id)
  const inspection = await inspectContainer(context, id, signal)
  return inspection === null ? { kind: 'gone' } : { kind: 'started', container: inspection.container }
}

/** Null once started; else why not. An endpoint that a dead container left behind is taken off, and the start tried once more. */
async function startHealing(context: DockerContext, id: string, signal: AbortSignal): Promise<DockerRefusal | null> {
  const refusal = await start(context, id, signal)
  const ghost = refusal === null ? null : ghostEndpointOf(refusal.message)
  if (ghost === null) return refusal
  // An endpoint carries its container's name: only one of our own name can be our ghost.
  const inspection = await inspectContainer(context, id, signal)
  if (inspection?.container.name !== ghost.endpoint) return refusal
  await clearGhost(context, inspection.container, ghost, signal)
  return await start(context, id, signal)
}

async function start({ clients }: DockerContext, id: string, signal: AbortSignal): Promise<DockerRefusal | null> {
  try {
    await clients.send({ kind: 'container_start', method: 'POST', path: `/containers/${id}/start` }, signal)
    return null
  } catch (error) {
    if (isUnchanged(error)) return null
    if (error instanceof DockerRefusal) return error
    throw error
  }
}

function answerOf(refusal: DockerRefusal, id: string): StartAnswer {
  if (isMissing(refusal) && /no such container/i.test(refusal.message)) return { kind: 'gone' }
  if (/network \S+ not found/i.test(refusal.message)) return { kind: 'network_missing' }
  if (/network \S+ is ambiguous/i.test(refusal.message)) return { kind: 'network_ambiguous', message: couldNotStart(id, refusal) }
  // Paused or marked for removal meanwhile: the next look tells.
  if (refusal.status === 409)
    throw new RuntimeFailure('conflict', 'conflict', `container ${id} can't be started now: ${refusal.message}`, { cause: refusal })
  if (SHUTTING_DOWN.test(refusal.message))
    throw new RuntimeFailure(
      'transient',
      'service_unavailable',
      `Docker is going down and did not start container ${id}: ${refusal.message}`,
      {
        cause: refusal,
      },
    )
  throw new RuntimeFailure('transient', 'container_start_failed', couldNotStart(id, refusal), { cause: refusal })
}

function couldNotStart(id: string, { message }: DockerRefusal): string {
  return `Docker could not start container ${id}: ${message}`
}

/** What dockerd answers to a start while it stops its containers on its way out; a container's own failure reads differently. */
const SHUTTING_DOWN = /client connection is closing|transport is closing|context canceled|failed to update (the )?store/i
