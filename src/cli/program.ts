import { readFileSync } from 'node:fs'
import { Command, CommanderError } from 'commander'
import { contextOption } from './options.ts'
import { addChangeVerbs } from './verbs-change.ts'
import { addCompletionVerbs } from './verbs-completion.ts'
import { addContextVerbs } from './verbs-context.ts'
import { addControllerVerbs } from './verbs-controller.ts'
import { addLookVerbs } from './verbs-look.ts'
import { addOutboxVerbs } from './verbs-outbox.ts'
import { addRuntimeVerbs } from './verbs-runtime.ts'
import { addTokenVerbs } from './verbs-token.ts'
import { addVersionVerbs } from './verbs-versions.ts'
import { CliError, EXIT, type ExitCode } from './exit.ts'
import { type Terminal, warnLine } from './terminal.ts'

// Only what every verb needs is imported here; a verb imports its own parts when it runs, so that `get` answers at once.

export const EXIT_CODES: readonly (readonly [code: ExitCode, meaning: string])[] = [
  [EXIT.ok, 'done; for diff: nothing differs'],
  [EXIT.failed, 'refused or failed; for diff: something differs; for doctor: a check fails; for down: something may still run'],
  [EXIT.usage, 'wrong usage or configuration; for diff: any error'],
  [EXIT.noController, 'no controller answers'],
  [EXIT.timedOut, 'what was waited for did not happen in time'],
]

/** Runs `galaxy ARGS`. Never throws; everything is told on the terminal. */
export async function runCli(args: readonly string[], terminal: Terminal): Promise<number> {
  endQuietlyWithTheReader(terminal)
  try {
    await buildProgram(terminal).parseAsync(args, { from: 'user' })
    return EXIT.ok
  } catch (error) {
    return report(terminal, error)
  }
}

/** All verbs with their arguments and options; nothing runs yet. */
export function buildProgram(terminal: Terminal): Command {
  const program = new Command('galaxy')
    .description('Runs turn-based games in Docker: makes the machine match what was asked for, keeps it so, and says why.')
    .version(ownVersion(), '-V, --version')
    .showHelpAfterError('(galaxy --help tells the verbs, galaxy VERB --help how each is used)')
    .addOption(contextOption())
    .addHelpText('after', () => `\nExit codes:\n${EXIT_CODES.map(([code, meaning]) => `  ${code}  ${meaning}`).join('\n')}`)
    // `galaxy start NAME --version 1.0.0` does not ask for the program's own.
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.stdout.write(text),
      writeErr: (text) => terminal.stderr.write(text),
      getOutHelpWidth: () => terminal.columns ?? 100,
      getErrHelpWidth: () => terminal.columns ?? 100,
    })
  program.hook('preAction', (_, verb) => refuseContext(program, verb))
  program.commandsGroup('Games:')
  addLookVerbs(program, terminal)
  addRuntimeVerbs(program, terminal)
  addChangeVerbs(program, terminal)
  program.commandsGroup('What games need, and what is told of them:')
  addVersionVerbs(program, terminal)
  addOutboxVerbs(program, terminal)
  program.commandsGroup('This machine:')
  addControllerVerbs(program, terminal)
  program.commandsGroup('Who asks, and where:')
  addTokenVerbs(program, terminal)
  addContextVerbs(program, terminal)
  program.commandsGroup('This program:')
  addCompletionVerbs(program, terminal)
  program.addHelpCommand(program.createCommand('help').argument('[command]').description('tell how a verb is used'))
  for (const verb of program.commands) hintAtHelp(verb, 'galaxy')
  for (const verb of [program, ...program.commands]) refuseHelpOnUnknown(verb)
  return program
}

/** After a mistake the verb's own help says more than the program's. */
function hintAtHelp(verb: Command, parent: string): void {
  const name = `${parent} ${verb.name()}`
  verb.showHelpAfterError(`(${name} --help tells how it is used)`)
  for (const each of verb.commands) hintAtHelp(each, name)
}

/** `galaxy nonsense --help` would tell the verbs and end with 0, as if there were such a verb. */
function refuseHelpOnUnknown(parent: Command): void {
  if (parent.commands.length === 0) return
  parent.on('beforeAllHelp', () => {
    const [word] = parent.args
    if (word === undefined || word.startsWith('-') || word === 'help') return
    const isKnown = parent.commands.some((verb) => verb.name() === word || verb.aliases().includes(word))
    if (!isKnown) parent.error(`error: unknown command '${word}'`)
  })
}

/** A verb that asks no controller would pay no heed to it, and act here instead. */
function refuseContext(program: Command, verb: Command): void {
  const isAsked = program.opts<{ context?: string }>().context !== undefined
  if (!isAsked || verb.options.some(({ long }) => long === '--context')) return
  throw new CliError(`--context is for verbs that ask a controller; galaxy ${verb.name()} asks none`, EXIT.usage)
}

function ownVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  return typeof manifest === 'object' && manifest !== null && 'version' in manifest ? String(manifest.version) : 'unknown'
}

/** `galaxy get games | head -1` is no failure. */
function endQuietlyWithTheReader(terminal: Terminal): void {
  terminal.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(EXIT.ok)
    throw error
  })
}

/** What the reader can mend is shown as it is; anything else is a bug of ours and shows its stack. */
function report(terminal: Terminal, error: unknown): ExitCode {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage
  if (error instanceof CliError) {
    if (error.message !== '') warnLine(terminal, error.message)
    return error.exitCode
  }
  if (error instanceof Error && error.name === 'ConfigError') {
    warnLine(terminal, error.message)
    return EXIT.usage
  }
  warnLine(terminal, textOf(error))
  return EXIT.failed
}

function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const isBug = error instanceof TypeError || error instanceof ReferenceError || error instanceof RangeError
  if (isBug) return error.stack ?? error.message
  return error.cause instanceof Error && !error.message.includes(error.cause.message)
    ? `${error.message}\n${error.cause.message}`
    : error.message
}
