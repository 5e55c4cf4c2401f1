// `npm run bench:converge -- [--rounds N] [--profile DIR]`: how long the controller takes against the raw Docker API, in turn
// on the same machine. Ends with 0 when all three figures hold, 1 when one does not, 2 when it could not measure.
import { parseArgs } from 'node:util'
import { runRound, type Pair, warmUp } from './bench/rounds.ts'
import { registerIdleEngine, withSetting } from './bench/setting.ts'
import { judge, renderPair, renderVerdicts } from './bench/verdict.ts'

const DEFAULT_ROUNDS = '5'

const { values } = parseArgs({ options: { rounds: { type: 'string', default: DEFAULT_ROUNDS }, profile: { type: 'string' } } })
const rounds = Number(values.rounds)
const abort = new AbortController()
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.once(name, () => abort.abort(new Error(`interrupted by ${name}; cleaned up`)))

try {
  if (!Number.isSafeInteger(rounds) || rounds < 1) throw new RangeError(`--rounds takes a number from 1, not ${values.rounds}`)
  const pairs: Pair[] = []
  await withSetting({ profileDir: values.profile ?? null, register: registerIdleEngine }, abort.signal, async (setting) => {
    const specs = await warmUp(setting)
    for (let round = 1; round <= rounds; round += 1) {
      await runRound(setting, specs, round, (pair) => {
        pairs.push(pair)
        process.stdout.write(`${renderPair(pair)}\n`)
      })
    }
  })
  const verdicts = judge(pairs)
  process.stdout.write(`\n${renderVerdicts(verdicts)}\n`)
  process.exitCode = verdicts.every(({ hasPassed }) => hasPassed) ? 0 : 1
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 2
}
