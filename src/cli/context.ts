import type { LoadedConfig } from '../config.ts'
import type { ApiClient } from './client.ts'
import { type Terminal, warnLine } from './terminal.ts'

/** The configuration as it applies here; what is odd about it is told on stderr. */
export async function loadConfigFor(terminal: Terminal): Promise<LoadedConfig> {
  const { loadConfig } = await import('../config.ts')
  const loaded = loadConfig({ env: terminal.env, cwd: terminal.cwd })
  for (const warning of loaded.warnings) warnLine(terminal, `warning: ${warning}`)
  return loaded
}

/** The API of the controller that runs from here. */
export async function openClientFor(terminal: Terminal): Promise<ApiClient> {
  const [{ config }, { openClient }] = await Promise.all([loadConfigFor(terminal), import('./client.ts')])
  return openClient(config.dataDir)
}
