import type { Config, LoadedConfig } from '../config.ts'
import { simulatedFolder } from '../config/simulation.ts'
import type { ApiClient } from './client.ts'
import { findPlace } from './place.ts'
import { recordedControllers } from './running-controllers.ts'
import { SIMULATED } from './simulated.ts'
import { type Terminal, warnLine } from './terminal.ts'

/** The configuration as it applies here; what is odd about it is told on stderr. */
export async function loadConfigFor(terminal: Terminal, options: { readonly simulate?: boolean } = {}): Promise<LoadedConfig> {
  const loaded = await load(terminal, options.simulate === true)
  for (const warning of loaded.warnings) warnLine(terminal, `warning: ${warning}`)
  return loaded
}

/** The configuration of what runs from here: of the simulation where that runs alone and nobody has said which is meant. */
export async function loadRunningConfig(terminal: Terminal): Promise<LoadedConfig> {
  const loaded = await loadConfigFor(terminal)
  const { config, origins } = loaded
  if (origins['simulate'] !== 'default' || !(await isSimulationRunning(config))) return loaded
  const { running } = await recordedControllers(config.dataDir)
  return running.length > 0 ? loaded : load(terminal, true)
}

/** Whether a simulation has been started from the same folder as this deployment. */
export async function isSimulationRunning({ dataDir }: Config): Promise<boolean> {
  const { running } = await recordedControllers(simulatedFolder(dataDir))
  return running.length > 0
}

/** The API of the place that is meant: see `findPlace`. A context that is named here wins over all else. */
export async function openClientFor(terminal: Terminal, context: string | null = null): Promise<ApiClient> {
  const { env } = terminal
  const asked = context === null ? terminal : { ...terminal, env: { ...env, GALAXY_CONTEXT: context } }
  const [place, { connectClient }] = await Promise.all([findPlace(asked), import('./client.ts')])
  if (place.isSimulated) warnLine(terminal, SIMULATED)
  return connectClient(place, place.whenSilent)
}

async function load({ env, cwd }: Terminal, simulate: boolean): Promise<LoadedConfig> {
  const { loadConfig } = await import('../config.ts')
  return loadConfig({ env, cwd, ...(simulate && { overrides: { simulate: 'true' } }) })
}
