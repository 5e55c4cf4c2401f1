import { commandOf, type Container } from '../world/container.ts'
import { networksJson } from './endpoint.ts'
import { mountJson } from './list-entry.ts'
import { timeText } from './time.ts'

const DOCKER_ROOT = '/var/lib/docker'

/** `GET /containers/{id}/json`. */
export function inspectionJson(container: Container): unknown {
  const { id, name, config, hostConfig, lives, mounts } = container
  const [path = '', ...args] = commandOf(container)
  const folder = `${DOCKER_ROOT}/containers/${id}`
  // Written by the first start.
  const file = (leaf: string) => (lives === 0 ? '' : `${folder}/${leaf}`)
  return {
    Id: id,
    Created: timeText(container.createdAtMs),
    Path: path,
    Args: args,
    State: stateJson(container),
    Image: container.imageId,
    ResolvConfPath: file('resolv.conf'),
    HostnamePath: file('hostname'),
    HostsPath: file('hosts'),
    LogPath: file(`${id}-json.log`),
    Name: `/${name}`,
    RestartCount: container.restartCount,
    Driver: 'overlay2',
    Platform: 'linux',
    MountLabel: '',
    ProcessLabel: '',
    AppArmorProfile: '',
    ExecIDs: null,
    HostConfig: hostConfig,
    GraphDriver: { Data: layersOf(id), Name: 'overlay2' },
    Mounts: mounts.map(mountJson),
    Config: { ...CONFIG_DEFAULTS, ...config },
    NetworkSettings: networkSettingsJson(container),
  }
}

const CONFIG_DEFAULTS = {
  Domainname: '',
  AttachStdin: false,
  AttachStdout: false,
  AttachStderr: false,
  Tty: false,
  OpenStdin: false,
  StdinOnce: false,
  Volumes: null,
  OnBuild: null,
}

function stateJson(container: Container): unknown {
  const { id, status, exitCode, isOomKilled, error, startedAtMs, finishedAtMs, health } = container
  const isRunning = status === 'running' || status === 'paused' || status === 'restarting'
  return {
    Status: status,
    Running: isRunning,
    Paused: status === 'paused',
    Restarting: status === 'restarting',
    OOMKilled: isOomKilled,
    Dead: status === 'dead',
    Pid: status === 'running' || status === 'paused' ? pidOf(id) : 0,
    ExitCode: exitCode,
    Error: error,
    StartedAt: timeText(startedAtMs),
    FinishedAt: timeText(finishedAtMs),
    ...(health === null ? {} : { Health: { Status: health.status, FailingStreak: health.failingStreak, Log: [] } }),
  }
}

/** Some number that stays the same for one container; no such process exists. */
function pidOf(id: string): number {
  return 100_000 + (Number.parseInt(id.slice(0, 6), 16) % 4_000_000)
}

function layersOf(id: string): unknown {
  const folder = `${DOCKER_ROOT}/overlay2/${id}`
  return { LowerDir: `${folder}-init/diff`, MergedDir: `${folder}/merged`, UpperDir: `${folder}/diff`, WorkDir: `${folder}/work` }
}

function networkSettingsJson(container: Container): unknown {
  const { id, endpoints, status, lives } = container
  const bridge = endpoints['bridge']?.attached ?? null
  return {
    Bridge: '',
    SandboxID: lives === 0 ? '' : id,
    HairpinMode: false,
    LinkLocalIPv6Address: '',
    LinkLocalIPv6PrefixLen: 0,
    Ports: status === 'running' || status === 'paused' ? portsJson(container) : {},
    SandboxKey: lives === 0 ? '' : `/var/run/docker/netns/${id.slice(0, 12)}`,
    SecondaryIPAddresses: null,
    SecondaryIPv6Addresses: null,
    EndpointID: bridge?.endpointId ?? '',
    Gateway: bridge?.gateway ?? '',
    GlobalIPv6Address: '',
    GlobalIPv6PrefixLen: 0,
    IPAddress: bridge?.address ?? '',
    IPPrefixLen: bridge === null ? 0 : 16,
    IPv6Gateway: '',
    MacAddress: '',
    Networks: networksJson(container),
  }
}

function portsJson({ config, ports }: Container): Readonly<Record<string, unknown>> {
  const exposed = Object.keys(config.ExposedPorts ?? {}).map((port): [string, unknown] => [port, null])
  const published = ports.map(({ port, hostIp, hostPort }): [string, unknown] => [
    port,
    [{ HostIp: hostIp || '0.0.0.0', HostPort: String(hostPort) }],
  ])
  return Object.fromEntries([...exposed, ...published])
}
