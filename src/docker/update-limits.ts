import type { UpdateAnswer } from '../controller/ports.ts'
import { type Limits, sameLimits } from '../model/limits.ts'
import { type DockerContext, type Inspection, inspectContainer, notOurs } from './context.ts'
import { resourcesOf } from './create-options.ts'
import { DockerRefusal, isMissing } from './errors.ts'

/**
 * Changes limits in place. Docker reads 0 as "leave it", so a limit can be changed but not lifted: that is refused here.
 * Memory and swap always go together, since Docker refuses a memory limit above the swap limit in force.
 */
export async function updateLimits(context: DockerContext, id: string, limits: Limits, signal: AbortSignal): Promise<UpdateAnswer> {
  const before = await inspectOurs(context, id, signal)
  if (before === null) return { kind: 'gone' }
  const current = limitsOf(before)
  if (sameLimits(current, limits)) return { kind: 'updated', container: before.container }
  const lifted = liftedOf(current, limits)
  if (lifted.length > 0) return { kind: 'refused', message: `Docker can't lift a limit of an existing container (${lifted.join(', ')})` }
  const refusal = await update(context, id, limits, signal)
  if (refusal !== null) return refusal
  return await verify(context, id, limits, signal)
}

async function inspectOurs(context: DockerContext, id: string, signal: AbortSignal): Promise<Inspection | null> {
  const inspection = await inspectContainer(context, id, signal)
  if (inspection !== null && inspection.ownership !== 'ours') throw notOurs(inspection.container)
  return inspection
}

function limitsOf({ container }: Inspection): Limits {
  return container.detail?.limits ?? { cpus: null, memoryBytes: null, pids: null }
}

function liftedOf(current: Limits, wanted: Limits): readonly string[] {
  const all = [
    ['cpus', current.cpus, wanted.cpus],
    ['memory', current.memoryBytes, wanted.memoryBytes],
    ['pids', current.pids, wanted.pids],
  ] as const
  return all.filter(([, now, then]) => now !== null && then === null).map(([name]) => name)
}

async function update({ clients }: DockerContext, id: string, limits: Limits, signal: AbortSignal): Promise<UpdateAnswer | null> {
  try {
    await clients.send({ kind: 'container_update', method: 'POST', path: `/containers/${id}/update`, body: resourcesOf(limits) }, signal)
    return null
  } catch (error) {
    if (isMissing(error)) return { kind: 'gone' }
    if (error instanceof DockerRefusal) return { kind: 'refused', message: error.message }
    throw error
  }
}

async function verify(context: DockerContext, id: string, limits: Limits, signal: AbortSignal): Promise<UpdateAnswer> {
  const after = await inspectContainer(context, id, signal)
  if (after === null) return { kind: 'gone' }
  if (sameLimits(limitsOf(after), limits)) return { kind: 'updated', container: after.container }
  return {
    kind: 'refused',
    message: `Docker took the change but reports ${JSON.stringify(limitsOf(after))} instead of ${JSON.stringify(limits)}`,
  }
}
