import type { AcceptedSpec } from '../../src/model/game.ts'
import { LABEL } from '../../src/model/labels.ts'
import { convergeDriven, patchDriven, removeDriven, restartDriven, settled } from './driven.ts'
import { quiet } from './quiet.ts'
import { acceptedSpec, convergeRaw, patchRaw, prepareFolders, removeRaw, restartRaw } from './raw.ts'
import { type Setting, VERSIONS } from './setting.ts'

export type Figure = 'converge' | 'restart' | 'patch'

/** One measurement of both sides, right after each other. */
export interface Pair {
  readonly figure: Figure
  readonly round: number
  readonly drivenMs: number
  readonly rawMs: number
}

const GAMES = 40
/** A restart and a patch take a fraction of a second, so that a round affords several. */
const PAIRS_A_ROUND = 4

/** The accepted specs of the version that games start with and of the one they are patched to. */
export interface Specs {
  readonly first: AcceptedSpec
  readonly patched: AcceptedSpec
}

/** Brings the controller to the temperature it works at, and learns what its containers are made from. */
export async function warmUp(setting: Setting): Promise<Specs> {
  const gameIds = names('warm', GAMES)
  const [gameId = ''] = gameIds
  await convergeDriven(setting, gameIds)
  await settled(setting, gameIds)
  const first = await acceptedSpec(setting, gameId)
  await patchDriven(setting, gameId)
  await settled(setting, gameIds)
  const patched = await acceptedSpec(setting, gameId)
  if (patched.engineVersion !== VERSIONS[1]) throw new Error(`the warm-up's patch gave ${patched.engineVersion}`)
  await restartDriven(setting, gameIds[1] ?? '')
  await settled(setting, gameIds)
  await removeDriven(setting, gameIds)
  return { first, patched }
}

/** All figures once; the side that goes first changes with every pair. */
export async function runRound(setting: Setting, specs: Specs, round: number, onPair: (pair: Pair) => void): Promise<void> {
  onPair(await convergePair(setting, specs, round))
  const gameIds = names(`short-${round}`, 2 * PAIRS_A_ROUND)
  await prepareFolders(setting, gameIds.map(twin))
  await convergeDriven(setting, gameIds)
  await convergeRaw(setting, specs.first, gameIds.map(twin))
  await settled(setting, gameIds)
  for (const [index, gameId] of gameIds.entries()) {
    const isDrivenFirst = index % 2 === 0
    const figure = index < PAIRS_A_ROUND ? 'restart' : 'patch'
    const driven = () => shortDriven(setting, figure, gameId)
    const raw = () => (figure === 'restart' ? restartRaw(setting, twin(gameId)) : patchRaw(setting, specs.patched, twin(gameId)))
    onPair({ figure, round, ...(await inTurn(setting, isDrivenFirst, driven, raw)) })
  }
  await removeRaw(setting)
  await removeDriven(setting, gameIds)
}

async function convergePair(setting: Setting, { first }: Specs, round: number): Promise<Pair> {
  const gameIds = names(`many-${round}`, GAMES)
  await prepareFolders(setting, gameIds.map(twin))
  const driven = async (): Promise<number> => {
    const tookMs = await convergeDriven(setting, gameIds)
    await requireRunning(setting, setting.config.instance)
    await settled(setting, gameIds)
    await removeDriven(setting, gameIds)
    return tookMs
  }
  const raw = async (): Promise<number> => {
    const tookMs = await convergeRaw(setting, first, gameIds.map(twin))
    await requireRunning(setting, setting.rawInstance)
    await removeRaw(setting)
    return tookMs
  }
  return { figure: 'converge', round, ...(await inTurn(setting, round % 2 === 1, driven, raw)) }
}

async function shortDriven(setting: Setting, figure: Figure, gameId: string): Promise<number> {
  const tookMs = await (figure === 'restart' ? restartDriven(setting, gameId) : patchDriven(setting, gameId))
  await settled(setting, [gameId])
  return tookMs
}

async function inTurn(
  { signal }: Setting,
  isDrivenFirst: boolean,
  driven: () => Promise<number>,
  raw: () => Promise<number>,
): Promise<Pick<Pair, 'drivenMs' | 'rawMs'>> {
  await quiet(signal)
  const firstMs = await (isDrivenFirst ? driven() : raw())
  await quiet(signal)
  const secondMs = await (isDrivenFirst ? raw() : driven())
  return isDrivenFirst ? { drivenMs: firstMs, rawMs: secondMs } : { drivenMs: secondMs, rawMs: firstMs }
}

async function requireRunning({ docker }: Setting, instance: string): Promise<void> {
  const running = await docker.listContainers({ filters: { label: [`${LABEL.instance}=${instance}`], status: ['running'] } })
  if (running.length !== GAMES) throw new Error(`Docker reports ${running.length} of ${GAMES} containers running`)
}

function names(prefix: string, count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}-${index}`)
}

function twin(gameId: string): string {
  return `raw-${gameId}`
}
