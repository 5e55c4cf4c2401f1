import { z } from 'zod'
import type { CreateAnswer, CreateRequest } from '../controller/ports.ts'
import { RuntimeFailure } from '../model/errors.ts'
import type { DockerContext } from './context.ts'
import { createOptions, type LogSettings } from './create-options.ts'
import { DockerRefusal, isMissing } from './errors.ts'
import { takeName } from './name-holder.ts'
import type { StateFolders } from './state-directory.ts'

export interface CreateSettings {
  readonly folders: StateFolders
  readonly log: LogSettings
  /** The content id a reference means on this host now, from cached facts; null when unknown. */
  readonly resolvesTo: (imageRef: string) => string | null
}

/** One call, where the name is free; the state folder is prepared before it. */
export async function createContainer(
  context: DockerContext,
  settings: CreateSettings,
  request: CreateRequest,
  signal: AbortSignal,
): Promise<CreateAnswer> {
  await settings.folders.prepare(request.spec.state.path)
  try {
    return await takeName(context, () => create(context, settings, request, signal), signal)
  } catch (error) {
    if (isMissing(error) && /no such image/i.test(error.message)) return { kind: 'image_missing' }
    throw creationFailure(error, request)
  }
}

async function create(
  { clients, identity, proven }: DockerContext,
  settings: CreateSettings,
  request: CreateRequest,
  signal: AbortSignal,
): Promise<CreateAnswer> {
  const { name, spec, operationId, nowMs } = request
  const image = settings.resolvesTo(spec.imageRef) === spec.imageId ? spec.imageRef : spec.imageId
  const body = createOptions({ name, spec, identity, operationId, nowMs, image, log: settings.log })
  const answer = await clients.send({ kind: 'container_create', method: 'POST', path: '/containers/create', query: { name }, body }, signal)
  const { Id: id } = z.object({ Id: z.string().min(1) }).parse(answer)
  proven.add(id)
  return { kind: 'created', id }
}

function creationFailure(error: unknown, { name, spec }: CreateRequest): unknown {
  if (!(error instanceof DockerRefusal)) return error
  const message = `Docker refused to create ${name}: ${error.message}`
  if (/bind source path does not exist/i.test(error.message)) {
    const advice = `the daemon's host has no folder ${spec.state.hostPath}; set GALAXY_STATE_ROOT_HOST to the state root's path there`
    return new RuntimeFailure('terminal', 'start_config_invalid', `${message} (${advice})`, { cause: error })
  }
  if (isMissing(error) && /network .*not found/i.test(error.message)) {
    return new RuntimeFailure('terminal', 'start_config_invalid', `docker network ${spec.network} is missing`, { cause: error })
  }
  const isInvalid = error.status === 400
  return new RuntimeFailure(isInvalid ? 'terminal' : 'transient', isInvalid ? 'start_config_invalid' : 'container_start_failed', message, {
    cause: error,
  })
}
