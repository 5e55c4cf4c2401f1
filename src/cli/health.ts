import { readAddress } from '../api/address-file.ts'
import type { Config } from '../config.ts'
import { CliError, EXIT } from './exit.ts'
import { askReadiness } from './readiness.ts'
import { printLine, type Terminal } from './terminal.ts'

/**
 * `galaxy health`, which a container's HEALTHCHECK runs: whether the controller that was started from here answers. One that is not ready
 * lives; to start it again would mend nothing.
 * @throws CliError when none answers
 */
export async function health(terminal: Terminal, { dataDir }: Config): Promise<void> {
  const address = await readAddress(dataDir)
  if (address === null) throw new CliError('no controller has got as far as to serve its API', EXIT.noController)
  const readiness = await askReadiness(address)
  if (readiness.kind === 'silent') throw new CliError(`no controller answers at ${address.url}: ${readiness.why}`, EXIT.noController)
  if (readiness.kind === 'stranger')
    throw new CliError(`who answers at ${address.url} is not known to have been started from here`, EXIT.noController)
  const { failing } = readiness
  printLine(terminal, failing.length === 0 ? 'alive' : `alive, but not ready: ${failing.join('; ')}`)
}
