import { renderTable } from '../../src/cli/table.ts'
import type { AcceptedSpec } from '../../src/model/game.ts'
import { removeDriven, settled } from './driven.ts'
import { startDriven, startRaw } from './first-state.ts'
import { quiet } from './quiet.ts'
import { acceptedSpec, prepareFolders, removeRaw } from './raw.ts'
import type { Setting } from './setting.ts'
import { median } from './statistics.ts'

/** One start of each side, right after each other. */
export interface StartPair {
  readonly round: number
  readonly drivenMs: number
  readonly rawMs: number
}

/** The greatest median of the overheads. */
const BOUND_MS = 150
const WARM_PAIRS = 2

/** Brings both sides to the temperature they work at, and learns what the controller's containers are made from. */
export async function warmUpStarts(setting: Setting): Promise<AcceptedSpec> {
  await startDriven(setting, 'warm')
  await settled(setting, ['warm'])
  const spec = await acceptedSpec(setting, 'warm')
  await removeDriven(setting, ['warm'])
  for (let round = 1 - WARM_PAIRS; round <= 0; round += 1) await startPair(setting, spec, round)
  return spec
}

/** The side that goes first changes with every pair; each finds a machine without the other's container. */
export async function startPair(setting: Setting, spec: AcceptedSpec, round: number): Promise<StartPair> {
  const gameId = `game-${round + WARM_PAIRS}`
  const driven = async (): Promise<number> => {
    await quiet(setting.signal)
    const tookMs = await startDriven(setting, gameId)
    await settled(setting, [gameId])
    await removeDriven(setting, [gameId])
    return tookMs
  }
  const raw = async (): Promise<number> => {
    await prepareFolders(setting, [`raw-${gameId}`])
    await quiet(setting.signal)
    const tookMs = await startRaw(setting, spec, `raw-${gameId}`)
    await removeRaw(setting)
    return tookMs
  }
  if (round % 2 === 1) {
    const drivenMs = await driven()
    return { round, drivenMs, rawMs: await raw() }
  }
  const rawMs = await raw()
  return { round, drivenMs: await driven(), rawMs }
}

export function renderStart(pair: StartPair): string {
  const { round, drivenMs, rawMs } = pair
  return `round ${String(round).padStart(2)}  ${drivenMs.toFixed(1).padStart(7)} ms  raw ${rawMs.toFixed(1).padStart(7)} ms  overhead ${overheadOf(pair).toFixed(1).padStart(6)} ms`
}

/** The median of the pairs' overheads, since what disturbs a machine disturbs both sides of a pair; none without pairs. */
export function hasPassedStarts(pairs: readonly StartPair[]): boolean {
  return median(pairs.map(overheadOf)) <= BOUND_MS
}

export function renderStartVerdict(pairs: readonly StartPair[]): string {
  const columns = [
    { title: 'MEDIAN OF', value: () => 'row committed until initialised' },
    { title: 'PAIRS', value: () => String(pairs.length) },
    { title: 'GALAXY ms', value: () => median(pairs.map(({ drivenMs }) => drivenMs)).toFixed(1) },
    { title: 'RAW ms', value: () => median(pairs.map(({ rawMs }) => rawMs)).toFixed(1) },
    { title: 'OVERHEAD ms', value: () => median(pairs.map(overheadOf)).toFixed(1) },
    { title: 'BOUND', value: () => String(BOUND_MS) },
    { title: '', value: () => (hasPassedStarts(pairs) ? 'PASS' : 'FAIL') },
  ]
  return renderTable([null], columns, { columns: null, isWide: false, hasColor: false })
}

function overheadOf({ drivenMs, rawMs }: StartPair): number {
  return drivenMs - rawMs
}
