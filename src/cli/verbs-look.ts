import { Argument, type Command, Option } from 'commander'
import { CliError, EXIT } from './exit.ts'
import { gameNames, KINDS, type Kind, type NamedKind, namesOf, parseKind } from './kinds.ts'
import {
  fieldSelectorOption,
  gamesArgument,
  limitOption,
  type OpenClient,
  type Output,
  outputOption,
  selectorOption,
  talks,
} from './options.ts'
import type { Terminal } from './terminal.ts'

/** The verbs that look, and change nothing. */
export function addLookVerbs(program: Command, terminal: Terminal): void {
  addGet(program, terminal)
  addDescribe(program, terminal)
  addExplain(program, terminal)
  addEvents(program, terminal)
  addLogs(program, terminal)
  addTop(program, terminal)
  addWait(program, terminal)
}

interface GetFlags {
  readonly output: Output
  readonly selector?: string
  readonly fieldSelector?: string
  readonly limit: number
  readonly watch?: boolean
}

/** What is listed is found by the games that it is of. */
const OF_GAMES: ReadonlySet<Kind> = new Set(['operations', 'turns', 'snapshots', 'events', 'orphans'])

const WATCHED = ['games', 'operations', 'turns'] as const

function addGet(program: Command, terminal: Terminal): void {
  const get = program
    .command('get')
    .description(
      'list games, engine versions, watched manifests, engine images and what needs them, tokens, containers that nobody asks for; or, newest first, operations and turns (of the named games), snapshots and events of one game',
    )
    .addArgument(kindArgument(KINDS))
    .argument('[name...]', 'only these; of operations, turns, snapshots and events: game ids')
    .addOption(outputOption())
    .addOption(selectorOption())
    .addOption(fieldSelectorOption())
    .addOption(limitOption('at most so many operations, turns, snapshots or events', 20))
    .option('-w, --watch', `${WATCHED.join(', ')} only: go on, and show what changes`)
  talks(get, terminal, async (open, named: NamedKind<Kind>, more: string[], flags: GetFlags) => {
    const { kind } = named
    const names = OF_GAMES.has(kind) ? gameNames(namesOf(named, more)) : namesOf(named, more)
    const isSelected = flags.selector !== undefined || flags.fieldSelector !== undefined
    if (isSelected && kind !== 'games') throw new CliError(`only games are selected with -l and --field-selector, not ${kind}`, EXIT.usage)
    if (isSelected && names.length > 0) throw new CliError('name games or select them, not both', EXIT.usage)
    if (flags.watch === true) return watchKind(terminal, open, kind, names, flags)
    const [client, { get }] = await Promise.all([open(), import('./get.ts')])
    await get(terminal, client, kind, names, withSelectors(flags))
  })
}

async function watchKind(terminal: Terminal, open: OpenClient, kind: Kind, names: readonly string[], flags: GetFlags): Promise<void> {
  switch (kind) {
    case 'games': {
      const [client, { watchGames }] = await Promise.all([open(), import('./watch-games.ts')])
      return watchGames(terminal, client, names, withSelectors(flags))
    }
    case 'operations':
    case 'turns': {
      const [client, { watchOperations, watchTurns }] = await Promise.all([open(), import('./watch-log.ts')])
      return kind === 'operations' ? watchOperations(terminal, client, names, flags) : watchTurns(terminal, client, names, flags)
    }
    default:
      throw new CliError(`${kind} can't be watched; only ${WATCHED.join(', ')} can`, EXIT.usage)
  }
}

function withSelectors({ output, limit, selector = '', fieldSelector = '' }: GetFlags) {
  return { output, limit, selector: selector || null, fieldSelector: fieldSelector || null }
}

const DESCRIBED = ['games', 'operations'] as const

function addDescribe(program: Command, terminal: Terminal): void {
  const describe = program
    .command('describe')
    .description(
      'tell everything about games: desired, observed, conditions, what comes next, last operations; or about operations: what was done, and why',
    )
    .addArgument(kindArgument(DESCRIBED))
    .argument('[name...]', 'game or operation ids')
    .addOption(selectorOption())
  talks(describe, terminal, async (open, named: NamedKind<(typeof DESCRIBED)[number]>, more: string[], flags: { selector?: string }) => {
    const names = namesOf(named, more)
    if (named.kind === 'operations') {
      const [client, { describeOperations }] = await Promise.all([open(), import('./describe-operations.ts')])
      return describeOperations(terminal, client, names)
    }
    const [client, { describeGames }, { chosenGames }] = await Promise.all([open(), import('./describe.ts'), import('./choose-games.ts')])
    await describeGames(terminal, client, await chosenGames(client, { names, selector: flags.selector ?? null }))
  })
}

function addExplain(program: Command, terminal: Terminal): void {
  const explain = program
    .command('explain')
    .description('tell why a game is as it is: who changed what, what was done about it, what was seen, what came of it')
    .argument('<game...>', 'a game id, or game/ID')
    .addOption(outputOption(['table', 'json', 'yaml']))
    .addOption(limitOption('at most so many operations', 10))
  talks(explain, terminal, async (open, given: string[], options: { output: Output; limit: number }) => {
    const [game = '', ...others] = gameNames(given)
    if (others.length > 0) throw new CliError('name one game: galaxy explain game/ID', EXIT.usage)
    const [client, { explainGame }] = await Promise.all([open(), import('./explain.ts')])
    await explainGame(terminal, client, game, options)
  })
}

function addEvents(program: Command, terminal: Terminal): void {
  const events = program
    .command('events')
    .description("tell what was seen of a game's container and engine: starts, exits, failed probes; newest first")
    .argument('<game>', 'game id, also as game/ID')
    .addOption(outputOption())
    .addOption(limitOption('at most so many', 20))
  talks(events, terminal, async (open, game: string, { output, limit }: { output: Output; limit: number }) => {
    const [client, { get }] = await Promise.all([open(), import('./get.ts')])
    await get(terminal, client, 'events', gameNames([game]), { output, selector: null, limit })
  })
}

interface LogFlags {
  readonly follow?: boolean
  readonly tail: string
  readonly since?: string | null
  readonly timestamps?: boolean
}

function addLogs(program: Command, terminal: Terminal): void {
  const logs = program
    .command('logs')
    .description("print what a game's container has written; on a terminal without its control characters")
    .argument('<game>', 'game id, also as game/ID')
    .option('-f, --follow', 'go on until the container ends')
    .option('-n, --tail <lines>', 'the last so many lines', 'all')
    .option('--since <time>', 'a duration such as 10m, or an instant such as 2026-01-31T18:00:00Z')
    .option('-t, --timestamps', "begin each line with Docker's time")
  talks(logs, terminal, async (open, game: string, { follow = false, tail, since = null, timestamps = false }: LogFlags) => {
    const [client, { logs }] = await Promise.all([open(), import('./logs.ts')])
    await logs(terminal, client, gameNames([game])[0] ?? game, { follow, tail, since, timestamps })
  })
}

interface TopFlags {
  readonly sortBy: 'cpu' | 'memory' | 'name'
  readonly selector?: string | null
  readonly stream: boolean
  readonly output: Output
}

function addTop(program: Command, terminal: Terminal): void {
  const top = program
    .command('top')
    .description('show what games use of CPU, memory and network: on a terminal until it is ended, elsewhere once')
    .addArgument(gamesArgument())
    .addOption(new Option('--sort-by <what>', 'the most first, or by name').choices(['cpu', 'memory', 'name']).default('cpu'))
    .addOption(selectorOption())
    .addOption(outputOption())
    .option('--no-stream', 'once, on a terminal too')
  talks(top, terminal, async (open, given: string[], { sortBy, selector = null, stream, output }: TopFlags) => {
    const names = gameNames(given)
    const [client, { top }, { chosenGames }] = await Promise.all([open(), import('./top.ts'), import('./choose-games.ts')])
    const chosen = selector === null ? names : await chosenGames(client, { names, selector })
    const isRedrawn = terminal.isStdoutTty && stream && (output === 'table' || output === 'wide')
    await top(terminal, client, { names: chosen, sortBy, output, everyMs: isRedrawn ? 2_000 : 1_000, isRedrawn })
  })
}

interface WaitFlags {
  readonly for: string
  readonly timeout: string
  readonly all?: boolean
  readonly selector?: string
}

function addWait(program: Command, terminal: Terminal): void {
  const wait = program
    .command('wait')
    .description('wait until games meet a condition, are gone, or an operation has ended')
    .addArgument(gamesArgument())
    .requiredOption('--for <goal>', 'condition=Ready, condition=Ready=False, delete, or operation=ID')
    .option('--timeout <duration>', 'how long, such as 90s or 5m', '30s')
    .option('--all', 'all games')
    .addOption(selectorOption())
  talks(wait, terminal, async (open, names: string[], flags: WaitFlags) => {
    const [{ parseGoal, wait }, { durationOf }] = await Promise.all([import('./wait.ts'), import('./duration.ts')])
    const goal = parseGoal(flags.for)
    if (goal === null)
      throw new CliError(`--for=${flags.for} is none of condition=Ready, condition=Ready=False, delete, operation=ID`, EXIT.usage)
    const timeoutMs = durationOf('--timeout', flags.timeout)
    const chosen = { names: gameNames(names), selector: flags.selector ?? null, isAll: flags.all === true }
    await wait(terminal, await open(), { goal, ...chosen, timeoutMs })
  })
}

function kindArgument(of: readonly Kind[]): Argument {
  return new Argument('<kind>', 'what to look at, also as KIND/NAME').choices(of).argParser(parseKind(of))
}
