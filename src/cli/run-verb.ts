import { changeLines } from './apply.ts'
import type { OperationDetail, Operations, VerbDryRun } from './api-types.ts'
import type { ApiClient, RequestOf } from './client.ts'
import { oneByOne } from './one-by-one.ts'
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
  readonly games: readonly string[]
  readonly verb: AskedVerb
  /** Null: not at all. */
  readonly waitMs: number | null
  readonly dryRun: boolean
  readonly output: Output
}

type Answer = OperationDetail | VerbDryRun

/**
 * `galaxy start`, `stop`, `restart`, …: of each game an operation; they are waited for together.
 * @throws CliError with the operations' errors, when they are waited for and fail
 */
export async function runVerb(terminal: Terminal, client: ApiClient, options: VerbOptions): Promise<void> {
  const { games, verb, waitMs, dryRun, output } = options
  const deadlineMs = performance.now() + (waitMs ?? 0)
  const isShownAtOnce = output === 'table' || output === 'wide'
  const ask = async (game: string): Promise<Answer> => {
    const asked: Answer = await client.call(verb.name, { ...verb.request, path: { id: game }, query: { force: verb.force, dryRun } })
    if (isShownAtOnce) tell(terminal, asked)
    return asked
  }
  await oneByOne(games, ask, async (asked) => {
    const ended = waitMs === null ? asked : await untilEnded(terminal, client, asked, { deadlineMs, isShownAtOnce })
    if (!isShownAtOnce) await show(terminal, output, ended, games.length === 1)
  })
}

async function untilEnded(
  terminal: Terminal,
  client: ApiClient,
  asked: readonly Answer[],
  { deadlineMs, isShownAtOnce }: { readonly deadlineMs: number; readonly isShownAtOnce: boolean },
): Promise<readonly Answer[]> {
  const ended: Answer[] = []
  // All are under way: what each is waited for is not waited for again.
  await oneByOne(asked, async (answer) => {
    const operation = answer.kind === 'DryRun' ? answer : await succeededOperation(client, answer.id, deadlineMs)
    if (isShownAtOnce && operation.kind !== 'DryRun') printLine(terminal, endOf(operation))
    ended.push(operation)
  })
  return ended
}

function endOf({ id, errorCode }: OperationDetail): string {
  return `operation/${id} succeeded${errorCode === 'replay_no_op' ? ': it was so already' : ''}`
}

function show(terminal: Terminal, output: Output, answers: readonly Answer[], isForOne: boolean): Promise<void> {
  return printListing(terminal, output, {
    answer: isForOne ? answers[0] : { kind: 'OperationList', items: answers },
    rows: answers,
    columns: [],
    name: (answer) => (answer.kind === 'DryRun' ? `game/${answer.game}` : `operation/${answer.id}`),
    empty: '',
  })
}

function tell(terminal: Terminal, answer: Answer): void {
  if (answer.kind !== 'DryRun') return printLine(terminal, `game/${answer.game} ${answer.op} queued (operation/${answer.id})`)
  const { game, op, changes, plan } = answer
  printLine(terminal, `game/${game} ${op} would be queued (dry run)`)
  for (const line of changes.flatMap(changeLines)) printLine(terminal, line)
  if (plan !== null) printLine(terminal, plan.text.replace(/^/gm, '  '))
}
