import { resolve } from 'node:path'
import type { z } from 'zod'
import { resolveConfig } from './config/resolve.ts'
import { simulatedSettings } from './config/simulation.ts'
import { listSettings, type Setting, type Settings, settingsSchema } from './config/schema.ts'
import { type RawSettings, readConfigFile, readEnvironment, unknownVariables } from './config/sources.ts'
import { withoutUserInfo } from './config/values.ts'
import type { Limits } from './model/limits.ts'

/** The checked configuration, frozen. Paths are absolute, durations milliseconds, sizes bytes. */
export interface Config {
  readonly instance: string
  readonly dataDir: string
  /** The Docker daemon is our simulator: nothing real runs. */
  readonly simulate: boolean
  /** Null: the embedded database. */
  readonly databaseUrl: string | null
  readonly docker: {
    readonly host: string | null
    readonly network: string
    readonly createNetwork: boolean
    readonly logDriver: string
    readonly logOptions: Readonly<Record<string, string>>
    readonly pullPolicy: 'if_missing' | 'always' | 'never'
  }
  readonly state: {
    readonly root: string
    readonly rootHost: string
    readonly mountPath: string
    readonly envName: string
    readonly mode: number
    readonly owner: { readonly uid: number; readonly gid: number } | null
  }
  readonly images: { readonly template: string; readonly allowedRegistries: readonly string[] | null }
  readonly defaults: { readonly limits: Limits }
  readonly manifests: { readonly dir: string; readonly prune: 'settled' | 'never'; readonly rescanMs: number }
  readonly api: {
    readonly host: string
    readonly port: number
    readonly allowOpen: boolean
    readonly requestsPerSecond: number
    readonly requestBurst: number
    readonly streamsPerToken: number
    readonly connections: number
    readonly openMetrics: boolean
  }
  /** What the command line asks, and with which token; null: what was started from here. */
  readonly client: { readonly context: string | null; readonly url: string | null; readonly token: string | null }
  readonly log: { readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent' }
  readonly timings: {
    readonly gracePeriodMs: number
    readonly resyncMs: number
    readonly eventWatchdogMs: number
    readonly desiredPollMs: number
    readonly leaseMs: number
    readonly leaseRenewMs: number
    readonly dockerCallMs: number
    readonly pullStallMs: number
    readonly probeIntervalMs: number
    /** A count: failed probes in a row that make an engine unreachable. */
    readonly probeFailures: number
    /** A count as well; 0 restarts none. */
    readonly probeRestartAfter: number
    readonly probeTimeoutMs: number
    readonly engineStartMs: number
    readonly engineCallMs: number
    readonly turnMs: number
    readonly staleAfterMs: number
    readonly cleanupTtlMs: number
    readonly stopDeadlineMs: number
  }
  readonly engines: { readonly addressing: 'auto' | 'name' | 'address'; readonly turnCatchUp: 'none' | 'one' }
  readonly webhook: {
    /** Null: nothing is sent. */
    readonly receiver: { readonly url: string; readonly secrets: readonly [string, ...string[]] } | null
    readonly maxAttempts: number
    readonly timeoutMs: number
    readonly pollMs: number
  }
  readonly lobbyUrl: string | null
  readonly workers: number
  readonly pulls: number
  readonly retention: {
    readonly operationsDays: number
    readonly recordsDays: number
    readonly turnsDays: number
    readonly outboxDays: number
  }
}

export interface LoadedConfig {
  readonly config: Config
  /** By dotted path: `env GALAXY_X`, `galaxy.yaml:line`, `command line`, `simulation` or `default`. */
  readonly origins: Readonly<Record<string, string>>
  /** Things to mend that stop nothing, such as an unknown `GALAXY_*` variable. */
  readonly warnings: readonly string[]
}

export interface ConfigProblem {
  readonly name: string
  readonly found: string
  readonly expected: string
}

/** Everything that is wrong with the configuration, at once; what stops nothing is told too, since it may be the cause. */
export class ConfigError extends Error {
  readonly problems: readonly ConfigProblem[]

  constructor(problems: readonly ConfigProblem[], warnings: readonly string[]) {
    const head = `The configuration has ${problems.length === 1 ? 'a problem' : `${problems.length} problems`}:`
    const lines = problems.map(({ name, found, expected }) => `  ${name}: found ${found}, expected ${expected}`)
    const remarks = warnings.length === 0 ? [] : ['Beside that:', ...warnings.map((warning) => `  ${warning}`)]
    super([head, ...lines, ...remarks].join('\n'))
    this.name = 'ConfigError'
    this.problems = problems
  }
}

export interface ConfigInputs {
  readonly env: NodeJS.ProcessEnv
  /** Folder of `galaxy.yaml`; relative paths are meant from here. */
  readonly cwd: string
  /** By dotted path; wins over the environment. */
  readonly overrides?: Readonly<Record<string, unknown>>
}

/**
 * Overrides > environment > `galaxy.yaml` > defaults (spec 5, "Start-up").
 * @throws ConfigError with all problems of all sources
 */
export function loadConfig({ env, cwd, overrides = {} }: ConfigInputs): LoadedConfig {
  const settings = listSettings()
  const file = readConfigFile(cwd, settings)
  const given = Object.entries(overrides).map(([name, value]) => [name, { value, origin: 'command line' }] as const)
  const raw: RawSettings = new Map([...file.values, ...readEnvironment(env, settings), ...given])
  const parsed = settingsSchema.safeParse(nested(raw))
  const warnings = unknownVariables(env, settings)
  if (!parsed.success) throw new ConfigError([...file.problems, ...problemsOf(parsed.error, raw, settings)], warnings)
  const effective = parsed.data.simulate ? new Map([...raw, ...simulated(parsed.data, cwd)]) : raw
  const { config, contradictions } = resolveConfig(settingsSchema.parse(nested(effective)), resolve(cwd))
  const problems = [...file.problems, ...contradictions]
  if (problems.length > 0) throw new ConfigError(problems, warnings)
  const origins = settings.map((setting) => [setting.path, effective.get(setting.path)?.origin ?? 'default'] as const)
  return { config, origins: Object.fromEntries(origins), warnings }
}

function simulated(settings: Settings, cwd: string): RawSettings {
  return new Map(Object.entries(simulatedSettings(settings, cwd)).map(([name, value]) => [name, { value, origin: 'simulation' }]))
}

function nested(raw: RawSettings): object {
  const root: Record<string, unknown> = {}
  for (const [dotted, { value }] of raw) {
    const [first = '', second] = dotted.split('.')
    const known = root[first]
    if (second === undefined) root[first] = value
    else root[first] = { ...(typeof known === 'object' ? known : {}), [second]: value }
  }
  return root
}

/** One problem per setting, however many issues the schema found in it. */
function problemsOf(error: z.ZodError, raw: RawSettings, settings: readonly Setting[]): readonly ConfigProblem[] {
  const dotted = error.issues.map((issue) => issue.path.map(String).join('.'))
  const bad = settings.filter(({ path }) => dotted.some((name) => name === path || name.startsWith(`${path}.`)))
  return bad.map(({ path, meta }) => {
    const source = raw.get(path)
    const name = source?.origin === `env ${meta.env}` ? meta.env : `${path} (${source?.origin ?? 'default'})`
    const found = meta.isSecret ? 'something else (hidden)' : withoutUserInfo(JSON.stringify(source?.value) ?? 'nothing')
    return { name, found, expected: meta.expected }
  })
}
