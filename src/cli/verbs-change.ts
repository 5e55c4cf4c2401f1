import { Argument, type Command, Option } from 'commander'
import { CliError, EXIT } from './exit.ts'
import { gameNames, type NamedKind, namesOf, parseKind } from './kinds.ts'
import { dryRunOption, gamesArgument, type Output, outputOption, selectorOption, talks } from './options.ts'
import type { Terminal } from './terminal.ts'

/** The verbs that change what is asked for. */
export function addChangeVerbs(program: Command, terminal: Terminal): void {
  addApply(program, terminal)
  addDiff(program, terminal)
  addDelete(program, terminal)
  addPrune(program, terminal)
  addAdopt(program, terminal)
}

function filesOption(): Option {
  return new Option('-f, --filename <path...>', 'manifests: a file, a folder, or - for stdin')
}

interface ApplyFlags {
  readonly filename: string[]
  readonly forceConflicts?: boolean
  readonly dryRun?: boolean
  readonly output: Output
}

function addApply(program: Command, terminal: Terminal): void {
  const apply = program
    .command('apply')
    .description('make games and engine versions as the manifests say')
    .addOption(filesOption().makeOptionMandatory())
    .option('--force-conflicts', 'take over games that somebody else manages')
    .addOption(dryRunOption('say what would change, change nothing'))
    .addOption(outputOption())
  talks(apply, terminal, async (open, { filename: paths, forceConflicts, dryRun, output }: ApplyFlags) => {
    const [client, { apply }] = await Promise.all([open(), import('./apply.ts')])
    await apply(terminal, client, { paths, force: forceConflicts === true, dryRun: dryRun === true, output })
  })
}

function addDiff(program: Command, terminal: Terminal): void {
  const diff = program
    .command('diff')
    .description(
      'show what of games is otherwise than asked for, and why; or with -f what apply would change. Either way, what the controller would do; exit 0: nothing, 1: something, 2: error',
    )
    .addArgument(gamesArgument())
    .addOption(filesOption())
    .addOption(selectorOption())
    .option('--force-conflicts', 'with -f, as apply would with it')
  talks(diff, terminal, async (open, given: string[], flags: { filename?: string[]; selector?: string; forceConflicts?: boolean }) => {
    const { filename: paths, selector = null, forceConflicts } = flags
    const names = gameNames(given)
    if ((paths === undefined) === (names.length === 0 && selector === null))
      throw new CliError('name games, select them with -l, or name manifests with -f', EXIT.usage)
    const [{ diff, whether }, { diffGames }, { chosenGames }] = await Promise.all([
      import('./apply.ts'),
      import('./diff-games.ts'),
      import('./choose-games.ts'),
    ])
    if (paths !== undefined) return diff(terminal, open, { paths, force: forceConflicts === true })
    await whether(async () => {
      const client = await open()
      return diffGames(terminal, client, await chosenGames(client, { names, selector }))
    })
  })
}

const DELETED = ['games', 'versions'] as const

interface DeleteFlags {
  readonly filename?: string[]
  readonly selector?: string
  readonly all?: boolean
  readonly engine: string
  readonly purgeState?: boolean
  readonly dryRun?: boolean
  readonly wait?: boolean
  readonly timeout: string
}

function addDelete(program: Command, terminal: Terminal): void {
  const remove = program
    .command('delete')
    .description('stop games, remove their containers and forget them; their state folders stay unless --purge-state is given')
    .addArgument(new Argument('[kind]', 'what to delete, also as KIND/NAME').choices(DELETED).argParser(parseKind(DELETED)))
    .argument('[name...]', 'game ids, or engine versions')
    .addOption(new Option(filesOption().flags, 'the games and engine versions of these manifests'))
    .addOption(selectorOption())
    .option('--all', 'all games')
    .option('--engine <name>', 'of the versions', 'galaxy')
    .option('--purge-state', "delete the state folder too; it can't be brought back")
    .option('--wait', 'until the games are gone')
    .option('--timeout <duration>', 'how long to wait, such as 90s or 5m', '5m')
    .addOption(dryRunOption())
  talks(remove, terminal, async (open, named: NamedKind<(typeof DELETED)[number]> | undefined, more: string[], flags: DeleteFlags) => {
    const [{ deleteAll, whatToDelete }, { durationOf }] = await Promise.all([import('./delete.ts'), import('./duration.ts')])
    const timeoutMs = durationOf('--timeout', flags.timeout)
    const names = named === undefined ? [] : namesOf(named, more)
    const asked = { kind: named?.kind ?? null, names, paths: flags.filename ?? null, selector: flags.selector ?? null }
    const client = await open()
    const what = await whatToDelete(terminal, client, { ...asked, isAll: flags.all === true, engine: flags.engine })
    const waitMs = flags.wait === true ? timeoutMs : null
    await deleteAll(terminal, client, what, { purgeState: flags.purgeState === true, dryRun: flags.dryRun === true, waitMs })
  })
}

function addPrune(program: Command, terminal: Terminal): void {
  const prune = program
    .command('prune')
    .description('show what vanished from the watched folder and waits for a yes before it is deleted')
    .option('--confirm', 'delete it')
    .addOption(dryRunOption('only show it, as without --confirm'))
  talks(prune, terminal, async (open, { confirm, dryRun }: { confirm?: boolean; dryRun?: boolean }) => {
    const [client, { prune }] = await Promise.all([open(), import('./prune.ts')])
    await prune(terminal, client, confirm === true && dryRun !== true)
  })
}

function addAdopt(program: Command, terminal: Terminal): void {
  const adopt = program
    .command('adopt')
    .description(
      'take over containers that carry our labels and are left alone; galaxy get orphans lists them, and says what is in the way',
    )
    .addArgument(gamesArgument())
    .option('--deployment <deployment>', 'all that another deployment of this instance has left; its controller must not run any more')
    .addOption(dryRunOption('say what would happen, take over nothing'))
  talks(adopt, terminal, async (open, given: string[], { deployment, dryRun }: { deployment?: string; dryRun?: boolean }) => {
    const games = gameNames(given)
    if ((deployment === undefined) === (games.length === 0))
      throw new CliError('name games, or another deployment with --deployment ID; galaxy get orphans lists both', EXIT.usage)
    const [client, { adoptDeployment, adoptGames }] = await Promise.all([open(), import('./adopt.ts')])
    if (deployment === undefined) await adoptGames(terminal, client, games, dryRun === true)
    else await adoptDeployment(terminal, client, deployment, dryRun === true)
  })
}
