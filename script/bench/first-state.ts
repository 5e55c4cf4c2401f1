import { setTimeout as delay } from 'node:timers/promises'
import type Docker from 'dockerode'
import { buildEngineImages } from '../../engine/image.ts'
import type { DatabasePool } from '../../src/database/pool.ts'
import type { AcceptedSpec } from '../../src/model/game.ts'
import { create } from './raw.ts'
import type { Setting } from './setting.ts'

/** From nothing to an engine that has its game, by the controller and by hand. */

const ENGINE = 'reference'
const VERSION = '1.0.0'
const RACES = ['Terran', 'Zerg', 'Protoss']
/** How often the contract has the controller ask an engine that was just started. */
const POLL_MS = 25
const LOOK_MS = 5

export async function registerReferenceEngine(docker: Docker, { pool }: DatabasePool, signal: AbortSignal): Promise<void> {
  await buildEngineImages({ docker, signal, onProgress: () => {} })
  const image = `galaxy-engine:${VERSION}`
  await pool.query('INSERT INTO engine_versions (engine, version, image_ref) VALUES ($1, $2, $3)', [ENGINE, VERSION, image])
}

/** From the row's commit until the record says `running`, in milliseconds: the engine is healthy and initialised, and it is written down. */
export async function startDriven({ database: { pool }, signal }: Setting, gameId: string): Promise<number> {
  const players = RACES.map((raceName) => ({ userId: crypto.randomUUID(), raceName }))
  await pool.query('INSERT INTO desired_games (game_id, engine, engine_version, players) VALUES ($1, $2, $3, $4)', [
    gameId,
    ENGINE,
    VERSION,
    JSON.stringify(players),
  ])
  const committedMs = performance.now()
  for (;;) {
    const { rowCount } = await pool.query("SELECT FROM runtime_records WHERE game_id = $1 AND status = 'running'", [gameId])
    if (rowCount !== 0) return performance.now() - committedMs
    await delay(LOOK_MS, undefined, { signal })
  }
}

/** Create, start, an inspect for its address, its health every 25 ms, and init until the answer is read. */
export async function startRaw(setting: Setting, spec: AcceptedSpec, gameId: string): Promise<number> {
  const beganMs = performance.now()
  const container = await create(setting, spec, gameId)
  await container.start()
  const { NetworkSettings: settings } = await container.inspect()
  const origin = `http://${settings.Networks[spec.network]?.IPAddress}:${spec.port}`
  while (!(await isHealthy(origin))) await delay(POLL_MS, undefined, { signal: setting.signal })
  const body = JSON.stringify({ races: RACES.map((raceName) => ({ raceName })) })
  const answer = await fetch(`${origin}/api/v1/admin/init`, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
  const state = await answer.text()
  if (!answer.ok) throw new Error(`init of ${gameId} was refused with ${answer.status}: ${state}`)
  return performance.now() - beganMs
}

async function isHealthy(origin: string): Promise<boolean> {
  try {
    const answer = await fetch(`${origin}/healthz`, { signal: AbortSignal.timeout(1_000) })
    await answer.body?.cancel()
    return answer.ok
  } catch {
    return false // nobody listens yet
  }
}
