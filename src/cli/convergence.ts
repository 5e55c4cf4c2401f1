import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { ApiAddress } from '../api/address-file.ts'
import type { Config } from '../config.ts'
import { containerName } from '../model/labels.ts'
import type { OnProgress } from '../local/progress.ts'
import type { Game } from './api-types.ts'
import { connectClient } from './client.ts'
import { allGames, readyReason } from './get.ts'
import { type Terminal, warnLine } from './terminal.ts'
import { typed } from './typed.ts'

const POLL_MS = 200
/** A folder without manifests brings no games; nobody should wait long for them. */
const FIRST_GAME_MS = 3_000
const GIVE_UP_MS = 120_000

/** Tells how the games come up until all are ready, then what to try next. */
export async function watchConvergence(
  terminal: Terminal,
  config: Config,
  api: ApiAddress,
  signal: AbortSignal,
  say: OnProgress,
): Promise<void> {
  const client = connectClient(api)
  const startedMs = performance.now()
  const told = new Map<string, string>()
  while (!signal.aborted) {
    const games = (await allGames(client, null)).filter(({ spec, metadata }) => spec?.state === 'Running' && metadata.deletedAt === null)
    const elapsedMs = performance.now() - startedMs
    for (const game of games) tell(game, elapsedMs, told, say)
    const isDone = games.length > 0 ? games.every(isReady) : elapsedMs > FIRST_GAME_MS
    if (isDone || elapsedMs > GIVE_UP_MS) return suggest(terminal, config, games)
    await delay(POLL_MS, undefined, { signal }).catch(() => undefined)
  }
}

function isReady({ status }: Game): boolean {
  return status.ready === 'True'
}

/** One line per game and step; a step that is seen again is not told again. */
function tell(game: Game, elapsedMs: number, told: Map<string, string>, say: OnProgress): void {
  const { name } = game.metadata
  const step = isReady(game) ? 'ready' : (readyReason(game) ?? 'accepted')
  // Nobody has looked yet in this run: there is nothing to tell.
  if (step === 'Stale' || told.get(name) === step) return
  told.set(name, step)
  const seconds = (elapsedMs / 1000).toFixed(1)
  if (isReady(game)) say(`${name} is ready after ${seconds} s: engine ${game.status.engineVersion ?? '?'} at ${game.status.endpoint}`)
  else say(`${name}: ${step}${messageOf(game)}`)
}

function messageOf({ status }: Game): string {
  const message = status.conditions.find(({ type }) => type === 'Ready')?.message ?? ''
  return message === '' ? '' : `, ${message}`
}

/** Where nothing is watched yet, as in the folder that an installed program is first started in. */
const SAMPLES = fileURLToPath(new URL('../../manifests', import.meta.url))

function suggest(terminal: Terminal, { instance, simulate, docker }: Config, games: readonly Game[]): void {
  const name = games[0]?.metadata.name
  const client = simulate ? `docker -H ${docker.host}` : 'docker'
  const ending = simulate
    ? 'Ctrl-C ends the simulation; the games keep their state.'
    : 'Ctrl-C stops the controller; the games keep running.'
  const tries =
    name === undefined
      ? [typed('get games'), `${typed(`apply -f ${SAMPLES}`)}   # two games to begin with`, typed('doctor')]
      : [typed('get games'), typed(`describe game ${name}`), `${client} rm -f ${containerName(instance, name)}   # and see it come back`]
  warnLine(terminal, `\nGalaxy is up. Try next, in another terminal:\n${tries.map((line) => `  ${line}`).join('\n')}\n${ending}\n`)
}
