import type { Game, OperationDetail } from './api-types.ts'
import { ageOf, formatTimeLeft } from './age.ts'
import type { ApiClient } from './client.ts'
import { readGame, readyColor } from './get.ts'
import { oneByOne } from './one-by-one.ts'
import { describeOperation } from './operation-text.ts'
import { tableStyle } from './output.ts'
import { indent, plain, renderTable } from './table.ts'
import { printLine, type Terminal } from './terminal.ts'

const SHOWN_OPERATIONS = 5

/** `galaxy describe game NAME...`: what was asked for, what runs, what was done about it and why. */
export async function describeGames(terminal: Terminal, client: ApiClient, names: readonly string[]): Promise<void> {
  let isFirst = true
  await oneByOne(names, async (name) => {
    if (!isFirst) printLine(terminal, '')
    isFirst = false
    await describeGame(terminal, client, name)
  })
}

async function describeGame(terminal: Terminal, client: ApiClient, name: string): Promise<void> {
  const [game, plan, operations] = await Promise.all([
    readGame(client, name),
    client.call('GET /games/{id}/plan', { path: { id: name } }),
    lastOperations(client, name),
  ])
  const nowMs = Date.now()
  const sections = [
    section('', overview(game, nowMs)),
    section('Desired', desired(game)),
    section('Observed', observed(game, nowMs, tableStyle(terminal, false).hasColor)),
    `Conditions:\n${indent(conditions(game, terminal, nowMs))}`,
    `Next:\n${indent(plan.text.split('\n').map(plain).join('\n'))}`,
    `Operations (newest first):\n${indent(operations.map((operation) => describeOperation(operation, nowMs)).join('\n') || 'none')}`,
  ]
  printLine(terminal, sections.join('\n\n'))
}

async function lastOperations(client: ApiClient, name: string): Promise<readonly OperationDetail[]> {
  const page = await client.call('GET /games/{id}/operations', { path: { id: name }, query: { limit: SHOWN_OPERATIONS } })
  return Promise.all(page.items.map(({ id }) => client.call('GET /operations/{id}', { path: { id } })))
}

type Fields = readonly (readonly [name: string, value: string | null | undefined, paint?: ((text: string) => string) | undefined])[]

function overview({ metadata }: Game, nowMs: number): Fields {
  return [
    ['Name', metadata.name],
    ['Labels', labelText(metadata.labels)],
    ['Owner', metadata.managedBy],
    ['Last written by', [metadata.writtenBy, metadata.writtenRef].filter((part) => part !== null).join(' at ')],
    ['Age', ageOf(metadata.createdAt, nowMs)],
    ['Generation', String(metadata.generation ?? '-')],
    ['Being deleted', metadata.deletedAt === null ? null : `for ${ageOf(metadata.deletedAt, nowMs)}`],
  ]
}

function desired({ spec }: Game): Fields {
  if (spec === null) return [['State', 'nobody asks for this game any more']]
  const { resources } = spec
  const players = Array.isArray(spec.players) ? spec.players : []
  return [
    ['State', spec.stopReason === null ? spec.state : `${spec.state} (${spec.stopReason})`],
    ['Engine', `${spec.engine ?? ''} ${spec.engineVersion ?? ''}`.trim()],
    ['Image', spec.image],
    ['Paused', spec.paused === true ? 'yes' : null],
    ['Turn schedule', spec.turnSchedule === null ? null : `${spec.turnSchedule} (${spec.timeZone})`],
    ['Limits', limitText(resources.cpus, resources.memory, resources.pids)],
    ['Players', players.map(playerText).join(', ')],
  ]
}

function observed(game: Game, nowMs: number, hasColor: boolean): Fields {
  const { status } = game
  const when =
    status.observedAt === null
      ? 'never'
      : `${ageOf(status.observedAt, nowMs)} ago${status.observedFrom === null ? '' : ` by ${status.observedFrom}`}${status.fresh ? '' : ', too long ago to be believed'}`
  return [
    ['Status', status.status ?? 'no record yet'],
    ['Ready', status.ready, hasColor ? readyColor(status.ready) : undefined],
    ...turnFields(game, nowMs),
    ['Engine health', status.engineHealth],
    ['Engine version', status.engineVersion],
    ['Image', status.image],
    ['Container', status.containerId?.slice(0, 12)],
    ['Endpoint', status.endpoint],
    ['Network', status.network],
    ['State folder', status.statePath],
    ['Limits', status.resources && limitText(status.resources.cpus, status.resources.memory, status.resources.pids)],
    ['Started', status.startedAt === null ? null : `${ageOf(status.startedAt, nowMs)} ago`],
    ['Stopped', status.stoppedAt === null ? null : `${ageOf(status.stoppedAt, nowMs)} ago`],
    ['Last looked at', when],
    ['Failures', status.backoff && failuresText(status.backoff, nowMs)],
  ]
}

/** They are counted for a while after all is well again, so that whoever crashes often waits longer each time. */
function failuresText({ kind, failures, message, notBefore }: NonNullable<Game['status']['backoff']>, nowMs: number): string {
  const leftMs = notBefore === null ? null : Date.parse(notBefore) - nowMs
  const next = leftMs === null ? '; waits for a change' : leftMs > 0 ? `; next attempt in ${formatTimeLeft(leftMs)}` : ''
  return `${failures} (${kind}), the last: ${message}${next}`
}

function turnFields({ spec, status }: Game, nowMs: number): Fields {
  const { currentTurn, nextTurnAt, pausedAt, finishedAt, mappedPlayers } = status
  const named = Array.isArray(spec?.players) ? spec.players.length : 0
  return [
    ['Turn', currentTurn === null ? null : String(currentTurn)],
    ['Next turn', nextTurnAt && `in ${formatTimeLeft(Date.parse(nextTurnAt) - nowMs)} (${nextTurnAt})`],
    ['Paused', status.paused ? `for ${ageOf(pausedAt, nowMs)}` : null],
    ['Finished', finishedAt && `${ageOf(finishedAt, nowMs)} ago`],
    ['Players', mappedPlayers === 0 && named === 0 ? null : `${mappedPlayers} known to the engine`],
  ]
}

function conditions({ status }: Game, terminal: Terminal, nowMs: number): string {
  if (status.conditions.length === 0) return 'none yet'
  return renderTable(
    status.conditions,
    [
      { title: 'TYPE', value: ({ type }) => type },
      { title: 'STATUS', value: (condition) => condition.status },
      { title: 'REASON', value: ({ reason }) => reason },
      { title: 'SINCE', value: ({ lastTransitionTime }) => ageOf(lastTransitionTime, nowMs) },
      { title: 'MESSAGE', value: ({ message }) => message },
    ],
    { ...tableStyle(terminal, false), columns: null },
  )
}

function section(title: string, fields: Fields): string {
  const shown = fields.flatMap(([name, value, paint = String]) => (value ? [[name, paint(plain(value))] as const] : []))
  const width = Math.max(...shown.map(([name]) => name.length)) + 3
  const lines = shown.map(([name, value]) => `${`${name}:`.padEnd(width)}${value}`)
  return title === '' ? lines.join('\n') : `${title}:\n${indent(lines.join('\n'))}`
}

function labelText(labels: object): string {
  return Object.entries(labels)
    .map(([key, value]) => `${key}=${String(value)}`)
    .join(', ')
}

function limitText(cpus: number | null, memory: string | null, pids: number | null): string {
  const parts = [cpus !== null && `${cpus} cpus`, memory !== null && `${memory} memory`, pids !== null && `${pids} pids`]
  return parts.filter((part) => part !== false).join(', ') || 'by image or default'
}

function playerText(player: unknown): string {
  if (typeof player !== 'object' || player === null || !('raceName' in player)) return '?'
  const user = 'userId' in player ? ` (user ${plain(String(player.userId))})` : ''
  return `${plain(String(player.raceName))}${user}`
}
