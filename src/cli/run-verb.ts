import { changeLines } from './apply.ts'
import type { OperationDetail, Operations, VerbDryRun } from './api-types.ts'
import type { ApiClient, RequestOf } from './client.ts'
import type { Output } from './options.ts'
import { printListing } from './output.ts'
import { printLine, type Terminal } from './terminal.ts'
import { succeededOperation } from './wait.ts'

type VerbName = Extract<keyof Operations, `POST /admin/runtimes/{id}/${string}`>

/** A verb with the body that it takes. */
export type AskedVerb = {
  [Name in VerbName]: { readonly name: Name; readonly request: Pick<RequestOf<Name>, 'body'>; readonly force: boolean }
}[VerbName]

export interface VerbOptions {
  readonly game: string
  readonly verb: AskedVerb
  /** Null: not at all. */
  readonly waitMs: number | null
  readonly dryRun: boolean
  readonly output: Output
}

/** `galaxy start`, `stop`, `restart`, … @throws CliError with the operation's error, when it is waited for and fails */
export async function runVerb(terminal: Terminal, client: ApiClient, options: VerbOptions): Promise<void> {
  const { game, verb, waitMs, dryRun, output } = options
  const deadlineMs = performance.now() + (waitMs ?? 0)
  const queued = await client.call(verb.name, { ...verb.request, path: { id: game }, query: { force: verb.force, dryRun } })
  if (queued.kind === 'DryRun') return showDryRun(terminal, output, queued)
  const isShownAtOnce = output === 'table' || output === 'wide'
  if (isShownAtOnce) printLine(terminal, `game/${queued.game} ${queued.op} queued (operation/${queued.id})`)
  const operation = waitMs === null ? queued : await succeededOperation(client, queued.id, deadlineMs)
  if (!isShownAtOnce) return show(terminal, output, operation)
  if (waitMs !== null) printLine(terminal, endOf(operation))
}

function endOf({ id, errorCode }: OperationDetail): string {
  return `operation/${id} succeeded${errorCode === 'replay_no_op' ? ': it was so already' : ''}`
}

function show(terminal: Terminal, output: Output, operation: OperationDetail): Promise<void> {
  return printListing(terminal, output, {
    answer: operation,
    rows: [operation],
    columns: [],
    name: ({ id }) => `operation/${id}`,
    empty: '',
  })
}

async function showDryRun(terminal: Terminal, output: Output, answer: VerbDryRun): Promise<void> {
  if (output !== 'table' && output !== 'wide')
    return printListing(terminal, output, { answer, rows: [answer], columns: [], name: ({ game }) => `game/${game}`, empty: '' })
  const { game, op, changes, plan } = answer
  printLine(terminal, `game/${game} ${op} would be queued (dry run)`)
  for (const line of changes.flatMap(changeLines)) printLine(terminal, line)
  if (plan !== null) printLine(terminal, plan.text.replace(/^/gm, '  '))
}
