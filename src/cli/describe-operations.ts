import type { ApiClient } from './client.ts'
import { CliError, EXIT } from './exit.ts'
import { oneByOne } from './one-by-one.ts'
import { describeOperation } from './operation-text.ts'
import { indent } from './table.ts'
import { printLine, type Terminal } from './terminal.ts'

/** `galaxy describe operation ID...`: what was done, step by step, and why. */
export async function describeOperations(terminal: Terminal, client: ApiClient, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) throw new CliError('name operations; galaxy get operations lists them', EXIT.usage)
  await oneByOne(ids, async (id) => {
    const operation = await client.call('GET /operations/{id}', { path: { id } })
    printLine(terminal, `operation/${id} of game/${operation.game}\n${indent(describeOperation(operation, Date.now()))}`)
  })
}
