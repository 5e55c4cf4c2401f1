import type Docker from 'dockerode'
import { isGrantable } from '../model/capabilities.ts'
import { RuntimeFailure } from '../model/errors.ts'
import type { AcceptedSpec } from '../model/game.ts'
import { hostName, type Identity, KIND, LABEL, OWNER } from '../model/labels.ts'
import type { Limits } from '../model/limits.ts'

export interface ContainerBlueprint {
  readonly name: string
  readonly spec: AcceptedSpec
  readonly identity: Identity
  readonly operationId: string
  readonly nowMs: number
  /** What Docker is given as image: the reference, or the pinned content id. */
  readonly image: string
  readonly log: LogSettings
}

/** Docker's log driver and its options. */
export interface LogSettings {
  readonly driver: string
  readonly options: Readonly<Record<string, string>>
}

/**
 * The body of `POST /containers/create` for one game (spec 4, "The container"); the name goes into the query.
 *
 * @throws RuntimeFailure terminal `start_config_invalid` for a capability that reaches beyond the container, whoever wrote it into the registry
 */
export function createOptions(blueprint: ContainerBlueprint): Docker.ContainerCreateOptions {
  const { spec } = blueprint
  return {
    Image: blueprint.image,
    Hostname: hostName(spec.gameId),
    Labels: labelsOf(blueprint),
    Env: environmentOf(spec),
    ...(spec.command === null ? {} : { Cmd: [...spec.command] }),
    ...(spec.relax.user === undefined ? {} : { User: spec.relax.user }),
    ExposedPorts: Object.fromEntries(spec.publish.map((port) => [`${port.containerPort}/${port.protocol}`, {}])),
    HostConfig: hostConfigOf(blueprint),
    NetworkingConfig: { EndpointsConfig: { [spec.network]: { Aliases: [hostName(spec.gameId)] } } },
  }
}

/** Limits as Docker takes them, at creation and at an update. Swap is the sum of both to Docker, so an equal value allows none. */
export function resourcesOf(limits: Limits): Pick<Docker.HostConfig, 'NanoCpus' | 'Memory' | 'MemorySwap' | 'PidsLimit'> {
  return {
    ...(limits.cpus === null ? {} : { NanoCpus: Math.round(limits.cpus * 1e9) }),
    ...(limits.memoryBytes === null ? {} : { Memory: limits.memoryBytes, MemorySwap: limits.memoryBytes }),
    ...(limits.pids === null ? {} : { PidsLimit: limits.pids }),
  }
}

function labelsOf({ spec, identity, operationId, nowMs }: ContainerBlueprint): Record<string, string> {
  return {
    [LABEL.owner]: OWNER,
    [LABEL.kind]: KIND,
    [LABEL.gameId]: spec.gameId,
    [LABEL.imageRef]: spec.imageRef,
    [LABEL.startedAtMs]: String(nowMs),
    [LABEL.instance]: identity.instance,
    [LABEL.deployment]: identity.deployment,
    [LABEL.engine]: spec.engine,
    ...(spec.engineVersion === null ? {} : { [LABEL.engineVersion]: spec.engineVersion }),
    [LABEL.specHash]: spec.specHash,
    [LABEL.operationId]: operationId,
  }
}

function environmentOf({ env, state }: AcceptedSpec): string[] {
  const all = { ...env, STORAGE_PATH: state.mountPath, [state.envName]: state.mountPath }
  return Object.entries(all).map(([name, value]) => `${name}=${value}`)
}

function hostConfigOf({ spec, log }: ContainerBlueprint): Docker.HostConfig {
  const { relax } = spec
  return {
    ...resourcesOf(spec.limits),
    NetworkMode: spec.network,
    Mounts: [{ Type: 'bind', Source: spec.state.hostPath, Target: spec.state.mountPath }],
    Tmpfs: tmpfsOf(relax.tmpfs ?? []),
    CapDrop: ['ALL'],
    CapAdd: capabilitiesOf(spec),
    SecurityOpt: relax.newPrivileges === true ? [] : ['no-new-privileges'],
    ReadonlyRootfs: relax.writableRoot !== true,
    Init: relax.noInit !== true,
    RestartPolicy: { Name: 'no' },
    LogConfig: { Type: log.driver, Config: { ...log.options } },
    PublishAllPorts: false,
    PortBindings: portBindingsOf(spec),
  }
}

function capabilitiesOf({ relax, engine, engineVersion }: AcceptedSpec): string[] {
  const names = [...(relax.capAdd ?? [])]
  const refused = names.filter((name) => !isGrantable(name))
  if (refused.length === 0) return names
  const message = `relax.capAdd of engine version ${engine} ${engineVersion ?? ''} asks for ${refused.join(', ')}, which no engine is given`
  throw new RuntimeFailure('terminal', 'start_config_invalid', message)
}

/** `/run` or `/run:size=16m`; `/tmp` is always there. */
function tmpfsOf(extra: readonly string[]): Record<string, string> {
  const mounts = extra.map((mount): [string, string] => {
    const [path = '', ...options] = mount.split(':')
    return [path, options.join(':')]
  })
  return { '/tmp': '', ...Object.fromEntries(mounts) }
}

function portBindingsOf({ publish }: AcceptedSpec): Record<string, { HostIp: string; HostPort: string }[]> {
  const bindings: Record<string, { HostIp: string; HostPort: string }[]> = {}
  for (const port of publish) {
    const key = `${port.containerPort}/${port.protocol}`
    bindings[key] = [...(bindings[key] ?? []), { HostIp: port.hostIp, HostPort: String(port.hostPort) }]
  }
  return bindings
}
