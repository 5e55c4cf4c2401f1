import type { LoadedConfig } from '../config.ts'
import { formatMemory } from '../model/limits.ts'
import { listSettings, type Setting } from './schema.ts'
import { withoutUserInfo } from './values.ts'

export interface EffectiveSetting {
  readonly setting: string
  readonly env: string
  /** As text; a secret shows whether it is set, and nothing of it. */
  readonly value: string
  readonly origin: string
}

/** Every setting with the value that applies and where it comes from: `galaxy config`. */
export function effectiveSettings({ config, origins }: LoadedConfig): readonly EffectiveSetting[] {
  return listSettings().map(({ path, meta }) => ({
    setting: path,
    env: meta.env,
    value: meta.isSecret ? hidden(valueAt(config, path)) : shown(path, valueAt(config, path)),
    origin: origins[path] ?? 'default',
  }))
}

/** The settings as a Markdown table, for docs/configuration.md. */
export function configurationTable(): string {
  const cell = (text: string) => text.replaceAll('|', '\\|')
  const row = ({ path, meta }: Setting) =>
    `| \`${meta.env}\` | \`${path}\` | ${meta.fallback === null ? '' : `\`${cell(meta.fallback)}\``} | ${cell(meta.expected)} | ${cell(meta.doc)} |`
  return ['| variable | in galaxy.yaml | default | value | meaning |', '|---|---|---|---|---|', ...listSettings().map(row), ''].join('\n')
}

/** A setting's path differs from its place in Config where a unit was added or a model type took it in. */
function valueAt(config: LoadedConfig['config'], path: string): unknown {
  const place = path
    .replace(/^defaults\.memory$/, 'defaults.limits.memoryBytes')
    .replace(/^defaults\.(cpus|pids)$/, 'defaults.limits.$1')
    .replace(/^webhook\.(url|secrets)$/, 'webhook.receiver.$1')
  return read(config, place) ?? read(config, `${place}Ms`) ?? null
}

function read(root: unknown, place: string): unknown {
  return place
    .split('.')
    .reduce<unknown>(
      (value, key) => (typeof value === 'object' && value !== null ? Object.entries(value).find(([name]) => name === key)?.[1] : undefined),
      root,
    )
}

function hidden(value: unknown): string {
  return value === null ? '-' : '(set, hidden)'
}

function shown(path: string, value: unknown): string {
  if (value === null) return '-'
  if (path === 'state.mode') return `0${Number(value).toString(8)}`
  if (path === 'defaults.memory') return formatMemory(Number(value))
  if (/^timings\.(?!probeFailures|probeRestartAfter)|\.rescan$|^webhook\.(timeout|poll)$/.test(path)) return `${Number(value)}ms`
  return withoutUserInfo(typeof value === 'string' ? value : JSON.stringify(value))
}
