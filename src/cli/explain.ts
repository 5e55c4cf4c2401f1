import { ageOf, formatAge } from './age.ts'
import type { ChangeHappening, EventHappening, Explanation, OperationHappening } from './api-types.ts'
import type { ApiClient } from './client.ts'
import { CliError } from './exit.ts'
import { operationName } from './operations.ts'
import { actionLine } from './operation-text.ts'
import type { Output } from './options.ts'
import { toText } from './output.ts'
import { plain } from './table.ts'
import { printLine, type Terminal } from './terminal.ts'

export interface ExplainOptions {
  readonly output: Output
  /** Of operations; what is behind them is told along with them. */
  readonly limit: number
}

/** `galaxy explain game/NAME`: the chain of cause in plain words, oldest first; the last lines say how it stands. */
export async function explainGame(terminal: Terminal, client: ApiClient, name: string, { output, limit }: ExplainOptions): Promise<void> {
  const answer = await client.call('GET /games/{id}/explanation', { path: { id: name }, query: { limit } })
  if (output === 'json' || output === 'yaml') return printLine(terminal, await toText(answer, output))
  if (answer.now === null && answer.happenings.length === 0)
    throw new CliError(`nothing is known of a game ${name}; galaxy get games lists them`)
  const nowMs = Date.now()
  const story = answer.happenings.map((happening) => tell(happening, nowMs))
  printLine(terminal, [...story, standing(name, answer.now)].join('\n\n'))
}

function tell(happening: Explanation['happenings'][number], nowMs: number): string {
  const when = `${happening.at.slice(0, 19).replace('T', ' ')} (${ageOf(happening.at, nowMs)} ago)`
  switch (happening.kind) {
    case 'change':
      return withDetails(`${when}  ${changed(happening)}`, happening.fields.map(fieldLine))
    case 'event':
      return `${when}  ${seen(happening)}`
    case 'operation':
      return withDetails(`${when}  ${done(happening)}`, outcome(happening))
  }
}

function changed({ isNew, writtenBy, writtenRef, generation }: ChangeHappening): string {
  const at = writtenRef === null ? '' : ` (${plain(writtenRef)})`
  return `${plain(writtenBy)}${at} ${isNew ? 'asked for the game' : 'changed what is asked for'}: generation ${generation}`
}

function fieldLine({ field, from, to }: ChangeHappening['fields'][number]): string {
  const name = field.replaceAll('_', ' ')
  return from === null ? `${name}: ${valueText(to)}` : `${name}: ${valueText(from)} → ${valueText(to)}`
}

function valueText(value: unknown): string {
  return value === null ? 'none' : plain(typeof value === 'string' ? value : JSON.stringify(value))
}

function seen({ type, containerId, detail }: EventHappening): string {
  const where = containerId === null ? '' : ` ${containerId.slice(0, 12)}`
  const known = typeof detail === 'object' && detail !== null ? Object.entries(detail) : []
  const more = known.map(([name, value]) => `${name}: ${valueText(value)}`).join(', ')
  return `seen: ${type.replaceAll('_', ' ')}${where}${more === '' ? '' : ` (${more})`}`
}

function done({ operation, askedAt }: OperationHappening): string {
  const asked = askedAt === null ? '' : `, asked for by generation ${operation.generation ?? '?'}`
  return `${operationName(operation)}${asked}: ${plain(operation.cause)}`
}

function outcome({ operation, actions }: OperationHappening): readonly string[] {
  const { status, startedAt, finishedAt, errorCode, errorMessage, id } = operation
  const took = startedAt === null || finishedAt === null ? '' : ` after ${formatMs(Date.parse(finishedAt) - Date.parse(startedAt))}`
  const why = errorMessage === null ? '' : `: ${plain(errorMessage)}`
  const code = errorCode === null ? '' : ` (${errorCode})`
  return [...actions.map(actionLine), `${status}${took}${code}${why}  [operation ${id}]`]
}

function formatMs(ms: number): string {
  return ms < 10_000 ? `${Math.max(0, ms)} ms` : formatAge(ms)
}

/** What holds is told by its condition; one that is fine says so itself. */
function standing(name: string, now: Explanation['now']): string {
  if (now === null) return `Now: nobody asks for game ${name}, and nothing of it runs`
  const ready = now.conditions.find(({ type }) => type === 'Ready')
  const others = now.conditions.filter(
    ({ type, status }) => type !== 'Ready' && (type === 'Accepted' || type === 'Initialized' ? status !== 'True' : status === 'True'),
  )
  const head = `Now: ${now.ready === 'True' ? 'ready' : now.ready === 'False' ? 'not ready' : 'nobody can tell whether it is ready'}`
  const why = ready === undefined ? '' : ` (${ready.reason})${ready.message === '' ? '' : `: ${plain(ready.message)}`}`
  return withDetails(
    `${head}${why}`,
    others.map(({ type, status, reason, message }) => `${type}=${status} (${reason})${message === '' ? '' : `: ${plain(message)}`}`),
  )
}

function withDetails(head: string, details: readonly string[]): string {
  return [head, ...details.map((line) => `    ${line}`)].join('\n')
}
