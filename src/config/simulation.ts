import path from 'node:path'
import type { Settings } from './schema.ts'

/**
 * What `simulate` makes of the other settings, by dotted path. A simulation shares nothing with a real deployment of the same
 * folder and reaches nobody: another instance with a data folder, database, state and port of its own, and no webhook.
 */
export function simulatedSettings({ instance, dataDir, api }: Settings, cwd: string): Readonly<Record<string, unknown>> {
  const folder = simulatedFolder(path.resolve(cwd, dataDir))
  return {
    instance: instance === 'default' ? SUFFIX : `${instance.slice(0, MAX_INSTANCE - SUFFIX.length - 1)}-${SUFFIX}`,
    dataDir: folder,
    databaseUrl: null,
    'docker.host': `unix://${path.join(folder, 'docker.sock')}`,
    'docker.network': null,
    'docker.createNetwork': 'true',
    'state.root': null,
    'state.rootHost': null,
    // Both may run at once; 0 is any free port.
    'api.port': api.port === 0 || api.port === LAST_PORT ? '0' : String(api.port + 1),
    'engines.addressing': 'address',
    'webhook.url': null,
    lobbyUrl: null,
  }
}

/** Where the simulation of a data folder has its own. */
export function simulatedFolder(dataDir: string): string {
  return path.join(dataDir, SUFFIX)
}

const SUFFIX = 'simulated'
const MAX_INSTANCE = 32
const LAST_PORT = 65_535
