import type { LoadedConfig } from '../config.ts'
import { createLog, createPrettyLog } from '../log.ts'
import { CliError, EXIT } from './exit.ts'
import { runSupervised } from './run-supervised.ts'
import { recordController } from './running-controllers.ts'
import { stopOnSignals } from './signals.ts'
import type { Terminal } from './terminal.ts'

/** `galaxy controller`: the controller alone, over a database and a Docker daemon that are there. */
export async function runControllerVerb(terminal: Terminal, { config }: LoadedConfig): Promise<void> {
  if (config.databaseUrl === null) {
    throw new CliError('galaxy controller needs a database: set GALAXY_DATABASE_URL, or use `galaxy up`, which brings its own', EXIT.usage)
  }
  const log = terminal.isStdoutTty ? await createPrettyLog(config.log.level) : createLog(config.log.level)
  const stop = stopOnSignals(terminal, config.timings.stopDeadlineMs)
  const forget = await recordController(config.dataDir)
  try {
    await runSupervised(terminal.env, config, { signal: stop.signal, log })
  } finally {
    await forget()
    stop.dispose()
  }
}
