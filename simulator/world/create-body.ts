import { z } from 'zod'

// What `POST /containers/create` takes, as far as the simulator has an answer for it; the rest is kept and given back by an inspect.
const names = z.array(z.string()).nullish()
const texts = z.record(z.string(), z.string()).nullish()

/** A list, or one text as some programs send it. */
const commandShape = z.union([z.array(z.string()), z.string().transform((text) => [text])]).nullish()

const configShape = z.looseObject({
  Image: z.string().default(''),
  Hostname: z.string().default(''),
  User: z.string().default(''),
  Env: names,
  Cmd: commandShape,
  Entrypoint: commandShape,
  Labels: texts,
  ExposedPorts: z.record(z.string(), z.unknown()).nullish(),
  WorkingDir: z.string().default(''),
  StopSignal: z.string().optional(),
  StopTimeout: z.number().nullish(),
  Healthcheck: z.looseObject({ Test: names }).nullish(),
})

const mountShape = z.looseObject({
  Type: z.string().default('volume'),
  Source: z.string().default(''),
  Target: z.string().default(''),
  ReadOnly: z.boolean().optional(),
})

const bindingShape = z.object({ HostIp: z.string().default(''), HostPort: z.string().default('') })

const hostConfigShape = z.looseObject({
  NetworkMode: z.string().default(''),
  Memory: z.number().default(0),
  MemorySwap: z.number().default(0),
  NanoCpus: z.number().default(0),
  CpuQuota: z.number().default(0),
  CpuPeriod: z.number().default(0),
  PidsLimit: z.number().nullish(),
  Binds: names,
  Mounts: z.array(mountShape).nullish(),
  PortBindings: z.record(z.string(), z.array(bindingShape).nullish()).nullish(),
  AutoRemove: z.boolean().default(false),
  Init: z.boolean().nullish(),
  RestartPolicy: z
    .looseObject({ Name: z.string().default(''), MaximumRetryCount: z.number().default(0) })
    .default({ Name: '', MaximumRetryCount: 0 }),
})

const endpointShape = z.looseObject({ Aliases: names })

export const createBodyShape = configShape.extend({
  HostConfig: hostConfigShape.nullish(),
  NetworkingConfig: z.looseObject({ EndpointsConfig: z.record(z.string(), endpointShape.nullish()).nullish() }).nullish(),
})

/** What of a container's limits `POST /containers/{id}/update` may change. */
export const updateBodyShape = z.looseObject({
  Memory: z.number().default(0),
  MemorySwap: z.number().default(0),
  NanoCpus: z.number().default(0),
  CpuQuota: z.number().default(0),
  CpuPeriod: z.number().default(0),
  PidsLimit: z.number().nullish(),
  RestartPolicy: hostConfigShape.shape.RestartPolicy.optional(),
})

export type CreateBody = z.infer<typeof createBodyShape>
/** In Docker's own words and spelling, since inspects give it back as it came. */
export type ContainerConfig = Readonly<z.infer<typeof configShape>>
export type HostConfig = Readonly<z.infer<typeof hostConfigShape>>
