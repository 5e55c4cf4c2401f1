// `npm run load -- [--minutes N] [--games N] [--rate N] [--profile DIR]`: a thousand games on the simulator, changed and crashed all the time while
// events are lost: what the controller holds, how long keys wait, and whether everything is as asked for in the end. Ends with 0 when all
// figures hold, 1 when one does not, 2 when it could not measure.
import { parseArgs } from 'node:util'
import { z } from 'zod'
import { churn } from './load/churn.ts'
import { untilConverged } from './load/converged.ts'
import { harmEvents } from './load/event-faults.ts'
import { Fleet } from './load/fleet.ts'
import { loggedErrors, operationsSince } from './load/operations.ts'
import { type Sample, sample } from './load/samples.ts'
import { type LoadSetting, withLoad } from './load/setting.ts'
import { tenSilentResyncs } from './load/silence.ts'
import { judgeLoad, type LoadRun, renderDeeds, renderLoad, renderSample } from './load/verdict.ts'

const START_MS_PER_GAME = 200
const CONVERGED_TIMEOUT_MS = 300_000
/** The database's idle connections are given up after 30 s. */
const REST_MS = 50_000
const REST_SAMPLES = 4

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    games: { type: 'string', default: '1000' },
    rate: { type: 'string', default: '20' },
    profile: { type: 'string' },
  },
})
const abort = new AbortController()
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.once(name, () => abort.abort(new Error(`interrupted by ${name}; cleaned up`)))

try {
  // Below two minutes there is nothing after the first one to compare it with.
  const minutes = count('minutes', values.minutes, 2)
  const [games, perSecond] = [count('games', values.games, 1), count('rate', values.rate, 1)]
  await withLoad(values.profile ?? null, abort.signal, async (setting) => {
    const run = await load(setting, games, perSecond, minutes * 60_000)
    const verdicts = judgeLoad(run)
    process.stdout.write(`\n${renderDeeds(run)}\n${run.loggedErrors.join('\n')}\n${renderLoad(verdicts)}\n`)
    process.exitCode = verdicts.every(({ hasPassed }) => hasPassed) ? 0 : 1
  })
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 2
}

async function load(setting: LoadSetting, games: number, perSecond: number, lastsMs: number): Promise<LoadRun> {
  const { database, simulator } = setting
  const fleet = new Fleet(database)
  await fleet.create(games)
  await untilConverged(setting, fleet, 30_000 + games * START_MS_PER_GAME)
  const restBefore = await rest(setting, 'before')
  say('churn')
  const since = new Date()
  const untilMs = performance.now() + lastsMs
  const [changes, faults, samples] = await Promise.all([
    churn(setting, fleet, perSecond, untilMs),
    harmEvents(setting, untilMs),
    sample(setting, untilMs, tell),
  ])
  const convergedMs = await untilConverged(setting, fleet, CONVERGED_TIMEOUT_MS)
  const operations = await operationsSince(setting, since)
  // What is held at rest is compared with as many running games as before.
  for (const game of fleet.games) if (!game.isRunning) await fleet.start(game)
  await untilConverged(setting, fleet, CONVERGED_TIMEOUT_MS)
  const restAfter = await rest(setting, 'after')
  say('ten resyncs')
  const silence = await tenSilentResyncs(setting)
  const overlaps = z.array(z.unknown()).parse(await simulator.control('GET', 'overlaps')).length
  const errors = await loggedErrors(setting)
  return { games, changes, faults, operations, samples, restBefore, restAfter, convergedMs, silence, overlaps, loggedErrors: errors }
}

/** The last samples of a time in which nothing is asked for. */
async function rest(setting: LoadSetting, when: string): Promise<readonly Sample[]> {
  say(`at rest ${when}`)
  const samples = await sample(setting, performance.now() + REST_MS, () => {})
  const last = samples.slice(-REST_SAMPLES)
  last.forEach(tell)
  return last
}

function tell(sample: Sample): void {
  say(renderSample(sample))
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

function count(option: string, text: string, least: number): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < least) throw new RangeError(`--${option} takes a number from ${least}, not ${text}`)
  return value
}
