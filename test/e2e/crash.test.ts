import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { LABEL } from '../../src/model/labels.ts'
import { createDeployment, type Deployment, idleImage } from '../support/deployment.ts'
import { until } from '../support/until.ts'

const byName = (a: string, b: string): number => a.localeCompare(b)
const GAMES = Array.from({ length: 20 }, (_, index) => `game-${index}`)

describe('kill -9 of the controller', () => {
  let deployment: Deployment

  beforeAll(async () => {
    deployment = await createDeployment()
  })
  afterAll(() => deployment.dispose())

  it('row 1: in the middle of 20 starts, again and again, leaves nothing double, nothing open and nothing undone', async () => {
    await deployment.query('INSERT INTO desired_games (game_id, image_ref) SELECT unnest($1::text[]), $2', [GAMES, idleImage('1.0.0')])
    for (const enough of [2, 7, 12]) {
      await killWhen(async () => (await deployment.containers()).length >= enough)
    }
    const survivor = deployment.spawn()
    await until(
      () => running(),
      (games) => games.length === GAMES.length,
      'all games run',
      15_000,
    )
    await until(
      () => deployment.query("SELECT FROM operation_log WHERE status = 'running'"),
      (open) => open.length === 0,
      'no operation is open',
    )

    expect(await running()).toEqual([...GAMES].sort())
    expect(await deployment.containers()).toHaveLength(GAMES.length)
    expect(await deployment.query('SELECT FROM operation_actions WHERE outcome IS NULL')).toEqual([])
    expect(
      await deployment.query(
        "SELECT game_id FROM operation_log WHERE op = 'start' AND status = 'succeeded' GROUP BY game_id HAVING count(*) <> 1",
      ),
    ).toEqual([])
    survivor.kill('SIGTERM')
    await once(survivor, 'exit')
  })

  it('row 1: in the middle of 20 patches ends in 20 patched games, each with its one container', async () => {
    await deployment.query('UPDATE desired_games SET image_ref = $1', [idleImage('1.0.1')])
    for (const enough of [3, 9, 15]) {
      await killWhen(
        async () => (await deployment.containers()).filter((container) => container.Image === idleImage('1.0.1')).length >= enough,
      )
    }
    deployment.spawn()
    await until(
      () => running(idleImage('1.0.1')),
      (games) => games.length === GAMES.length,
      'all games are patched',
      60_000,
    )
    await until(
      () => deployment.query("SELECT FROM operation_log WHERE status = 'running'"),
      (open) => open.length === 0,
      'no operation is open',
    )
    expect((await deployment.containers()).map((container) => container.Names[0] ?? '').sort(byName)).toEqual(
      GAMES.map((game) => `/${deployment.containerName(game)}`).sort(byName),
    )
    expect(await deployment.query('SELECT FROM operation_actions WHERE outcome IS NULL')).toEqual([])
  })

  async function killWhen(isTime: () => Promise<boolean>): Promise<void> {
    const child = deployment.spawn()
    await until(isTime, (is) => is, 'it is time to kill', 60_000)
    child.kill('SIGKILL')
    await once(child, 'exit')
  }

  async function running(image?: string): Promise<readonly string[]> {
    const containers = (await deployment.containers()).filter(
      ({ State, Image }) => State === 'running' && (image === undefined || Image === image),
    )
    const games = containers.map((container) => container.Labels[LABEL.gameId] ?? '').sort()
    expect(new Set(games).size).toBe(games.length)
    return games
  }
})
