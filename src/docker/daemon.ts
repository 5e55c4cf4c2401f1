import { z } from 'zod'
import type { DockerClients } from './client.ts'
import { unexpected } from './errors.ts'

/** What `doctor` looks at. */
export interface DaemonFacts {
  readonly version: string
  readonly operatingSystem: string
  readonly osType: string
  readonly architecture: string
  readonly cpus: number
  readonly memoryBytes: number
  readonly cgroupVersion: string
  readonly storageDriver: string
  readonly rootDir: string
  readonly isLiveRestoreEnabled: boolean
  /** The daemon's clock, epoch milliseconds. */
  readonly timeMs: number
  readonly warnings: readonly string[]
}

/** @throws RuntimeFailure when the daemon does not answer */
export async function ping(clients: DockerClients, signal: AbortSignal): Promise<void> {
  try {
    await clients.send({ kind: 'ping', method: 'GET', path: '/_ping' }, signal)
  } catch (error) {
    throw unexpected(error, 'answer a ping')
  }
}

export async function readDaemonFacts(clients: DockerClients, signal: AbortSignal): Promise<DaemonFacts> {
  try {
    const info = infoShape.parse(await clients.send({ kind: 'info', method: 'GET', path: '/info' }, signal))
    return {
      version: info.ServerVersion,
      operatingSystem: info.OperatingSystem,
      osType: info.OSType,
      architecture: info.Architecture,
      cpus: info.NCPU,
      memoryBytes: info.MemTotal,
      cgroupVersion: info.CgroupVersion,
      storageDriver: info.Driver,
      rootDir: info.DockerRootDir,
      isLiveRestoreEnabled: info.LiveRestoreEnabled,
      timeMs: Date.parse(info.SystemTime),
      warnings: info.Warnings,
    }
  } catch (error) {
    throw unexpected(error, 'describe itself')
  }
}

const textShape = z.string().catch('')

const infoShape = z.object({
  ServerVersion: textShape,
  OperatingSystem: textShape,
  OSType: textShape,
  Architecture: textShape,
  NCPU: z.number().catch(0),
  MemTotal: z.number().catch(0),
  CgroupVersion: textShape,
  Driver: textShape,
  DockerRootDir: textShape,
  LiveRestoreEnabled: z.boolean().catch(false),
  SystemTime: textShape,
  Warnings: z.array(z.string()).catch([]),
})
