import type { ContainerConfig, CreateBody } from '../world/create-body.ts'
import type { Image, ImageConfig } from '../world/image.ts'

/** The image's settings where the caller has none; lists and maps are joined as Docker joins them. */
export function configOf(id: string, asked: CreateBody, { config }: Image): ContainerConfig {
  const { HostConfig: _host, NetworkingConfig: _networking, ...own } = asked
  return {
    ...own,
    Hostname: own.Hostname || id.slice(0, 12),
    User: own.User || config.User,
    WorkingDir: own.WorkingDir || config.WorkingDir,
    Env: environmentOf(own.Env ?? [], config.Env ?? []),
    ...commandOf(own, config),
    Labels: { ...config.Labels, ...own.Labels },
    ...exposed({ ...config.ExposedPorts, ...own.ExposedPorts }),
    ...optional('StopSignal', own.StopSignal ?? config.StopSignal),
    ...optional('Healthcheck', own.Healthcheck ?? healthcheckOf(config)),
  }
}

/** The caller's go first; of the image those that the caller did not name. */
function environmentOf(own: readonly string[], given: readonly string[]): string[] | null {
  const names = new Set(own.map((entry) => entry.split('=')[0]))
  const all = [...own, ...given.filter((entry) => !names.has(entry.split('=')[0]))]
  return all.length === 0 ? null : all
}

/** An entrypoint of one's own leaves the image's command out. */
function commandOf(own: Pick<CreateBody, 'Cmd' | 'Entrypoint'>, config: ImageConfig): Pick<ContainerConfig, 'Cmd' | 'Entrypoint'> {
  const hasEntrypoint = (own.Entrypoint ?? []).length > 0
  if (hasEntrypoint) return { Cmd: own.Cmd ?? null, Entrypoint: own.Entrypoint }
  return { Cmd: own.Cmd ?? mutable(config.Cmd), Entrypoint: mutable(config.Entrypoint) }
}

function exposed(ports: Readonly<Record<string, unknown>>): { ExposedPorts?: Record<string, unknown> } {
  return Object.keys(ports).length === 0 ? {} : { ExposedPorts: { ...ports } }
}

function healthcheckOf({ Healthcheck }: ImageConfig): { Test: string[] | null } | null {
  return Healthcheck === null ? null : { Test: mutable(Healthcheck.Test ?? null) }
}

/** Docker leaves out what nobody set. */
function optional<K extends string, T>(key: K, value: T | null | undefined): { readonly [key in K]?: T } {
  return value === null || value === undefined ? {} : ({ [key]: value } as { readonly [key in K]?: T }) // a computed key is of any name to the compiler
}

function mutable(list: readonly string[] | null): string[] | null {
  return list === null ? null : [...list]
}
