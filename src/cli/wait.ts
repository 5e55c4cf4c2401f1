import { setTimeout as delay } from 'node:timers/promises'
import type { Game, OperationDetail } from './api-types.ts'
import { type ChosenGames, chosenGames } from './choose-games.ts'
import { type ApiClient, ApiFailure } from './client.ts'
import { CliError, EXIT } from './exit.ts'
import { readGame } from './get.ts'
import { operationName } from './operations.ts'
import { printLine, type Terminal } from './terminal.ts'

/** What is waited for. */
export type Goal =
  | { readonly kind: 'condition'; readonly type: string; readonly status: string }
  | { readonly kind: 'delete' }
  | { readonly kind: 'operation'; readonly id: string }

/** `condition=Ready`, `condition=Ready=False`, `delete` or `operation=ID`; null when it is none. */
export function parseGoal(text: string): Goal | null {
  if (text === 'delete') return { kind: 'delete' }
  const condition = /^condition=([A-Za-z]+)(?:=(True|False|Unknown))?$/i.exec(text)
  if (condition !== null) return { kind: 'condition', type: condition[1] ?? '', status: condition[2] ?? 'True' }
  const operation = /^operation=([0-9a-fA-F-]{36})$/.exec(text)
  return operation === null ? null : { kind: 'operation', id: operation[1] ?? '' }
}

export interface WaitOptions extends ChosenGames {
  readonly goal: Goal
  readonly timeoutMs: number
}

/** `galaxy wait`. */
export async function wait(terminal: Terminal, client: ApiClient, options: WaitOptions): Promise<void> {
  const deadlineMs = performance.now() + options.timeoutMs
  const { goal } = options
  if (goal.kind === 'operation') return waitForOperation(terminal, client, goal.id, deadlineMs)
  await waitForGames(terminal, client, await chosenGames(client, options), goal, deadlineMs)
}

/** @throws CliError naming those that have not got there by then, and how they stand */
export async function waitForGames(
  terminal: Terminal,
  client: ApiClient,
  names: readonly string[],
  goal: Exclude<Goal, { kind: 'operation' }>,
  deadlineMs: number,
): Promise<void> {
  const unmet = await Promise.all(names.map((name) => waitForGame(terminal, client, name, goal, deadlineMs)))
  const missed = unmet.filter((reason) => reason !== null)
  if (missed.length > 0) throw new CliError(missed.join('\n'), EXIT.timedOut)
}

const POLL_MS = 200
const LONG_POLL_MS = 20_000

async function waitForOperation(terminal: Terminal, client: ApiClient, id: string, deadlineMs: number): Promise<void> {
  await succeededOperation(client, id, deadlineMs)
  printLine(terminal, `operation/${id} succeeded`)
}

/**
 * @param deadlineMs by `performance.now()`
 * @throws CliError when it failed, with its error, or has not ended by then
 */
export async function succeededOperation(client: ApiClient, id: string, deadlineMs: number): Promise<OperationDetail> {
  for (;;) {
    const leftMs = Math.max(1, Math.round(Math.min(deadlineMs - performance.now(), LONG_POLL_MS)))
    const operation = await client.call('GET /operations/{id}', { path: { id }, query: { wait: `${leftMs}ms` } })
    if (operation.status === 'succeeded') return operation
    if (operation.status === 'failed')
      throw new CliError(
        `operation/${id} (${operationName(operation)} of ${operation.game}) failed: ${operation.errorCode}: ${operation.errorMessage ?? ''}`,
      )
    if (performance.now() >= deadlineMs) throw new CliError(`timed out: operation/${id} is ${operation.status}`, EXIT.timedOut)
  }
}

/** Null once the goal is met, else why it is not. */
async function waitForGame(
  terminal: Terminal,
  client: ApiClient,
  name: string,
  goal: Exclude<Goal, { kind: 'operation' }>,
  deadlineMs: number,
): Promise<string | null> {
  for (;;) {
    const game = await readOrNull(client, name)
    if (isMet(goal, game)) {
      printLine(terminal, `game/${name} ${goal.kind === 'delete' ? 'deleted' : 'condition met'}`)
      return null
    }
    if (performance.now() + POLL_MS > deadlineMs) return `timed out waiting for game/${name}: ${stateOf(goal, game)}`
    await delay(POLL_MS)
  }
}

/** A game that a deletion waits for may be gone already; any other must be there. */
async function readOrNull(client: ApiClient, name: string): Promise<Game | null> {
  try {
    return await readGame(client, name)
  } catch (error) {
    if (error instanceof ApiFailure && error.status === 404) return null
    throw error
  }
}

function isMet(goal: Exclude<Goal, { kind: 'operation' }>, game: Game | null): boolean {
  if (goal.kind === 'delete') return game === null
  if (game === null) return false
  const condition = conditionOf(game, goal.type)
  // A condition of an older generation says nothing about what is asked for now.
  const isCurrent = (condition?.observedGeneration ?? -1) >= (game.metadata.generation ?? 0)
  return isCurrent && condition?.status.toLowerCase() === goal.status.toLowerCase()
}

function conditionOf(game: Game, type: string) {
  return game.status.conditions.find((condition) => condition.type.toLowerCase() === type.toLowerCase())
}

function stateOf(goal: Exclude<Goal, { kind: 'operation' }>, game: Game | null): string {
  if (game === null) return 'there is no such game'
  if (goal.kind === 'delete') return `it is still there (${game.status.status ?? 'no record'})`
  const condition = conditionOf(game, goal.type)
  if (condition === undefined) return `it has no condition ${goal.type} yet`
  return `${condition.type} is ${condition.status} (${condition.reason}): ${condition.message}`
}
