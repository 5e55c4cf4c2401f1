import { spawn } from 'node:child_process'
import { readFile, rm } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'

/** What a suite made of a project. */
export type SuiteVerdict =
  | { readonly kind: 'passed' }
  /** `by`: the first test that failed, or what kept the suite from running. */
  | { readonly kind: 'failed'; readonly by: string }

const REPORT = 'mutations-report.json'

const reportShape = z.object({
  testResults: z.array(
    z.object({
      name: z.string(),
      status: z.string(),
      message: z.string().default(''),
      assertionResults: z.array(z.object({ fullName: z.string(), status: z.string() })),
    }),
  ),
})

/** Tells that every defect finds its place, which none does once it is planted: it would seem to catch them all. */
const PLACES = 'test/unit/mutants.test.ts'

/** Runs one project of the test suite in `dir` until its first failure. */
export async function runSuite(dir: string, project: string, signal: AbortSignal): Promise<SuiteVerdict> {
  const report = path.join(dir, REPORT)
  await rm(report, { force: true })
  const args = ['run', '--exclude', PLACES, '--project', project, '--bail', '1', '--reporter', 'json', '--outputFile', REPORT]
  const code = await exitCodeOf(path.join(dir, 'node_modules/.bin/vitest'), args, dir, signal)
  return code === 0 ? { kind: 'passed' } : { kind: 'failed', by: await firstFailure(report, dir) }
}

async function firstFailure(report: string, dir: string): Promise<string> {
  const { testResults } = reportShape.parse(JSON.parse(await readFile(report, 'utf8')))
  for (const { name, assertionResults } of testResults) {
    const failed = assertionResults.find(({ status }) => status === 'failed')
    if (failed !== undefined) return `${path.relative(dir, name)}: ${failed.fullName}`
  }
  const broken = testResults.find(({ status }) => status === 'failed')
  if (broken !== undefined) return `${path.relative(dir, broken.name)}: ${broken.message.split('\n', 1)[0] ?? ''}`
  throw new Error('the suite failed without naming a test')
}

/** Runs under this Node, not under the one that the PATH happens to name. */
function exitCodeOf(program: string, args: readonly string[], cwd: string, signal: AbortSignal): Promise<number | null> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, ...args], { cwd, stdio: 'ignore', signal })
    child.on('error', reject)
    child.on('close', resolve)
  })
}
