import { CliError } from './exit.ts'

/**
 * Does it for each, one after the other; what is refused for one keeps no other from it.
 * @throws CliError at the end, with the only refusal, or with each on a line of its own
 */
export async function oneByOne<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
  finish: (results: readonly Result[]) => Promise<void> = async () => undefined,
): Promise<void> {
  const results: Result[] = []
  const refusals: CliError[] = []
  for (const item of items) {
    try {
      results.push(await work(item))
    } catch (error) {
      if (!(error instanceof CliError)) throw error
      refusals.push(error)
    }
  }
  await finish(results).catch((error: unknown) => {
    if (!(error instanceof CliError)) throw error
    refusals.push(error)
  })
  const [only, ...more] = refusals
  if (only === undefined) return
  throw more.length === 0 ? only : new CliError(refusals.map(({ message }) => message).join('\n'), only.exitCode)
}
