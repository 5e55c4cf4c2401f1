import { Argument, type Command, Option } from 'commander'
import { openClientFor } from './context.ts'
import { CliError, EXIT } from './exit.ts'
import { fieldSelectorOption, type Output, outputOption, positiveInteger, selectorOption } from './options.ts'
import type { Terminal } from './terminal.ts'

const KINDS = ['games', 'versions', 'operations', 'manifests', 'images', 'turns', 'snapshots'] as const

/** The verbs that speak to the running controller. */
export function addGameVerbs(program: Command, terminal: Terminal): void {
  addApply(program, terminal)
  addDiff(program, terminal)
  addGet(program, terminal)
  addDescribe(program, terminal)
  addExplain(program, terminal)
  addEvents(program, terminal)
  addLogs(program, terminal)
  addTop(program, terminal)
  addDelete(program, terminal)
  addWait(program, terminal)
  addPrune(program, terminal)
}

const FILES = new Option('-f, --filename <path...>', 'manifests: a file, a folder, or - for stdin').makeOptionMandatory()

function addApply(program: Command, terminal: Terminal): void {
  program
    .command('apply')
    .description('make games and engine versions as the manifests say')
    .addOption(FILES)
    .option('--force-conflicts', 'take over games that somebody else manages')
    .option('--dry-run', 'say what would change, change nothing')
    .action(async (options: { filename: string[]; forceConflicts?: boolean; dryRun?: boolean }) => {
      const [client, { apply }] = await Promise.all([openClientFor(terminal), import('./apply.ts')])
      await apply(terminal, client, { paths: options.filename, force: options.forceConflicts === true, dryRun: options.dryRun === true })
    })
}

function addDiff(program: Command, terminal: Terminal): void {
  program
    .command('diff')
    .description(
      'show what of games is otherwise than asked for, and why; or with -f what apply would change. Either way, what the controller would do; exit 0: nothing, 1: something, 2: error',
    )
    .argument('[name...]', 'game ids, also as game/ID')
    .addOption(new Option(FILES.flags, FILES.description))
    .option('--force-conflicts', 'with -f, as apply would with it')
    .action(async (names: string[], options: { filename?: string[]; forceConflicts?: boolean }) => {
      const { filename: paths, forceConflicts } = options
      if ((paths === undefined) === (names.length === 0)) throw new CliError('name games, or manifests with -f', EXIT.usage)
      const [{ diff, whether }, { diffGames }] = await Promise.all([import('./apply.ts'), import('./diff-games.ts')])
      const open = () => openClientFor(terminal)
      if (paths === undefined) await whether(async () => diffGames(terminal, await open(), gameNames(names)))
      else await diff(terminal, open, { paths, force: forceConflicts === true })
    })
}

interface GetFlags {
  readonly output: Output
  readonly selector?: string | null
  readonly fieldSelector?: string | null
  readonly limit: number
  readonly watch?: boolean
}

function addGet(program: Command, terminal: Terminal): void {
  program
    .command('get')
    .description(
      'list games, engine versions, watched manifests, engine images and what needs them; or, newest first, operations and turns (of the named games) and snapshots of one game',
    )
    .addArgument(new Argument('<kind>', 'what to list').choices([...KINDS, ...KINDS.map((kind) => kind.slice(0, -1))]))
    .argument('[name...]', 'only these')
    .addOption(outputOption())
    .addOption(selectorOption())
    .addOption(fieldSelectorOption())
    .option('--limit <n>', 'at most so many operations, turns or snapshots', positiveInteger, 20)
    .option('-w, --watch', 'games only: go on, and show what changes')
    .action(async (given: string, names: string[], { output, selector = null, fieldSelector = null, limit, watch = false }: GetFlags) => {
      const kind = KINDS.find((known) => known === given || known.slice(0, -1) === given)
      if (kind === undefined) throw new CliError(`there is no kind ${given}`, EXIT.usage)
      if (watch && kind !== 'games') throw new CliError('only games can be watched', EXIT.usage)
      const [client, { get }] = await Promise.all([openClientFor(terminal), import('./get.ts')])
      if (!watch) return get(terminal, client, kind, names, { output, selector, fieldSelector, limit })
      const { watchGames } = await import('./watch-games.ts')
      await watchGames(terminal, client, names, { output, selector, fieldSelector })
    })
}

function addDescribe(program: Command, terminal: Terminal): void {
  program
    .command('describe')
    .description('tell everything about a game: desired, observed, conditions, what comes next, last operations')
    .addArgument(gameKind())
    .argument('<name>', 'game id')
    .action(async (_kind: string, name: string) => {
      const [client, { describeGame }] = await Promise.all([openClientFor(terminal), import('./describe.ts')])
      await describeGame(terminal, client, name)
    })
}

function addExplain(program: Command, terminal: Terminal): void {
  program
    .command('explain')
    .description('tell why a game is as it is: who changed what, what was done about it, what was seen, what came of it')
    .argument('<game>', 'game id, or game/ID')
    .addOption(outputOption())
    .option('--limit <n>', 'at most so many operations', positiveInteger, 10)
    .action(async (game: string, options: { output: Output; limit: number }) => {
      const [client, { explainGame }] = await Promise.all([openClientFor(terminal), import('./explain.ts')])
      await explainGame(terminal, client, game.replace(/^games?\//, ''), options)
    })
}

function addEvents(program: Command, terminal: Terminal): void {
  program
    .command('events')
    .description("tell what was seen of a game's container and engine: starts, exits, failed probes; newest first")
    .argument('<name>', 'game id')
    .addOption(outputOption())
    .option('--limit <n>', 'at most so many', positiveInteger, 20)
    .action(async (name: string, options: { output: Output; limit: number }) => {
      const [client, { listEvents }] = await Promise.all([openClientFor(terminal), import('./events.ts')])
      await listEvents(terminal, client, name, options)
    })
}

function addLogs(program: Command, terminal: Terminal): void {
  program
    .command('logs')
    .description("print what a game's container has written; on a terminal without its control characters")
    .argument('<name>', 'game id, also as game/ID')
    .option('-f, --follow', 'go on until the container ends')
    .option('--tail <lines>', 'the last so many lines', 'all')
    .option('--since <time>', 'a duration such as 10m, or an instant such as 2026-01-31T18:00:00Z')
    .option('--timestamps', "begin each line with Docker's time")
    .action(async (name: string, options: { follow?: boolean; tail: string; since?: string; timestamps?: boolean }) => {
      const [client, { logs }] = await Promise.all([openClientFor(terminal), import('./logs.ts')])
      const { follow = false, tail, since = null, timestamps = false } = options
      await logs(terminal, client, gameNames([name])[0] ?? name, { follow, tail, since, timestamps })
    })
}

function addTop(program: Command, terminal: Terminal): void {
  program
    .command('top')
    .description('show what games use of CPU, memory and network: on a terminal until it is ended, elsewhere once')
    .argument('[name...]', 'only these games')
    .addOption(new Option('--sort-by <what>', 'the most first, or by name').choices(['cpu', 'memory', 'name']).default('cpu'))
    .action(async (names: string[], { sortBy }: { sortBy: 'cpu' | 'memory' | 'name' }) => {
      const [client, { top }] = await Promise.all([openClientFor(terminal), import('./top.ts')])
      await top(terminal, client, { names: gameNames(names), sortBy, everyMs: terminal.isStdoutTty ? 2_000 : 1_000 })
    })
}

function addDelete(program: Command, terminal: Terminal): void {
  program
    .command('delete')
    .description('stop a game, remove its container and forget it; its state folder stays unless --purge-state is given')
    .addArgument(gameKind())
    .argument('<name...>', 'game ids')
    .option('--purge-state', "delete the state folder too; it can't be brought back")
    .option('--dry-run', 'say what would happen, change nothing')
    .action(async (_kind: string, names: string[], options: { purgeState?: boolean; dryRun?: boolean }) => {
      const [client, { deleteGames }] = await Promise.all([openClientFor(terminal), import('./delete.ts')])
      await deleteGames(terminal, client, names, { purgeState: options.purgeState === true, dryRun: options.dryRun === true })
    })
}

function addWait(program: Command, terminal: Terminal): void {
  program
    .command('wait')
    .description('wait until games meet a condition, are gone, or an operation has ended')
    .argument('[name...]', 'game ids, also as game/ID')
    .requiredOption('--for <goal>', 'condition=Ready, condition=Ready=False, delete, or operation=ID')
    .option('--timeout <duration>', 'how long, such as 90s or 5m', '30s')
    .option('--all', 'all games')
    .addOption(selectorOption())
    .action(async (names: string[], options: { for: string; timeout: string; all?: boolean; selector?: string }) => {
      const [client, { parseGoal, wait }, { parseDuration }] = await Promise.all([
        openClientFor(terminal),
        import('./wait.ts'),
        import('../config/values.ts'),
      ])
      const goal = parseGoal(options.for)
      if (goal === null)
        throw new CliError(`--for=${options.for} is none of condition=Ready, condition=Ready=False, delete, operation=ID`, EXIT.usage)
      const timeoutMs = parseDuration(options.timeout)
      if (timeoutMs === null) throw new CliError(`--timeout=${options.timeout} is no duration such as 90s or 5m`, EXIT.usage)
      await wait(terminal, client, {
        goal,
        names: gameNames(names),
        selector: options.selector ?? null,
        isAll: options.all === true,
        timeoutMs,
      })
    })
}

function addPrune(program: Command, terminal: Terminal): void {
  program
    .command('prune')
    .description('show what vanished from the watched folder and waits for a yes before it is deleted')
    .option('--confirm', 'delete it')
    .action(async (options: { confirm?: boolean }) => {
      const [client, { prune }] = await Promise.all([openClientFor(terminal), import('./prune.ts')])
      await prune(terminal, client, options.confirm === true)
    })
}

function gameKind(): Argument {
  return new Argument('<kind>', 'what it is').choices(['game', 'games'])
}

/** `game/andromeda`, `game andromeda` and `andromeda` mean the same. */
function gameNames(names: readonly string[]): readonly string[] {
  const bare = names[0] === 'game' || names[0] === 'games' ? names.slice(1) : names
  return bare.map((name) => name.replace(/^games?\//, ''))
}
