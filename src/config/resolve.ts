import path from 'node:path'
import type { Config, ConfigProblem } from '../config.ts'
import { DEFAULT_INSTANCE } from '../model/labels.ts'
import type { Settings } from './schema.ts'

/** Fills in what one setting takes from another, and checks what only two together can get wrong. */
export function resolveConfig(
  settings: Settings,
  cwd: string,
): { readonly config: Config; readonly contradictions: readonly ConfigProblem[] } {
  const { instance, docker, state, defaults, manifests } = settings
  const { probeFailures, probeRestartAfter, ...durations } = settings.timings
  const dataDir = path.resolve(cwd, settings.dataDir)
  const root = state.root ?? path.join(dataDir, 'games')
  const { rescan, ...watched } = manifests
  const { cpus, memory, pids } = defaults
  const config: Config = {
    ...settings,
    dataDir,
    docker: { ...docker, network: docker.network ?? (instance === DEFAULT_INSTANCE ? 'galaxy' : `${instance}.galaxy`) },
    state: {
      ...state,
      root,
      rootHost: state.rootHost ?? root,
      mode: state.mode ?? (state.owner === null ? 0o777 : 0o700),
    },
    defaults: { limits: { cpus, memoryBytes: memory, pids } },
    manifests: { ...watched, dir: path.resolve(cwd, manifests.dir), rescanMs: rescan },
    timings: { ...inMs(durations), probeFailures, probeRestartAfter },
    webhook: resolveWebhook(settings.webhook),
  }
  return { config: deepFreeze(config), contradictions: [...contradictionsIn(config), ...unsigned(settings), ...tokenless(settings)] }
}

function resolveWebhook({ url, secrets, maxAttempts, timeout, poll }: Settings['webhook']): Config['webhook'] {
  const [secret, ...others] = secrets ?? []
  const receiver = url === null || secret === undefined ? null : { url, secrets: [secret, ...others] as const }
  return { receiver, maxAttempts, timeoutMs: timeout, pollMs: poll }
}

function unsigned({ webhook: { url, secrets } }: Settings): readonly ConfigProblem[] {
  if (url === null || (secrets ?? []).length > 0) return []
  return [
    { name: 'GALAXY_WEBHOOK_SECRET', found: 'nothing', expected: 'a secret beside GALAXY_WEBHOOK_URL: what is sent is signed with it' },
  ]
}

/** The local token is sent to nobody but the controller that made it. */
function tokenless({ client: { url, token } }: Settings): readonly ConfigProblem[] {
  if (url === null || token !== null) return []
  return [
    { name: 'GALAXY_TOKEN', found: 'nothing', expected: 'a token beside GALAXY_API_URL: whose API it is decides which is known there' },
  ]
}

/** `{ lease: 5000 }` → `{ leaseMs: 5000 }`: inside, a duration's name carries its unit. */
function inMs<T extends Readonly<Record<string, number>>>(durations: T): { readonly [K in keyof T & string as `${K}Ms`]: number } {
  const renamed = Object.entries(durations).map(([name, value]) => [`${name}Ms`, value])
  return Object.fromEntries(renamed) as ReturnType<typeof inMs<T>> // fromEntries forgets the keys
}

function contradictionsIn(config: Config): readonly ConfigProblem[] {
  const { leaseMs, leaseRenewMs } = config.timings
  if (leaseRenewMs * 2 <= leaseMs) return []
  return [
    {
      name: 'GALAXY_LEASE_RENEW',
      found: `${leaseRenewMs} ms`,
      expected: `at most half of GALAXY_LEASE (${leaseMs} ms), so that one renewal may fail`,
    },
  ]
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) Object.values(value).forEach(deepFreeze)
  return Object.freeze(value)
}
