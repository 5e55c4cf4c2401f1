// `npm run bench:turns -- [--minutes N] [--rounds N] [--profile DIR] [spread] [together] [idle]`: how late turns are asked for, and what schedules
// cost while nothing is due; one controller, stub engines over HTTP. Ends with 0 when all figures hold, 1 when one does not, 2 when it could not
// measure.
import { parseArgs } from 'node:util'
import { type FigureVerdict, renderFigures } from './bench/figure-verdict.ts'
import { type IdlePair, idlePair } from './bench/idle.ts'
import { simultaneousTicks, spreadTicks } from './bench/ticks.ts'
import { judgeIdle, judgeSimultaneous, judgeSpread, renderIdle, renderTicks } from './bench/turn-verdict.ts'
import { withGames } from './bench/turns-setting.ts'

const FIGURES = ['spread', 'together', 'idle']
const TICKING_GAMES = 500
const IDLE_GAMES = 10_000
/** What is done for every game alike, scheduled or not, would hide what schedules cost. */
const IDLE_OVERRIDES = { 'timings.probeInterval': '24d', 'timings.resync': '1h', 'timings.eventWatchdog': '1h' }

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { minutes: { type: 'string', default: '3' }, rounds: { type: 'string', default: '3' }, profile: { type: 'string' } },
})
const wanted = new Set(positionals.length === 0 ? FIGURES : positionals)
const profileDir = values.profile ?? null
const verdicts: FigureVerdict[] = []
const abort = new AbortController()
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.once(name, () => abort.abort(new Error(`interrupted by ${name}; cleaned up`)))

try {
  const unknown = positionals.filter((figure) => !FIGURES.includes(figure))
  if (unknown.length > 0) throw new RangeError(`no figure ${unknown.join(', ')}; there are ${FIGURES.join(', ')}`)
  const minutes = count('minutes', values.minutes)
  const rounds = count('rounds', values.rounds)
  if (wanted.has('spread') || wanted.has('together')) await measureTicks(minutes)
  if (wanted.has('idle')) await measureIdle(rounds)
  process.stdout.write(`\n${renderFigures(verdicts)}\n`)
  process.exitCode = verdicts.every(({ hasPassed }) => hasPassed) ? 0 : 1
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 2
}

async function measureTicks(minutes: number): Promise<void> {
  await withGames({ games: TICKING_GAMES, overrides: {}, profileDir }, abort.signal, async (setting) => {
    if (wanted.has('spread')) {
      const ticks = await spreadTicks(setting, minutes)
      process.stdout.write(`${renderTicks('spread  ', ticks)}\n`)
      verdicts.push(...judgeSpread(ticks))
    }
    if (!wanted.has('together')) return
    const ticks = await simultaneousTicks(setting, minutes)
    process.stdout.write(`${renderTicks('together', ticks)}\n`)
    verdicts.push(...judgeSimultaneous(ticks))
  })
}

async function measureIdle(rounds: number): Promise<void> {
  const pairs: IdlePair[] = []
  await withGames({ games: IDLE_GAMES, overrides: IDLE_OVERRIDES, profileDir }, abort.signal, async (setting) => {
    for (let round = 1; round <= rounds; round += 1) {
      const pair = await idlePair(setting, round)
      pairs.push(pair)
      process.stdout.write(`${renderIdle(pair)}\n`)
    }
  })
  verdicts.push(...judgeIdle(IDLE_GAMES, pairs))
}

function count(option: string, text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 1) throw new RangeError(`--${option} takes a number from 1, not ${text}`)
  return value
}
