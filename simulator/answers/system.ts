import type { Settings } from '../calls/settings.ts'
import type { WorldView } from '../world/world.ts'
import { timeText } from './time.ts'

const KERNEL = 'simulated'

/** `GET /version`. */
export function versionJson({ version, apiVersion, oldestApiVersion }: Settings): unknown {
  const details = {
    ApiVersion: apiVersion,
    Arch: 'amd64',
    GoVersion: KERNEL,
    KernelVersion: KERNEL,
    MinAPIVersion: oldestApiVersion,
    Os: 'linux',
  }
  return {
    Platform: { Name: 'Docker simulator' },
    Components: [{ Name: 'Engine', Version: version, Details: details }],
    Version: version,
    ApiVersion: apiVersion,
    MinAPIVersion: oldestApiVersion,
    GitCommit: KERNEL,
    GoVersion: KERNEL,
    Os: 'linux',
    Arch: 'amd64',
    KernelVersion: KERNEL,
    BuildTime: '2026-01-01T00:00:00.000000000+00:00',
  }
}

/** `GET /info`. */
export function infoJson(settings: Settings, world: WorldView, nowMs: number): unknown {
  const containers = world.containers()
  const count = (...statuses: readonly string[]) => containers.filter(({ status }) => statuses.includes(status)).length
  return {
    ID: 'SIMU:LATE:DDDD:DDDD:DDDD:DDDD:DDDD:DDDD:DDDD:DDDD:DDDD:DDDD',
    Containers: containers.length,
    ContainersRunning: count('running', 'restarting'),
    ContainersPaused: count('paused'),
    ContainersStopped: count('created', 'exited', 'removing', 'dead'),
    Images: world.images().length,
    Driver: 'overlay2',
    DriverStatus: [['Backing Filesystem', 'none']],
    Plugins: { Volume: ['local'], Network: ['bridge', 'host', 'null'], Authorization: null, Log: ['json-file', 'local'] },
    MemoryLimit: true,
    SwapLimit: true,
    CpuCfsPeriod: true,
    CpuCfsQuota: true,
    PidsLimit: true,
    IPv4Forwarding: true,
    Debug: false,
    OomKillDisable: true,
    SystemTime: timeText(nowMs),
    LoggingDriver: 'json-file',
    CgroupDriver: 'cgroupfs',
    CgroupVersion: '1',
    KernelVersion: KERNEL,
    OperatingSystem: 'Docker simulator',
    OSVersion: '',
    OSType: 'linux',
    Architecture: 'x86_64',
    IndexServerAddress: 'https://index.docker.io/v1/',
    RegistryConfig: { InsecureRegistryCIDRs: ['127.0.0.0/8'], IndexConfigs: {}, Mirrors: [] },
    NCPU: settings.cpus,
    MemTotal: settings.memoryBytes,
    DockerRootDir: '/var/lib/docker',
    HttpProxy: '',
    HttpsProxy: '',
    NoProxy: '',
    Name: 'simulator',
    Labels: [],
    ExperimentalBuild: false,
    ServerVersion: settings.version,
    Runtimes: { runc: { path: 'runc' } },
    DefaultRuntime: 'runc',
    Swarm: { NodeID: '', NodeAddr: '', LocalNodeState: 'inactive', ControlAvailable: false, Error: '', RemoteManagers: null },
    LiveRestoreEnabled: settings.isLiveRestoreEnabled,
    Isolation: '',
    InitBinary: 'docker-init',
    SecurityOptions: ['name=seccomp,profile=default'],
    Warnings: null,
  }
}
