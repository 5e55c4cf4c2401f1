import { type Command, Option } from 'commander'
import { STOP_REASONS, type StopReason } from '../model/game.ts'
import { CliError, EXIT } from './exit.ts'
import { gameNames } from './kinds.ts'
import { dryRunOption, gamesArgument, type OpenClient, type Output, outputOption, selectorOption, talks } from './options.ts'
import type { AskedVerb } from './run-verb.ts'
import type { Terminal } from './terminal.ts'

/** The verbs that ask for one thing now; each is one operation. */
export function addRuntimeVerbs(program: Command, terminal: Terminal): void {
  addStart(program, terminal)
  addStop(program, terminal)
  addPatch(program, terminal)
  addPlain(program, terminal, 'restart', 'replace the containers of games by fresh ones of the same image', 'restart')
  addPlain(program, terminal, 'pause', 'compute no turns of games until they are resumed; their containers stay up', 'pause')
  addPlain(program, terminal, 'resume', 'compute turns again; those missed are not made up for', 'resume')
  addPlain(program, terminal, 'turn', 'compute the next turn of games now, also when they are paused', 'force-next-turn')
}

function addStart(program: Command, terminal: Terminal): void {
  const start = verb(program, 'start', 'run games: new ones by version or image, stopped ones as their rows say')
    .option('--version <version>', 'engine version')
    .option('--image <reference>', 'exact image; alone, or beside the version that tells how it is run')
    .option('--engine <engine>', 'of the version, where it is not galaxy')
  type Flags = Common & { version?: string; image?: string; engine?: string }
  talks(start, terminal, async (open, names: string[], options: Flags) => {
    const { version, image, engine } = options
    if (engine !== undefined && version === undefined && image === undefined)
      throw new CliError('--engine goes with --version or --image', EXIT.usage)
    await run(terminal, open, names, options, {
      name: 'POST /admin/runtimes/{id}/start',
      request: { body: { engine, version, image_ref: image } },
      force: false,
    })
  })
}

function addStop(program: Command, terminal: Terminal): void {
  const stop = verb(program, 'stop', 'stop games; their state stays, and `galaxy start` runs them again').addOption(
    new Option('--reason <reason>', 'why').choices(STOP_REASONS).makeOptionMandatory(),
  )
  talks(stop, terminal, (open, names: string[], options: Common & { reason: StopReason }) =>
    run(terminal, open, names, options, {
      name: 'POST /admin/runtimes/{id}/stop',
      request: { body: { reason: options.reason } },
      force: false,
    }),
  )
}

function addPatch(program: Command, terminal: Terminal): void {
  const patch = verb(program, 'patch', 'run games on another version; their state is kept')
    .requiredOption('--to <version>', 'engine version')
    .option('--allow-incompatible', 'also where major or minor differ: the new version must be able to read the state')
    .option('--force-conflicts', 'take the games over from whoever else manages them')
  type Flags = Common & { to: string; allowIncompatible?: boolean; forceConflicts?: boolean }
  talks(patch, terminal, (open, names: string[], options: Flags) =>
    run(terminal, open, names, options, {
      name: 'POST /admin/runtimes/{id}/patch',
      request: { body: { version: options.to, allowIncompatible: options.allowIncompatible === true } },
      force: options.forceConflicts === true,
    }),
  )
}

type PlainVerb = 'restart' | 'pause' | 'resume' | 'force-next-turn'

function addPlain(program: Command, terminal: Terminal, name: string, description: string, path: PlainVerb): void {
  talks(verb(program, name, description), terminal, (open, names: string[], options: Common) =>
    run(terminal, open, names, options, { name: `POST /admin/runtimes/{id}/${path}`, request: {}, force: false }),
  )
}

interface Common {
  readonly selector?: string
  readonly wait?: boolean
  readonly timeout: string
  readonly dryRun?: boolean
  readonly output: Output
}

function verb(program: Command, name: string, description: string): Command {
  return program
    .command(name)
    .description(description)
    .addArgument(gamesArgument())
    .addOption(selectorOption())
    .option('--wait', 'until the operations have ended; fails when one does')
    .option('--timeout <duration>', 'how long to wait, such as 90s or 5m', '5m')
    .addOption(dryRunOption())
    .addOption(outputOption())
}

async function run(terminal: Terminal, open: OpenClient, given: readonly string[], flags: Common, asked: AskedVerb): Promise<void> {
  const [{ durationOf }, { runVerb }, { chosenGames }] = await Promise.all([
    import('./duration.ts'),
    import('./run-verb.ts'),
    import('./choose-games.ts'),
  ])
  const timeoutMs = durationOf('--timeout', flags.timeout)
  const client = await open()
  const games = await chosenGames(client, { names: gameNames(given), selector: flags.selector ?? null })
  const { wait, dryRun, output } = flags
  await runVerb(terminal, client, { games, verb: asked, waitMs: wait === true ? timeoutMs : null, dryRun: dryRun === true, output })
}
