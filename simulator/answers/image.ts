import type { Image, ImageConfig } from '../world/image.ts'
import { timeText } from './time.ts'

/** One entry of `GET /images/json`. */
export function imageEntryJson({ id, tags, digests, parentId, createdAtMs, sizeBytes, config }: Image): unknown {
  return {
    Containers: -1,
    Created: Math.floor(createdAtMs / 1000),
    Id: id,
    Labels: config.Labels,
    ParentId: parentId,
    // Docker says null here, and [] in an inspect.
    RepoDigests: digests.length === 0 ? null : digests,
    RepoTags: tags.length === 0 && digests.length === 0 ? ['<none>:<none>'] : tags,
    SharedSize: -1,
    Size: sizeBytes,
    VirtualSize: sizeBytes,
  }
}

/** `GET /images/{name}/json`. */
export function imageJson({ id, tags, digests, parentId, createdAtMs, sizeBytes, config }: Image): unknown {
  const layer = id.replace('sha256:', '')
  return {
    Id: id,
    RepoTags: tags,
    RepoDigests: digests,
    Parent: parentId,
    Comment: '',
    Created: timeText(createdAtMs),
    Container: '',
    ContainerConfig: configJson(NO_CONFIG),
    DockerVersion: '',
    Author: '',
    Config: configJson(config),
    Architecture: 'amd64',
    Os: 'linux',
    Size: sizeBytes,
    VirtualSize: sizeBytes,
    GraphDriver: { Data: { MergedDir: `/var/lib/docker/overlay2/${layer}/merged` }, Name: 'overlay2' },
    RootFS: { Type: 'layers', Layers: [id] },
    Metadata: { LastTagTime: timeText(createdAtMs) },
  }
}

const NO_CONFIG: ImageConfig = {
  Entrypoint: null,
  Cmd: null,
  Env: null,
  Labels: null,
  ExposedPorts: null,
  User: '',
  WorkingDir: '',
  StopSignal: null,
  Healthcheck: null,
}

function configJson({ ExposedPorts, StopSignal, Healthcheck, ...config }: ImageConfig): unknown {
  return {
    Hostname: '',
    Domainname: '',
    AttachStdin: false,
    AttachStdout: false,
    AttachStderr: false,
    Tty: false,
    OpenStdin: false,
    StdinOnce: false,
    Image: '',
    Volumes: null,
    OnBuild: null,
    ...config,
    ...(ExposedPorts === null ? {} : { ExposedPorts }),
    ...(StopSignal === null ? {} : { StopSignal }),
    ...(Healthcheck === null ? {} : { Healthcheck }),
  }
}
