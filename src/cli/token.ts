import type { Role } from '../model/role.ts'
import { ageOf, formatTimeLeft } from './age.ts'
import type { Token } from './api-types.ts'
import type { ApiClient } from './client.ts'
import { CliError } from './exit.ts'
import { type Listing, paint, toText } from './output.ts'
import type { Column } from './table.ts'
import { printLine, type Terminal, warnLine } from './terminal.ts'

/** `token`: the secret alone, for `GALAXY_TOKEN=$(galaxy token create …)`. */
export type NewTokenOutput = 'token' | 'json' | 'yaml'

export interface CreateOptions {
  readonly name: string
  readonly role: Role
  /** As `30d`; null: until it is revoked. */
  readonly expiresIn: string | null
  readonly dryRun: boolean
  readonly output: NewTokenOutput
}

/** `galaxy token create NAME --role ROLE`. */
export async function createToken(terminal: Terminal, client: ApiClient, { dryRun, output, ...body }: CreateOptions): Promise<void> {
  const answer = await client.call('POST /admin/tokens', { query: { dryRun }, body })
  const { name, role, expiresIn } = body
  const lifetime = expiresIn === null ? 'until it is revoked' : `for ${expiresIn}`
  warnLine(terminal, `token/${name} ${dryRun ? 'would be created (dry run)' : 'created'}: ${role}, ${lifetime}`)
  if (output !== 'token') return printLine(terminal, await toText(answer, output))
  if (answer.kind === 'DryRun') return
  warnLine(terminal, 'It is shown this once; use it with GALAXY_TOKEN, or as "Authorization: Bearer TOKEN":')
  printLine(terminal, answer.token)
}

/** `galaxy token list`. */
export async function listTokens(client: ApiClient, names: readonly string[]): Promise<Listing<Token>> {
  const answer = await client.call('GET /admin/tokens', {})
  const rows = answer.items.filter(({ name }) => names.length === 0 || names.includes(name))
  if (names.length > 0 && rows.length === 0) throw new CliError(`there is no token ${names.join(', ')}; galaxy token list shows them`)
  return {
    answer: { ...answer, items: rows },
    rows,
    columns: columnsAt(Date.now()),
    name: ({ name }) => `token/${name}`,
    empty: 'no tokens found, besides the one in the data folder of each controller',
  }
}

function columnsAt(nowMs: number): readonly Column<Token>[] {
  return [
    { title: 'NAME', value: ({ name }) => name },
    { title: 'ROLE', value: ({ role }) => role },
    { title: 'EXPIRES', value: expires, paint: (text) => (text === 'expired' ? paint.red(text) : text) },
    { title: 'LAST USED', value: ({ lastUsedAt }) => (lastUsedAt === null ? 'never' : `${ageOf(lastUsedAt, nowMs)} ago`) },
    { title: 'AGE', value: ({ createdAt }) => ageOf(createdAt, nowMs) },
    { title: 'CREATED BY', isWide: true, value: ({ createdBy }) => createdBy },
  ]

  function expires({ expiresAt }: Token): string {
    if (expiresAt === null) return 'never'
    const leftMs = Date.parse(expiresAt) - nowMs
    return leftMs <= 0 ? 'expired' : `in ${formatTimeLeft(leftMs)}`
  }
}

/** `galaxy token revoke NAME...`. */
export async function revokeTokens(terminal: Terminal, client: ApiClient, names: readonly string[], dryRun: boolean): Promise<void> {
  for (const name of names) {
    await client.call('DELETE /admin/tokens/{name}', { path: { name }, query: { dryRun } })
    printLine(terminal, `token/${name} ${dryRun ? 'would be revoked (dry run)' : 'revoked'}`)
  }
}
