import { type Command, Option } from 'commander'
import { type Role, ROLES } from '../model/role.ts'
import { dryRunOption, type Output, outputOption, talks } from './options.ts'
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
  const create = token
    .command('create')
    .description('make a token and print it, this once; what is said about it goes to stderr')
    .argument('<name>', 'by which the operation log names it: lower-case letters, digits and hyphens')
    .addOption(new Option('--role <role>', 'what it may do; each may do what those before it may').choices(ROLES).makeOptionMandatory())
    .option('--expires <time>', 'after which it is refused, such as 30d or 12h; left out, it lasts until it is revoked')
    .addOption(new Option('-o, --output <format>', 'how to print').choices(['token', 'json', 'yaml']).default('token'))
    .addOption(dryRunOption())
  talks(create, terminal, async (open, name: string, { role, expires, dryRun, output }: CreateFlags) => {
    const [client, { createToken }] = await Promise.all([open(), import('./token.ts')])
    await createToken(terminal, client, { name, role, expiresIn: expires ?? null, dryRun: dryRun === true, output })
  })
}

function addList(token: Command, terminal: Terminal): void {
  const list = token
    .command('list')
    .alias('ls')
    .description('list the tokens that were not revoked, as `galaxy get tokens` does')
    .addOption(outputOption())
  talks(list, terminal, async (open, { output }: { output: Output }) => {
    const [client, { get }] = await Promise.all([open(), import('./get.ts')])
    await get(terminal, client, 'tokens', [], { output, selector: null, limit: 1 })
  })
}

function addRevoke(token: Command, terminal: Terminal): void {
  const revoke = token
    .command('revoke')
    .alias('delete')
    .description('refuse tokens from now on')
    .argument('<token...>', 'names, as `galaxy token list` shows them')
    .addOption(dryRunOption())
  talks(revoke, terminal, async (open, names: string[], { dryRun }: { dryRun?: boolean }) => {
    const [client, { revokeTokens }] = await Promise.all([open(), import('./token.ts')])
    await revokeTokens(terminal, client, names, dryRun === true)
  })
}
