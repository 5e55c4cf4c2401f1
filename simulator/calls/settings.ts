import { z } from 'zod'
import { behaviourShape } from '../world/behaviour.ts'

/**
 * How long Docker takes over a call, besides what containers take themselves. The defaults are what was measured with Docker 20.10 on two cores, for one call at
 * a time.
 */
const latencyShape = z.strictObject({
  /** From the reservation of the name until the container can be seen. */
  createMs: z.number().min(0).default(8),
  startMs: z.number().min(0).default(150),
  /** From a process's end until Docker has noticed and cleaned up. */
  exitMs: z.number().min(0).default(60),
  removeMs: z.number().min(0).default(40),
  /** Between the look for a network of the same name and the creation. */
  networkMs: z.number().min(0).default(30),
  /** Per layer of a pull. */
  layerMs: z.number().min(0).default(50),
})

export const imageConfigShape = z.strictObject({
  Entrypoint: z.array(z.string()).nullable().default(['/program']),
  Cmd: z.array(z.string()).nullable().default(null),
  Env: z.array(z.string()).nullable().default(null),
  Labels: z.record(z.string(), z.string()).nullable().default(null),
  ExposedPorts: z.record(z.string(), z.unknown()).nullable().default(null),
  User: z.string().default(''),
  WorkingDir: z.string().default(''),
  StopSignal: z.string().nullable().default(null),
  Healthcheck: z
    .strictObject({ Test: z.array(z.string()) })
    .nullable()
    .default(null),
})

/** One image, on the host or in the registry. Its id follows from everything written here but its place. */
export const imageShape = z.strictObject({
  reference: z.string().min(1),
  sizeBytes: z.int().positive().default(2_000_000),
  config: imageConfigShape.default(() => imageConfigShape.parse({})),
  behaviour: behaviourShape.default(() => behaviourShape.parse({})),
  /** Taken instead of `behaviour` by a container whose command contains the text; the first that fits. */
  commands: z.array(z.strictObject({ contains: z.string(), behaviour: behaviourShape })).default([]),
})

/** An image that can be pulled, or what its registry says instead. */
export const registryImageShape = imageShape.extend({
  layers: z.int().positive().default(2),
  /** Told inside the 200 answer, after the first layer. */
  failsWith: z.string().nullable().default(null),
  /** The stream ends after the first layer, and nothing says why. */
  isCutShort: z.boolean().default(false),
  /** Asked for a login, and refused with 500 without one. */
  needsLogin: z.boolean().default(false),
})

/** Of one daemon, the bridge's included. */
export const SUBNETS = 16

export const settingsShape = z.strictObject({
  version: z.string().default('20.10.24'),
  apiVersion: z.string().default('1.41'),
  oldestApiVersion: z.string().default('1.12'),
  cpus: z.int().positive().default(8),
  memoryBytes: z
    .int()
    .positive()
    .default(32 * 1024 ** 3),
  /** Names of users that every image knows, beside numbers. */
  users: z.array(z.string()).default(['root', 'nobody', 'daemon']),
  /** Of the daemon's 16 subnets 127.N.0.0/16, the first, which is the bridge's. */
  firstSubnet: z.int().min(1).max(239).default(63),
  isLiveRestoreEnabled: z.boolean().default(false),
  latency: latencyShape.default(() => latencyShape.parse({})),
})

export type Settings = Readonly<z.infer<typeof settingsShape>>
export type ImageSetting = Readonly<z.infer<typeof imageShape>>
export type RegistryImage = Readonly<z.infer<typeof registryImageShape>>
