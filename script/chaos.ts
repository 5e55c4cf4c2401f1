// `npm run chaos -- [--seeds N] [--from SEED] [--workers N] [--trace]`: random histories of wishes, meddling and faults against the whole controller
// in a simulated world, judged by what really happened (spec 6, "How it is tested"). Needs no Docker; brings its own Postgres. Ends with 0 when every
// promise held, 1 when one did not, 2 when it could not run.
import { mkdtemp, rm } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { startEmbeddedPostgres } from '../src/local/embedded-postgres.ts'
import { runHistory, type Verdict } from '../test/chaos/history.ts'
import { Figures } from './chaos/figures.ts'
import { runSeeds } from './chaos/workers.ts'

const PROGRESS_SEEDS = 25

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '200' },
    from: { type: 'string', default: '1' },
    workers: { type: 'string', default: String(Math.min(2, availableParallelism())) },
    trace: { type: 'boolean', default: false },
  },
})
const abort = new AbortController()
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.once(name, () => abort.abort(new Error(`interrupted by ${name}; cleaned up`)))

try {
  const from = whole('from', values.from)
  const seeds = Array.from({ length: whole('seeds', values.seeds) }, (_, index) => from + index)
  process.exitCode = await withPostgres((postgresUrl) => (values.trace ? trace(seeds, postgresUrl) : judge(seeds, postgresUrl)))
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 2
}

async function judge(seeds: readonly number[], postgresUrl: string): Promise<number> {
  const figures = new Figures()
  await runSeeds({ seeds, postgresUrl, workers: whole('workers', values.workers), signal: abort.signal }, (outcome) => {
    figures.add(outcome)
    if (outcome.kind === 'judged' && outcome.verdict.findings.length === 0) {
      if (figures.seeds % PROGRESS_SEEDS === 0) process.stdout.write(`${figures.progress(seeds.length)}\n`)
      return
    }
    const said =
      outcome.kind === 'judged'
        ? outcome.verdict.findings.map(({ promise, message }) => `  ${promise}: ${message}`)
        : [`  ${outcome.error}`]
    process.stdout.write(`seed ${outcome.seed} failed\n${said.join('\n')}\n`)
  })
  process.stdout.write(`\n${figures.render()}\n`)
  return figures.failed.length === 0 ? 0 : 1
}

/** The same histories, told step by step to a human. */
async function trace(seeds: readonly number[], postgresUrl: string): Promise<number> {
  const verdicts: Verdict[] = []
  for (const seed of seeds) {
    process.stdout.write(`seed ${seed}\n`)
    const onStep = (atMs: number, what: string): void => void process.stdout.write(`${(atMs / 1000).toFixed(3).padStart(12)} s  ${what}\n`)
    verdicts.push(await runHistory({ seed, postgresUrl, onStep }))
    abort.signal.throwIfAborted()
  }
  return verdicts.some(({ findings }) => findings.length > 0) ? 1 : 0
}

async function withPostgres(work: (url: string) => Promise<number>): Promise<number> {
  const dataDir = await mkdtemp(join(tmpdir(), 'galaxy-chaos-'))
  try {
    const postgres = await startEmbeddedPostgres({
      dataDir,
      instance: `chaos-${process.pid}`,
      signal: abort.signal,
      onProgress: () => undefined,
    })
    try {
      return await work(postgres.url)
    } finally {
      await postgres.stop()
      await rm(postgres.dataDir, { recursive: true, force: true })
    }
  } finally {
    await rm(dataDir, { recursive: true, force: true })
  }
}

function whole(option: string, text: string): number {
  const value = Number(text)
  if (Number.isSafeInteger(value) && value >= 1) return value
  throw new RangeError(`--${option} takes a number from 1, not ${text}`)
}
