import { type Command, Option } from 'commander'
import { STOP_REASONS, type StopReason } from '../model/game.ts'
import { openClientFor } from './context.ts'
import { CliError, EXIT } from './exit.ts'
import { type Output, outputOption } from './options.ts'
import type { AskedVerb } from './run-verb.ts'
import type { Terminal } from './terminal.ts'

/** The verbs that ask for one thing now; each is one operation. */
export function addRuntimeVerbs(program: Command, terminal: Terminal): void {
  addStart(program, terminal)
  addStop(program, terminal)
  addPatch(program, terminal)
  addPlain(program, terminal, 'restart', 'replace the container of a game by a fresh one of the same image', 'restart')
  addPlain(program, terminal, 'pause', 'compute no turns of a game until it is resumed; its container stays up', 'pause')
  addPlain(program, terminal, 'resume', 'compute turns again; those missed are not made up for', 'resume')
  addPlain(program, terminal, 'turn', 'compute the next turn of a game now, also when it is paused', 'force-next-turn')
}

function addStart(program: Command, terminal: Terminal): void {
  const start = program
    .command('start')
    .description('run a game: a new one by version or image, a stopped one as its row says')
    .argument('<name>', 'game id')
    .option('--version <version>', 'engine version')
    .option('--image <reference>', 'exact image; alone, or beside the version that tells how it is run')
    .option('--engine <engine>', 'of the version, where it is not galaxy')
  withCommon(start).action(async (name: string, options: Common & { version?: string; image?: string; engine?: string }) => {
    const { version, image, engine } = options
    if (engine !== undefined && version === undefined && image === undefined)
      throw new CliError('--engine goes with --version or --image', EXIT.usage)
    await run(terminal, name, options, {
      name: 'POST /admin/runtimes/{id}/start',
      request: { body: { engine, version, image_ref: image } },
      force: false,
    })
  })
}

function addStop(program: Command, terminal: Terminal): void {
  const stop = program
    .command('stop')
    .description('stop a game; its state stays, and `galaxy start` runs it again')
    .argument('<name>', 'game id')
    .addOption(new Option('--reason <reason>', 'why').choices(STOP_REASONS).makeOptionMandatory())
  withCommon(stop).action((name: string, options: Common & { reason: StopReason }) =>
    run(terminal, name, options, { name: 'POST /admin/runtimes/{id}/stop', request: { body: { reason: options.reason } }, force: false }),
  )
}

function addPatch(program: Command, terminal: Terminal): void {
  const patch = program
    .command('patch')
    .description('run a game on another version; its state is kept')
    .argument('<name>', 'game id')
    .requiredOption('--to <version>', 'engine version')
    .option('--allow-incompatible', 'also where major or minor differ: the new version must be able to read the state')
    .option('--force-conflicts', 'take the game over from whoever else manages it')
  withCommon(patch).action((name: string, options: Common & { to: string; allowIncompatible?: boolean; forceConflicts?: boolean }) =>
    run(terminal, name, options, {
      name: 'POST /admin/runtimes/{id}/patch',
      request: { body: { version: options.to, allowIncompatible: options.allowIncompatible === true } },
      force: options.forceConflicts === true,
    }),
  )
}

type PlainVerb = 'restart' | 'pause' | 'resume' | 'force-next-turn'

function addPlain(program: Command, terminal: Terminal, verb: string, description: string, path: PlainVerb): void {
  withCommon(program.command(verb).description(description).argument('<name>', 'game id')).action((name: string, options: Common) =>
    run(terminal, name, options, { name: `POST /admin/runtimes/{id}/${path}`, request: {}, force: false }),
  )
}

interface Common {
  readonly wait?: boolean
  readonly timeout: string
  readonly dryRun?: boolean
  readonly output: Output
}

function withCommon(command: Command): Command {
  return command
    .option('--wait', 'until the operation has ended; fails when it does')
    .option('--timeout <duration>', 'how long to wait, such as 90s or 5m', '5m')
    .option('--dry-run', 'say what would happen, change nothing')
    .addOption(outputOption())
}

async function run(terminal: Terminal, game: string, { wait, timeout, dryRun, output }: Common, verb: AskedVerb): Promise<void> {
  const { parseDuration } = await import('../config/values.ts')
  const timeoutMs = parseDuration(timeout)
  if (timeoutMs === null) throw new CliError(`--timeout=${timeout} is no duration such as 90s or 5m`, EXIT.usage)
  const [client, { runVerb }] = await Promise.all([openClientFor(terminal), import('./run-verb.ts')])
  const waitMs = wait === true ? timeoutMs : null
  await runVerb(terminal, client, { game, verb, waitMs, dryRun: dryRun === true, output })
}
