// `npm run check`: everything that needs no service. One line per check; what a check said is shown unless it passed.
import { execFile, spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import pLimit from 'p-limit'
import { judgeAudit } from './check/audit.ts'
import { lockFileProblems, npmSettingProblems } from './check/lock-file.ts'

type Check = (signal: AbortSignal) => Promise<Verdict>
type Verdict = { readonly kind: 'passed' } | { readonly kind: 'failed' | 'skipped'; readonly said: string }

const CHECK_TIMEOUT_MS = 120_000
const AUDIT_TIMEOUT_MS = 5_000
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
  advisories: checkAdvisories,
}

async function main(): Promise<number> {
  const abort = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, () => abort.abort(new Error(`interrupted by ${name}`)))
  const lane = pLimit(LANES)
  const verdicts = await Promise.all(Object.entries(CHECKS).map(([name, check]) => lane(() => report(name, check, abort.signal))))
  return verdicts.some(({ kind }) => kind === 'failed') ? 1 : 0
}

async function report(name: string, check: Check, signal: AbortSignal): Promise<Verdict> {
  const startedMs = performance.now()
  const verdict = await check(signal)
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1)
  const said = verdict.kind === 'passed' ? '' : `${verdict.said.trimEnd()}\n\n`
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

async function checkLockFile(): Promise<Verdict> {
  const read = (file: string): Promise<string> => readFile(join(root, file), 'utf8')
  const installed = await read('node_modules/.package-lock.json').catch(() => null)
  const problems = [
    ...lockFileProblems(await read('package-lock.json'), await read('package.json'), installed),
    ...npmSettingProblems(await read('.npmrc')),
  ]
  return problems.length === 0 ? { kind: 'passed' } : { kind: 'failed', said: problems.join('\n') }
}

/** Asks the registry for advisories on every locked package. Not every registry has them, and a machine may be without one: that is told, and no failure. */
async function checkAdvisories(signal: AbortSignal): Promise<Verdict> {
  const audit = judgeAudit(await npmAudit(signal))
  switch (audit.kind) {
    case 'clean':
      return { kind: 'passed' }
    case 'findings':
      return { kind: 'failed', said: `${audit.lines.join('\n')}\nnpm audit says more` }
    case 'unanswered':
      return { kind: 'skipped', said: `no advisories were had, so nothing is known: ${audit.why}` }
  }
}

/** What it wrote to stdout, whether it got an answer or not; without npm, nothing. */
function npmAudit(signal: AbortSignal): Promise<string> {
  const args = ['audit', '--json', '--fetch-retries=0', `--fetch-timeout=${AUDIT_TIMEOUT_MS}`]
  return new Promise((resolve) => {
    execFile('npm', args, { cwd: root, signal, timeout: 2 * AUDIT_TIMEOUT_MS, maxBuffer: 2 ** 26 }, (_error, stdout) => resolve(stdout))
  })
}

process.exitCode = await main()
