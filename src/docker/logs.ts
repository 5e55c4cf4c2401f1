import { z } from 'zod'
import { RuntimeFailure } from '../model/errors.ts'
import type { LogOptions } from '../model/log-options.ts'
import type { DockerClients } from './client.ts'
import { isMissing, unexpected } from './errors.ts'
import { demultiplex } from './multiplexed.ts'

/**
 * What a container wrote to stdout and stderr, as it was written; resolves when Docker begins to answer. Reading slowly holds
 * Docker back. Ends with the log, or with the container where it is followed; the signal ends it at once.
 *
 * @throws RuntimeFailure `not_found` when the container is gone, `service_unavailable` where its logs can't be read
 */
export async function openLogs(
  clients: DockerClients,
  containerId: string,
  { follow, tail, sinceMs, timestamps }: LogOptions,
  signal: AbortSignal,
): Promise<AsyncIterable<Uint8Array>> {
  const path = `/containers/${containerId}`
  try {
    const { Config } = containerShape.parse(await clients.send({ kind: 'container_inspect', method: 'GET', path: `${path}/json` }, signal))
    const query = {
      stdout: true,
      stderr: true,
      follow,
      timestamps,
      tail: tail ?? 'all',
      ...(sinceMs !== null && { since: (sinceMs / 1_000).toFixed(3) }),
    }
    const stream = await clients.open({ kind: 'container_logs', method: 'GET', path: `${path}/logs`, query }, signal)
    // A container with a terminal has one stream and no frames; one of ours has none, but it may have been adopted.
    return Config.Tty ? stream : demultiplex(stream)
  } catch (error) {
    if (isMissing(error))
      throw new RuntimeFailure('transient', 'not_found', `container ${containerId.slice(0, 12)} is gone`, { cause: error })
    throw unexpected(error, 'tell the logs')
  }
}

const containerShape = z.object({ Config: z.object({ Tty: z.boolean().catch(false) }) })
