import { buildEngineImages } from '../../engine/image.ts'
import type { Deployment } from './deployment.ts'

const RACES = ['Terran', 'Zerg', 'Protoss'] as const

/** One user per race, as desired rows name them. */
export const PLAYERS = RACES.map((raceName, index) => ({ userId: `00000000-0000-4000-8000-00000000000${index + 1}`, raceName }))

/** Registers the reference engine's versions as engine `reference`, with these variables for every game of theirs. */
export async function registerReferenceEngine(
  deployment: Deployment,
  env: Readonly<Record<string, string>> = {},
  engine = 'reference',
): Promise<void> {
  await buildEngineImages({ docker: deployment.docker, signal: AbortSignal.timeout(120_000), onProgress: () => {} })
  for (const version of ['1.0.0', '1.0.1', '1.1.0']) {
    await deployment.query(`INSERT INTO engine_versions (engine, version, image_ref, env) VALUES ($1, $2, $3, $4)`, [
      engine,
      version,
      `galaxy-engine:${version}`,
      JSON.stringify(env),
    ])
  }
}

/** What the engine of a running game says of itself, asked without the controller. */
export async function askEngine(deployment: Deployment, gameId: string): Promise<{ readonly turn: number; readonly finished: boolean }> {
  const [container] = (await deployment.containers()).filter(({ Labels }) => Labels['com.galaxy.game_id'] === gameId)
  const address = Object.values(container?.NetworkSettings.Networks ?? {})[0]?.IPAddress
  const answer = await fetch(`http://${address}:8080/api/v1/admin/status`)
  return (await answer.json()) as { turn: number; finished: boolean }
}
