import { type Command, Option } from 'commander'
import { OUTBOX_STATES, type OutboxState } from '../api/reads/outbox.ts'
import { CliError, EXIT } from './exit.ts'
import { dryRunOption, limitOption, type Output, outputOption, talks } from './options.ts'
import type { Terminal } from './terminal.ts'

/** `galaxy outbox`: what is told to the webhook, and having it told again. */
export function addOutboxVerbs(program: Command, terminal: Terminal): void {
  const outbox = program.command('outbox').description('list what is told to the webhook, or have it sent again')
  addList(outbox, terminal)
  addReplay(outbox, terminal)
}

interface ListFlags {
  readonly game?: string | null
  readonly state?: OutboxState | null
  readonly output: Output
  readonly limit: number
}

function addList(outbox: Command, terminal: Terminal): void {
  const list = outbox
    .command('list')
    .alias('ls')
    .description('list events, newest first')
    .option('--game <game>', 'only of this game')
    .addOption(new Option('--state <state>', 'only in this state').choices(OUTBOX_STATES))
    .addOption(outputOption())
    .addOption(limitOption('at most so many', 20))
  talks(list, terminal, async (open, { game = null, state = null, limit, output }: ListFlags) => {
    const [client, { listOutbox }] = await Promise.all([open(), import('./outbox.ts')])
    await listOutbox(terminal, client, { game, state, limit, output })
  })
}

function addReplay(outbox: Command, terminal: Terminal): void {
  const replay = outbox
    .command('replay')
    .description('send events again: the named ones, or those that were given up')
    .argument('[id...]', 'as `galaxy outbox list` shows them')
    .option('--game <game>', 'all dead ones of this game')
    .option('--all-dead', 'all dead ones of all games')
    .addOption(dryRunOption('say what would be sent again, send nothing'))
  talks(replay, terminal, async (open, ids: string[], options: { game?: string; allDead?: boolean; dryRun?: boolean }) => {
    const ways = [ids.length > 0, options.game !== undefined, options.allDead === true].filter(Boolean)
    if (ways.length !== 1) throw new CliError('name ids, or give --game ID, or --all-dead; galaxy outbox list shows them', EXIT.usage)
    const [client, { replayDead, replayEvents }] = await Promise.all([open(), import('./outbox.ts')])
    const dryRun = options.dryRun === true
    if (ids.length > 0) await replayEvents(terminal, client, ids, dryRun)
    else await replayDead(terminal, client, options.game ?? null, dryRun)
  })
}
