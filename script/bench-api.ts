// `npm run bench:api -- [--rounds N] [--profile DIR]`: what the API of a controller with ten thousand games affords: lists against a bare
// fastify's, how soon those who watch are told, and whether its memory stays as it is. Ends with 0 when all figures hold, 1 when one does not,
// 2 when it could not measure.
import { parseArgs } from 'node:util'
import type { BareTask } from './bench/bare-api.ts'
import { judgeLists, judgeMemory, judgeWatch, renderListPair, renderMemory, renderWatch } from './bench/api-verdict.ts'
import { renderFigures } from './bench/figure-verdict.ts'
import { forkProgram } from './bench/forked.ts'
import { type ListPair, listPair, listPaths } from './bench/list-rounds.ts'
import { type ApiControllerProcess, startApiController } from './bench/start-controller.ts'
import { schedule, type TurnsSetting, withGamesOf } from './bench/turns-setting.ts'
import { watchDelays } from './bench/watch-delays.ts'

const GAMES = 10_000
const DEFAULT_ROUNDS = '7'
const CHANGES = 500
const WARM_UP_ROUNDS = 2
const WARM_UP_CHANGES = 50
const OVERRIDES = {
  'api.port': '0',
  'api.requestsPerSecond': '1000000',
  'api.requestBurst': '1000000',
  // What is done for every game, asked for or not, is no matter of the API.
  'timings.probeInterval': '24d',
  'timings.resync': '1h',
  'timings.eventWatchdog': '1h',
}

const { values } = parseArgs({ options: { rounds: { type: 'string', default: DEFAULT_ROUNDS }, profile: { type: 'string' } } })
const rounds = Number(values.rounds)
const abort = new AbortController()
const { signal } = abort
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.once(name, () => abort.abort(new Error(`interrupted by ${name}; cleaned up`)))

try {
  if (!Number.isSafeInteger(rounds) || rounds < 1) throw new RangeError(`--rounds takes a number from 1, not ${values.rounds}`)
  const options = { games: GAMES, overrides: OVERRIDES, profileDir: values.profile ?? null }
  await withGamesOf(startApiController, options, signal, measure)
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 2
}

async function measure(setting: TurnsSetting<ApiControllerProcess>): Promise<void> {
  const { controller, gameIds } = setting
  await schedule(setting, gameIds.map(monthly))
  const api = { url: controller.api.url, token: await viewerToken(controller) }
  const paths = await listPaths(api)
  const bareProgram = forkProgram({ program: 'bare-api.ts' }, signal)
  try {
    const bare = { ...api, paths, url: String(await bareProgram.ask({ ...api, paths } satisfies BareTask)) }
    const lists = (round: number): Promise<ListPair> => listPair(round, { ...api, paths }, bare, signal)
    const watch = (changes: number) => watchDelays({ ...setting, api, changes })
    for (let round = 1; round <= WARM_UP_ROUNDS; round += 1) await lists(round)
    await watch(WARM_UP_CHANGES)
    const before = await controller.memory()
    print(renderMemory('after the warm-up', before))
    const pairs: ListPair[] = []
    for (let round = 1; round <= rounds; round += 1) {
      pairs.push(await lists(round))
      print(pairs.slice(-1).map(renderListPair).join(''))
    }
    const told = await watch(CHANGES)
    print(renderWatch(told))
    const after = await controller.memory()
    print(renderMemory('at the end', after))
    const verdicts = [judgeLists(pairs), ...judgeWatch(told), ...judgeMemory(before, after)]
    print(`\n${renderFigures(verdicts)}`)
    process.exitCode = verdicts.every(({ hasPassed }) => hasPassed) ? 0 : 1
  } finally {
    await bareProgram.stop()
  }
}

/** Everyday schedules of many kinds, none of which comes due today or tomorrow. */
function monthly(_game: string, index: number): string {
  const dayOfMonth = ((new Date().getUTCDate() + 13) % 28) + 1
  return `${index % 60} ${Math.floor(index / 60) % 24} ${dayOfMonth} * *`
}

/** As a lobby's or a dashboard's: looked up at every request, which the local one is not. */
async function viewerToken({ api }: ApiControllerProcess): Promise<string> {
  const answer = await fetch(`${api.url}/api/v1/admin/tokens`, {
    method: 'POST',
    headers: { authorization: `Bearer ${api.token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'bench', role: 'viewer' }),
  })
  const { token } = (await answer.json()) as { readonly token: string } // the route's answer
  return token
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
