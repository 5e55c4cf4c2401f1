import type { DocumentResult, FieldChange } from './api-types.ts'
import { type AnswerOf, type ApiClient, ApiFailure, type RequestOf } from './client.ts'
import { CliError, EXIT } from './exit.ts'
import type { Output } from './options.ts'
import { toText } from './output.ts'
import { readManifests } from './read-manifests.ts'
import { plain } from './table.ts'
import { printLine, type Terminal, warnLine } from './terminal.ts'

export interface ApplyOptions {
  readonly paths: readonly string[]
  readonly force: boolean
  readonly dryRun: boolean
  readonly output: Output
}

/** `galaxy apply -f`: one line per document. */
export async function apply(terminal: Terminal, client: ApiClient, { paths, force, dryRun, output }: ApplyOptions): Promise<void> {
  const files = await readManifests(paths, terminal.cwd, terminal.stdin)
  const answer = await call(client, 'POST /manifests/apply', { body: { files, force, dryRun } })
  const { results } = answer
  if (output === 'json' || output === 'yaml') printLine(terminal, await toText(answer, output))
  for (const result of results) {
    if (result.outcome === 'refused') warnLine(terminal, `${nameOf(result)} refused: ${plain(result.problem ?? '')}`)
    else if (output === 'name') printLine(terminal, nameOf(result))
    else if (output !== 'json' && output !== 'yaml') printLine(terminal, `${nameOf(result)} ${result.outcome}${dryRun ? ' (dry run)' : ''}`)
  }
  const refused = results.filter(({ outcome }) => outcome === 'refused').length
  if (refused > 0) throw new CliError(`${refused} of ${results.length} documents were refused`)
}

/** `galaxy diff -f`: the fields that differ, then what the controller would do. Every failure is exit code 2: 1 means "differs". */
export async function diff(
  terminal: Terminal,
  open: () => Promise<ApiClient>,
  { paths, force }: Pick<ApplyOptions, 'paths' | 'force'>,
): Promise<void> {
  await whether(() => showDiff(terminal, open, paths, force))
}

/** Ends with exit code 1 when something differs, so that every failure has to be another. */
export async function whether(show: () => Promise<boolean>): Promise<void> {
  const differs = await show().catch((error: unknown) => {
    throw error instanceof CliError && error.exitCode === EXIT.failed ? new CliError(error.message, EXIT.usage, { cause: error }) : error
  })
  if (differs) throw new CliError('', EXIT.failed)
}

async function showDiff(terminal: Terminal, open: () => Promise<ApiClient>, paths: readonly string[], force: boolean): Promise<boolean> {
  const client = await open()
  const files = await readManifests(paths, terminal.cwd, terminal.stdin)
  const { results } = await call(client, 'POST /manifests/diff', { body: { files, force } })
  const refused = results.filter(({ outcome }) => outcome === 'refused')
  const different = results.filter(({ outcome }) => outcome === 'created' || outcome === 'changed')
  for (const result of different) {
    printLine(terminal, `${nameOf(result)} would be ${result.outcome}`)
    for (const line of result.changes.flatMap(changeLines)) printLine(terminal, line)
    if (result.plan !== null) printLine(terminal, result.plan.text.replace(/^/gm, '  '))
  }
  if (refused.length > 0)
    throw new CliError(refused.map((result) => `${nameOf(result)} would be refused: ${plain(result.problem ?? '')}`).join('\n'))
  return different.length > 0
}

/** What manifests name, whatever applying them would do. */
export async function namedDocuments(terminal: Terminal, client: ApiClient, paths: readonly string[]): Promise<readonly DocumentResult[]> {
  const files = await readManifests(paths, terminal.cwd, terminal.stdin)
  const { results } = await call(client, 'POST /manifests/diff', { body: { files, force: false } })
  return results
}

/** A refusal of the whole set lists every place in every file. */
async function call<Name extends 'POST /manifests/apply' | 'POST /manifests/diff'>(
  client: ApiClient,
  name: Name,
  request: RequestOf<Name>,
): Promise<AnswerOf<Name>> {
  try {
    return await client.call(name, request)
  } catch (error) {
    if (!(error instanceof ApiFailure) || error.details.length === 0) throw error
    const lines = error.details.map(
      ({ file, line, column, message }) => `${[file, line, column].filter((part) => part !== undefined).join(':')}: ${plain(message)}`,
    )
    throw new CliError(`${lines.join('\n')}\nnothing was applied`, error.exitCode, { cause: error })
  }
}

function nameOf({ kind, name }: Pick<DocumentResult, 'kind' | 'name'>): string {
  return `${kind.toLowerCase()}/${name}`
}

export function changeLines({ path, before, after }: FieldChange): readonly string[] {
  const show = (value: unknown) => plain(typeof value === 'string' ? value : JSON.stringify(value))
  const line = (sign: string, value: unknown) => (value === undefined || value === null ? [] : [`  ${sign} ${path}: ${show(value)}`])
  return [...line('-', before), ...line('+', after)]
}
