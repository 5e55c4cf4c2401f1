import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import type Dockerode from 'dockerode'
import { imageArchive } from '../../engine/image/archive.ts'
import { loadImages } from '../../engine/image/load.ts'
import { bytesEntry, folderEntry, type TarEntry } from '../../engine/image/tar.ts'
import { BUSYBOX, ensureBusybox } from './busybox.ts'

export const IDLE_IMAGE = 'galaxy-test-idle:1.0.0'

/**
 * Makes the smallest image that can be probed: a static busybox that answers `GET /healthz` on 8080 with 200 and ends at once on SIGTERM
 * (under an init process, exit code 143). Each reference becomes an image with an id of its own. Layers that are there already are
 * not stored again; the whole call takes a fraction of a second. Throws where busybox is missing and cannot be installed.
 */
export async function buildIdleImage(
  docker: Dockerode,
  references: readonly string[] = [IDLE_IMAGE],
  signal: AbortSignal = new AbortController().signal,
): Promise<void> {
  const { Arch: architecture } = await docker.version()
  const layers = [{ name: 'idle', entries: await idleEntries() }]
  const images = references.map((reference) => ({
    reference,
    config: {
      Entrypoint: ['/bin/busybox', 'httpd', '-f', '-p', '8080', '-h', '/www'],
      ExposedPorts: { '8080/tcp': {} },
      Labels: { 'com.galaxy.test_image': reference },
    },
  }))
  await loadImages(docker, imageArchive(layers, images, architecture), signal)
}

async function idleEntries(): Promise<readonly TarEntry[]> {
  await ensureBusybox()
  const { size } = await stat(BUSYBOX)
  return [
    folderEntry('bin', 0o755),
    { path: 'bin/busybox', mode: 0o755, sizeBytes: size, content: () => createReadStream(BUSYBOX) },
    folderEntry('tmp', 0o1777),
    folderEntry('www', 0o755),
    bytesEntry('www/healthz', Buffer.from('{"status":"ok"}\n')),
  ]
}
