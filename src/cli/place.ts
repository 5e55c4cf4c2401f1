import { existsSync } from 'node:fs'
import path from 'node:path'
import { type ApiAddress, addressFile, readAddress } from '../api/address-file.ts'
import type { Config } from '../config.ts'
import { simulatedFolder } from '../config/simulation.ts'
import { CONFIG_FILE, DEFAULT_DATA_DIR } from '../config/whereabouts.ts'
import { type Contexts, contextOf, LOCAL, readContexts, tokenOf } from './contexts.ts'
import { CliError, EXIT } from './exit.ts'
import { recordedControllers } from './running-controllers.ts'
import { type Terminal, warnLine } from './terminal.ts'
import { startOne } from './typed.ts'

/** The controller that a verb talks to. */
export interface Place extends ApiAddress {
  /** Nothing real runs there. */
  readonly isSimulated: boolean
  /** What to do where it does not answer. */
  readonly whenSilent: string
}

/** Which of the places is meant, and why. */
export type Choice =
  | { readonly kind: 'context'; readonly name: string; readonly because: string }
  /** GALAXY_API_URL and GALAXY_TOKEN. */
  | { readonly kind: 'settings' }
  | { readonly kind: 'local'; readonly because: string }

/**
 * The place that is meant, by the first of: `--context`, GALAXY_CONTEXT; GALAXY_TOKEN with GALAXY_API_URL; what `galaxy context use` chose;
 * what was started from here.
 * @throws CliError for a context that is not known, and where nothing was started from here; ConfigError
 */
export async function findPlace(terminal: Terminal): Promise<Place> {
  const settings = await settingsOf(terminal)
  const contexts = await readContexts(terminal.env)
  const choice = choose(settings, contexts)
  switch (choice.kind) {
    case 'context':
      return placeOf(contexts, choice.name)
    case 'settings':
      return { ...apiOf(settings), isSimulated: settings.simulate, whenSilent: 'GALAXY_API_URL and GALAXY_TOKEN say that it is there' }
    case 'local':
      return localPlace(settings)
  }
}

/** As `findPlace` chooses. */
export async function choosePlace(terminal: Terminal): Promise<Choice> {
  return choose(await settingsOf(terminal), await readContexts(terminal.env))
}

function choose({ client }: PlaceSettings, { current }: Contexts): Choice {
  if (client.context !== null) return named(client.context, '--context or GALAXY_CONTEXT')
  if (client.token !== null) return { kind: 'settings' }
  return named(current, current === LOCAL ? 'nothing else is chosen' : 'galaxy context use')
}

function named(name: string, because: string): Choice {
  return name === LOCAL ? { kind: 'local', because } : { kind: 'context', name, because }
}

async function placeOf(contexts: Contexts, name: string): Promise<Place> {
  const context = contextOf(contexts, name)
  const whenSilent = `context ${name} says that it is there (galaxy context list)`
  return { url: context.url, token: await tokenOf(name, context), isSimulated: false, whenSilent }
}

/** Of the configuration, what says where calls go. */
type PlaceSettings = Pick<Config, 'dataDir' | 'simulate' | 'client'> & {
  /** Null where nobody says that it is another than usual. */
  readonly api: Pick<Config['api'], 'host' | 'port'> | null
  /** Whether somebody has said that the simulation is meant, or is not. */
  readonly isSimulateSaid: boolean
}

/** What these alone say is known without the whole configuration, whose reading takes longer than all the rest of `galaxy get games`. */
const TELLING_ENOUGH = new Set(['GALAXY_CONTEXT', 'GALAXY_DATA_DIR', 'GALAXY_INSTANCE'])

async function settingsOf(terminal: Terminal): Promise<PlaceSettings> {
  const { env, cwd } = terminal
  const given = (name: string) => (env[name] ?? '').trim()
  const isMore = Object.keys(env).some((name) => name.startsWith('GALAXY_') && !TELLING_ENOUGH.has(name) && env[name] !== '')
  if (isMore || existsSync(path.join(cwd, CONFIG_FILE))) return readSettings(terminal)
  const dataDir = path.resolve(cwd, given('GALAXY_DATA_DIR') || DEFAULT_DATA_DIR)
  const client = { context: given('GALAXY_CONTEXT') || null, url: null, token: null }
  return { dataDir, client, api: null, simulate: false, isSimulateSaid: false }
}

async function readSettings(terminal: Terminal): Promise<PlaceSettings> {
  const { loadConfig } = await import('../config.ts')
  const { config, origins, warnings } = loadConfig(terminal)
  for (const warning of warnings) warnLine(terminal, `warning: ${warning}`)
  return { ...config, isSimulateSaid: origins['simulate'] !== 'default' }
}

/** The address file, which tells the port as well, belongs to the user who started the controller. */
function apiOf({ client: { url, token }, api }: PlaceSettings): ApiAddress {
  if (token === null || api === null) throw new TypeError('only a token that was set speaks for an API that was set')
  if (url !== null) return { url, token }
  const { host, port } = api
  if (port === 0) throw new CliError('GALAXY_API_PORT is any free one: say with GALAXY_API_URL where the API is', EXIT.usage)
  return { url: `http://${host.includes(':') ? `[${host}]` : host}:${port}`, token }
}

/** The simulation where that runs alone and nobody has said which is meant. */
async function localPlace({ dataDir, simulate, isSimulateSaid }: PlaceSettings): Promise<Place> {
  const isSimulated = simulate || (!isSimulateSaid && !(await isAnyRunning(dataDir)) && (await isAnyRunning(simulatedFolder(dataDir))))
  // With `simulate` set, the configuration has the simulation's folder for the data folder.
  const address = await localAddress(isSimulated && !simulate ? simulatedFolder(dataDir) : dataDir)
  return { ...address, isSimulated, whenSilent: startOne() }
}

async function isAnyRunning(dataDir: string): Promise<boolean> {
  const { running } = await recordedControllers(dataDir)
  return running.length > 0
}

async function localAddress(dataDir: string): Promise<ApiAddress> {
  const address = await readAddress(dataDir).catch((error: NodeJS.ErrnoException) => {
    throw new CliError(
      `${addressFile(dataDir)} can't be read (${error.code}): run this as the user who started the controller, or set GALAXY_TOKEN`,
      EXIT.noController,
    )
  })
  if (address !== null) return address
  throw new CliError(
    `no controller has been started from here (there is no ${addressFile(dataDir)}); ${startOne()}, or name another place with --context`,
    EXIT.noController,
  )
}
