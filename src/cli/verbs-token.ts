import { type Command, Option } from 'commander'
import { type Role, ROLES } from '../model/role.ts'
import { openClientFor } from './context.ts'
import { type Output, outputOption } from './options.ts'
import type { Terminal } from './terminal.ts'
import type { NewTokenOutput } from './token.ts'

/** `galaxy token …`: who may call the API. */
export function addTokenVerbs(program: Command, terminal: Terminal): void {
  const token = program.command('token').description('create, list and revoke tokens for the API')
  addCreate(token, terminal)
  addList(token, terminal)
  addRevoke(token, terminal)
}

interface CreateFlags {
  readonly role: Role
  readonly expires?: string
  readonly dryRun?: boolean
  readonly output: NewTokenOutput
}

function addCreate(token: Command, terminal: Terminal): void {
  token
    .command('create')
    .description('make a token and print it, this once; what is said about it goes to stderr')
    .argument('<name>', 'by which the operation log names it: lower-case letters, digits and hyphens')
    .addOption(new Option('--role <role>', 'what it may do; each may do what those before it may').choices(ROLES).makeOptionMandatory())
    .option('--expires <time>', 'after which it is refused, such as 30d or 12h; left out, it lasts until it is revoked')
    .addOption(new Option('-o, --output <format>', 'how to print').choices(['token', 'json', 'yaml']).default('token'))
    .option('--dry-run', 'say what would happen, change nothing')
    .action(async (name: string, { role, expires, dryRun, output }: CreateFlags) => {
      const [client, { createToken }] = await Promise.all([openClientFor(terminal), import('./token.ts')])
      await createToken(terminal, client, { name, role, expiresIn: expires ?? null, dryRun: dryRun === true, output })
    })
}

function addList(token: Command, terminal: Terminal): void {
  token
    .command('list')
    .description('list the tokens that were not revoked')
    .addOption(outputOption())
    .action(async ({ output }: { output: Output }) => {
      const [client, { listTokens }] = await Promise.all([openClientFor(terminal), import('./token.ts')])
      await listTokens(terminal, client, output)
    })
}

function addRevoke(token: Command, terminal: Terminal): void {
  token
    .command('revoke')
    .description('refuse tokens from now on')
    .argument('<name...>', 'as `galaxy token list` shows them')
    .option('--dry-run', 'say what would happen, change nothing')
    .action(async (names: string[], { dryRun }: { dryRun?: boolean }) => {
      const [client, { revokeTokens }] = await Promise.all([openClientFor(terminal), import('./token.ts')])
      await revokeTokens(terminal, client, names, dryRun === true)
    })
}
