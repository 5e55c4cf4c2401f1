import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { imageShape, registryImageShape, settingsShape } from './calls/settings.ts'
import { ruleShape } from './faults/rule.ts'

const setupShape = z.strictObject({
  settings: settingsShape.default(() => settingsShape.parse({})),
  /** What ids are made of: the same seed and calls give the same ids. */
  seed: z.string().optional(),
  /** On the host from the start, beside the reference engine's. */
  images: z.array(imageShape).default([]),
  /** What can be pulled. */
  registry: z.array(registryImageShape).default([]),
  rules: z.array(ruleShape).default([]),
})

/** A world's beginning, as its file says. */
export type Setup = Readonly<z.infer<typeof setupShape>>

/** @throws Error naming the file and what is wrong with it */
export async function readSetup(file: string | null): Promise<Setup> {
  if (file === null) return setupShape.parse({})
  const parsed = setupShape.safeParse(JSON.parse(await readFile(file, 'utf8')))
  if (parsed.success) return parsed.data
  throw new Error(`${file}: ${parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ')}`)
}

/** The reference engine's versions, as if their images had been built on this host. */
export function engineImages(): readonly z.infer<typeof imageShape>[] {
  return (['1.0.0', '1.0.1', '1.1.0'] as const).map((version) =>
    imageShape.parse({
      reference: `galaxy-engine:${version}`,
      sizeBytes: 155_207_374,
      config: {
        Entrypoint: ['/node', '--v8-pool-size=1', '/engine/main.js'],
        Env: [`ENGINE_VERSION=${version}`, 'UV_THREADPOOL_SIZE=2'],
        ExposedPorts: { '8080/tcp': {} },
        Labels: { 'com.galaxy.cpu_quota': '1', 'com.galaxy.memory': '256Mi', 'com.galaxy.pids_limit': '64' },
        StopSignal: 'SIGTERM',
        WorkingDir: '/',
      },
      behaviour: { onTerm: { kind: 'exits', afterMs: 30, exitCode: 0 }, serves: { kind: 'engine', version } },
    }),
  )
}
