import { type Command, Option } from 'commander'
import { OUTBOX_STATES, type OutboxState } from '../api/reads/outbox.ts'
import { openClientFor } from './context.ts'
import { CliError, EXIT } from './exit.ts'
import { type Output, outputOption, positiveInteger } from './options.ts'
import type { Terminal } from './terminal.ts'

/** `galaxy outbox`: what is told to the webhook, and having it told again. */
export function addOutboxVerbs(program: Command, terminal: Terminal): void {
  const outbox = program.command('outbox').description('list what is told to the webhook, or have it sent again')
  addList(outbox, terminal)
  addReplay(outbox, terminal)
}

function addList(outbox: Command, terminal: Terminal): void {
  outbox
    .command('list')
    .description('list events, newest first')
    .option('--game <id>', 'only of this game')
    .addOption(new Option('--state <state>', 'only in this state').choices(OUTBOX_STATES))
    .addOption(outputOption())
    .option('--limit <n>', 'at most so many', positiveInteger, 20)
    .action(async (options: { game?: string; state?: OutboxState; output: Output; limit: number }) => {
      const [client, { listOutbox }] = await Promise.all([openClientFor(terminal), import('./outbox.ts')])
      await listOutbox(terminal, client, {
        game: options.game ?? null,
        state: options.state ?? null,
        limit: options.limit,
        output: options.output,
      })
    })
}

function addReplay(outbox: Command, terminal: Terminal): void {
  outbox
    .command('replay')
    .description('send events again: the named ones, or those that were given up')
    .argument('[id...]', 'as `galaxy outbox list` shows them')
    .option('--game <id>', 'all dead ones of this game')
    .option('--all-dead', 'all dead ones of all games')
    .option('--dry-run', 'say what would be sent again, send nothing')
    .action(async (ids: string[], options: { game?: string; allDead?: boolean; dryRun?: boolean }) => {
      const ways = [ids.length > 0, options.game !== undefined, options.allDead === true].filter(Boolean)
      if (ways.length !== 1) throw new CliError('name ids, or give --game ID, or --all-dead', EXIT.usage)
      const [client, { replayDead, replayEvents }] = await Promise.all([openClientFor(terminal), import('./outbox.ts')])
      const dryRun = options.dryRun === true
      if (ids.length > 0) await replayEvents(terminal, client, ids, dryRun)
      else await replayDead(terminal, client, options.game ?? null, dryRun)
    })
}
