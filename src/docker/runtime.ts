import type { Runtime } from '../controller/ports.ts'
import type { Identity } from '../model/labels.ts'
import type { DockerClients } from './client.ts'
import { type DockerContext, inspectContainer, rememberIds } from './context.ts'
import { createContainer, type CreateSettings } from './create.ts'
import { inspectImage } from './image.ts'
import { createNetwork, shareCreation } from './network.ts'
import { pullImage, type PullSettings } from './pull.ts'
import { removeContainer } from './remove.ts'
import { renameContainer } from './rename.ts'
import { sharePulls } from './shared-pull.ts'
import { startContainer } from './start.ts'
import { stopContainer } from './stop.ts'
import { updateLimits } from './update-limits.ts'

export interface RuntimeOptions extends CreateSettings {
  readonly clients: DockerClients
  readonly identity: Identity
  /** Where the state mount sits inside a container. */
  readonly mountPath: string
  readonly pull: PullSettings
}

/** As many ids as a host can hold containers, and then some. */
const REMEMBERED_IDS = 8_192

/** The `Runtime` port on one Docker daemon. */
export function createRuntime(options: RuntimeOptions): Runtime {
  const { clients, identity, mountPath } = options
  const context: DockerContext = { clients, identity, mountPath, proven: rememberIds(REMEMBERED_IDS) }
  return {
    create: (request, signal) => createContainer(context, options, request, signal),
    start: (id, signal) => startContainer(context, id, signal),
    stop: (id, graceMs, signal) => stopContainer(context, id, graceMs, signal),
    remove: (id, force, signal) => removeContainer(context, id, force, signal),
    rename: (id, name, signal) => renameContainer(context, id, name, signal),
    updateLimits: (id, limits, signal) => updateLimits(context, id, limits, signal),
    inspect: async (id, signal) => (await inspectContainer(context, id, signal))?.container ?? null,
    pull: sharePulls((imageRef, onProgress, signal) => pullImage(clients, options.pull, imageRef, onProgress, signal)),
    inspectImage: (imageRef, signal) => inspectImage(clients, imageRef, signal),
    createNetwork: shareCreation((name, signal) => createNetwork(clients, identity.instance, name, signal)),
    purgeState: (path) => options.folders.purge(path),
  }
}
