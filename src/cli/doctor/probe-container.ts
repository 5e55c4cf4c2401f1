import { z } from 'zod'
import type { DockerClients } from '../../docker/client.ts'
import { DockerRefusal } from '../../docker/errors.ts'

export interface Probe {
  /** A reference engine's image: its entry is Node at `/node`. */
  readonly imageId: string
  /** The folder that holds the file `probe`, as the daemon's host should know it. */
  readonly hostFolder: string
  readonly content: string
}

/** Whether a throw-away container that gets the folder finds the file with this content in it. */
export async function lookAtProbe(clients: DockerClients, probe: Probe, signal: AbortSignal): Promise<boolean> {
  const script = `process.exit(require('fs').readFileSync('/probe/probe', 'utf8') === ${JSON.stringify(probe.content)} ? 0 : 1)`
  const body = {
    Image: probe.imageId,
    Entrypoint: ['/node', '-e', script],
    NetworkDisabled: true,
    HostConfig: {
      Mounts: [{ Type: 'bind', Source: probe.hostFolder, Target: '/probe', ReadOnly: true }],
      NetworkMode: 'none',
      ReadonlyRootfs: true,
      CapDrop: ['ALL'],
    },
  }
  let id: string | null = null
  try {
    id = z
      .object({ Id: z.string() })
      .parse(await clients.send({ kind: 'container_create', method: 'POST', path: '/containers/create', body }, signal)).Id
    await clients.send({ kind: 'container_start', method: 'POST', path: `/containers/${id}/start` }, signal)
    const answer = await clients.send({ kind: 'container_wait', method: 'POST', path: `/containers/${id}/wait` }, signal)
    return z.object({ StatusCode: z.number() }).parse(answer).StatusCode === 0
  } catch (error) {
    // Docker refuses a bind mount whose source its host does not have.
    if (error instanceof DockerRefusal && error.status === 400 && /bind source path does not exist/.test(error.message)) return false
    throw error
  } finally {
    if (id !== null)
      await clients.send({ kind: 'container_remove', method: 'DELETE', path: `/containers/${id}`, query: { force: true } }, signal)
  }
}
