import { Argument, type Command, InvalidArgumentError, Option } from 'commander'
import type { ApiClient } from './client.ts'
import { openClientFor } from './context.ts'
import type { Terminal } from './terminal.ts'

// What an argument or an option's value is called tells the shell what completes it: see `completion/sources.ts`.

export const OUTPUTS = ['table', 'wide', 'json', 'yaml', 'name'] as const
export type Output = (typeof OUTPUTS)[number]

export function outputOption(of: readonly Output[] = OUTPUTS): Option {
  return new Option('-o, --output <format>', 'how to print').choices(of).default('table')
}

export function selectorOption(): Option {
  return new Option('-l, --selector <labels>', 'only games with these labels, such as tier=free,region!=eu')
}

export function fieldSelectorOption(): Option {
  return new Option('--field-selector <fields>', 'only games with these fields, such as status.ready=False,spec.engineVersion!=1.0.0')
}

export function dryRunOption(description = 'say what would happen, change nothing'): Option {
  return new Option('--dry-run', description)
}

export function contextOption(): Option {
  return new Option('--context <context>', 'the place to talk to; galaxy context list shows those that are known')
}

export function gamesArgument(): Argument {
  return new Argument('[game...]', 'game ids, also as game/ID')
}

export function repeated(flags: string, description: string): Option {
  return new Option(flags, description).default([], 'none').argParser((text: string, before: readonly string[]) => [...before, text])
}

export function positiveInteger(text: string): number {
  const value = Number(text)
  if (Number.isSafeInteger(value) && value > 0) return value
  throw new InvalidArgumentError('It must be a number from 1.')
}

export function limitOption(description: string, usual: number): Option {
  return new Option('--limit <n>', description).argParser(positiveInteger).default(usual)
}

/** Gives the API of the place that is meant; nothing is asked yet. */
export type OpenClient = () => Promise<ApiClient>

/** Has the verb talk to a controller: it takes `--context`, and `run` is given what opens that place. */
export function talks(command: Command, terminal: Terminal, run: (open: OpenClient, ...args: never[]) => Promise<void>): void {
  command.addOption(contextOption()).action(async (...args: unknown[]) => {
    // It stands before the verb, or after it.
    const { context = null } = command.optsWithGlobals<{ context?: string }>()
    // Commander gives the arguments, the options, and the command itself last of all; `run` says what they are.
    await run(() => openClientFor(terminal, context), ...(args.slice(0, -1) as never[]))
  })
}
