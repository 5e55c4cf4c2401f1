import { hostname } from 'node:os'
import { ConfigError, type Environment, wholeNumber } from './environment.ts'
import { type EngineVersion, ENGINE_VERSIONS, isEngineVersion } from './rules/edition.ts'
import { type Faults, readFaults } from './faults.ts'

/** Of the names under which games are reached. */
export const GAME_PREFIX = 'galaxy-game-'

export interface Config {
  readonly version: EngineVersion
  readonly statePath: string
  readonly host: string | undefined
  /** What requests for this game call it; null where it runs as nobody's game, and answers to every name. */
  readonly name: string | null
  readonly port: number
  readonly turnLimit: number
  /** Makes the map repeatable; drawn at init when null. */
  readonly seed: string | null
  readonly faults: Faults
}

/** Throws {@link ConfigError} at the first variable that can't be used. */
export function readConfig(env: Environment): Config {
  return {
    version: version(env['ENGINE_VERSION'] ?? '1.1.0'),
    statePath: statePath(env),
    host: env['GALAXY_ENGINE_HOST'],
    name: engineName(env, hostname()),
    port: wholeNumber(env, 'GALAXY_ENGINE_PORT', 0, 65_535) ?? 8080,
    turnLimit: wholeNumber(env, 'GALAXY_ENGINE_TURN_LIMIT', 1, 100_000) ?? 200,
    seed: env['GALAXY_ENGINE_SEED'] ?? null,
    faults: readFaults(env),
  }
}

/** The controller gives every game's container its lasting name as host name. */
export function engineName(env: Environment, hostName: string): string | null {
  return env['GALAXY_ENGINE_NAME'] ?? (hostName.startsWith(GAME_PREFIX) ? hostName : null)
}

function version(text: string): EngineVersion {
  if (isEngineVersion(text)) return text
  throw new ConfigError(`ENGINE_VERSION must be one of ${ENGINE_VERSIONS.join(', ')}, not ${JSON.stringify(text)}`)
}

/** Engines of the first generation were given STORAGE_PATH only (spec 4, the container). */
function statePath(env: Environment): string {
  const path = env['GAME_STATE_PATH'] ?? env['STORAGE_PATH'] ?? ''
  if (path.startsWith('/')) return path
  throw new ConfigError('GAME_STATE_PATH (or STORAGE_PATH) must name the state directory by an absolute path')
}
