// `npm run bench:start -- [--rounds N] [--profile DIR]`: what the controller adds to a start, from the row's commit until the engine has its
// game, against the raw Docker API with the same image and options, in turn on the same machine. Ends with 0 when the figure holds, 1 when it
// does not, 2 when it could not measure.
import { parseArgs } from 'node:util'
import { registerReferenceEngine } from './bench/first-state.ts'
import { withSetting } from './bench/setting.ts'
import { hasPassedStarts, renderStart, renderStartVerdict, type StartPair, startPair, warmUpStarts } from './bench/start-rounds.ts'

const DEFAULT_ROUNDS = '20'

const { values } = parseArgs({ options: { rounds: { type: 'string', default: DEFAULT_ROUNDS }, profile: { type: 'string' } } })
const rounds = Number(values.rounds)
const abort = new AbortController()
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.once(name, () => abort.abort(new Error(`interrupted by ${name}; cleaned up`)))

try {
  if (!Number.isSafeInteger(rounds) || rounds < 1) throw new RangeError(`--rounds takes a number from 1, not ${values.rounds}`)
  const pairs: StartPair[] = []
  await withSetting({ profileDir: values.profile ?? null, register: registerReferenceEngine }, abort.signal, async (setting) => {
    const spec = await warmUpStarts(setting)
    for (let round = 1; round <= rounds; round += 1) {
      const pair = await startPair(setting, spec, round)
      pairs.push(pair)
      process.stdout.write(`${renderStart(pair)}\n`)
    }
  })
  process.stdout.write(`\n${renderStartVerdict(pairs)}\n`)
  process.exitCode = hasPassedStarts(pairs) ? 0 : 1
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 2
}
