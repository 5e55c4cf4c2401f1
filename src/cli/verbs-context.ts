import type { Command } from 'commander'
import { type Output, outputOption } from './options.ts'
import type { Terminal } from './terminal.ts'

/** `galaxy context …`: named places to talk to. */
export function addContextVerbs(program: Command, terminal: Terminal): void {
  const context = program.command('context').description('name controllers elsewhere, and choose which one the verbs talk to')
  context
    .command('list')
    .alias('ls')
    .description('list the places that are known; `local` is what was started from the folder one is in')
    .addOption(outputOption())
    .action(async ({ output }: { output: Output }) => (await import('./context-verbs.ts')).listContexts(terminal, output))
  context
    .command('show')
    .description('tell which one is used now')
    .action(async () => (await import('./context-verbs.ts')).showContext(terminal))
  context
    .command('use')
    .description('talk to this one from now on, wherever no other is named; `local` is what it was at first')
    .argument('<context>', 'as `galaxy context list` shows it')
    .action(async (name: string) => (await import('./context-verbs.ts')).useContext(terminal, name))
  context
    .command('add')
    .description('name a place: where its API is, and with which token it is asked')
    .argument('<name>', 'lower-case letters, digits, hyphens and dots')
    .requiredOption('--url <url>', 'such as https://galaxy.example.org')
    .requiredOption('--token-file <path>', 'file that holds the token, read at each use; - takes it from stdin and keeps it')
    .action(async (name: string, options: { url: string; tokenFile: string }) =>
      (await import('./context-verbs.ts')).addContext(terminal, { name, ...options }),
    )
  context
    .command('delete')
    .alias('rm')
    .description('forget places; the files of their tokens stay')
    .argument('<context...>', 'as `galaxy context list` shows them')
    .action(async (names: string[]) => (await import('./context-verbs.ts')).deleteContexts(terminal, names))
}
