import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { createLog } from '../../src/log.ts'
import { PLAYERS } from '../support/reference-engine.ts'
import { type ControllerHere, simulatedControllers, type SimulatedControllers } from '../support/simulated-controller.ts'
import { until } from '../support/until.ts'

const lineSchema = z.looseObject({
  level: z.string(),
  time: z.iso.datetime(),
  msg: z.string(),
  gameId: z.string().optional(),
  reconcileId: z.string().optional(),
  operationId: z.string().optional(),
})
type Line = z.infer<typeof lineSchema>

const WEBHOOK_SECRET = 'signs-what-is-sent'

/** What a controller logs of games that start, fail and are removed (spec 5, "Seeing inside"). */
describe('the log', () => {
  const texts: string[] = []
  let controllers: SimulatedControllers
  let controller: ControllerHere

  beforeAll(async () => {
    // Nobody listens there.
    controllers = await simulatedControllers({ 'webhook.url': 'http://127.0.0.1:9/', 'webhook.secrets': WEBHOOK_SECRET })
    const stream = { write: (text: string) => void texts.push(text) }
    controller = await controllers.start(createLog('debug', stream))
    const { query } = controllers.deployment
    await query("INSERT INTO desired_games (game_id, engine, engine_version, players) VALUES ('orion', 'reference', '1.0.0', $1)", [
      JSON.stringify(PLAYERS),
    ])
    await query("INSERT INTO desired_games (game_id, image_ref) VALUES ('unpulled', 'registry.test/nothing:1')")
    await untilLogged(({ gameId, msg }) => gameId === 'orion' && msg === 'operation ended')
    await untilLogged(({ gameId, msg }) => gameId === 'unpulled' && msg === 'operation ended')
    await controllers.simulator.control('POST', 'rules', {
      match: { call: 'container_stop', game: 'orion' },
      times: 1,
      do: { kind: 'drop_answer' },
    })
    await query("UPDATE desired_games SET state = 'stopped', stop_reason = 'admin_request' WHERE game_id = 'orion'")
    await untilLogged(({ gameId, msg }) => gameId === 'orion' && msg === 'call unanswered')
    await untilLogged(({ gameId, msg, op }) => gameId === 'orion' && msg === 'operation ended' && op === 'stop')
    await untilLogged(({ msg }) => msg === 'event not delivered; tried again later')
  })
  afterAll(() => controllers.dispose())

  it('has one event per line, whose message is the same whatever it is about', () => {
    for (const text of texts) expect(text.trimEnd()).not.toContain('\n')
    for (const { msg } of lines()) expect(msg).not.toMatch(/orion|unpulled|registry\.test|\d|[{}$]/)
  })

  it('names the pass on every line of one, and the operation on every line about one', () => {
    const ofPasses = lines().filter(({ msg }) => ['plan', 'operation begun', 'operation ended', 'call unanswered'].includes(msg))
    expect(new Set(ofPasses.map(({ msg }) => msg)).size).toBe(4)
    for (const line of ofPasses)
      expect(line).toMatchObject({ gameId: expect.any(String), reconcileId: expect.stringMatching(/^\d+\.\d+$/) })
    for (const line of ofPasses.filter(({ msg }) => msg !== 'plan')) expect(line.operationId).toMatch(/^[0-9a-f-]{36}$/)
  })

  it('gives no pass the id of another, whatever game it is over', () => {
    const games = new Map<string, string>()
    for (const { reconcileId, gameId } of lines()) {
      if (reconcileId === undefined || gameId === undefined) continue
      expect(games.get(reconcileId) ?? gameId).toBe(gameId)
      games.set(reconcileId, gameId)
    }
    expect(games.size).toBeGreaterThan(3)
  })

  it('has no secret in it', () => {
    const password = new URL(controllers.deployment.databaseUrl).password
    for (const secret of [WEBHOOK_SECRET, controller.api.token, ...(password === '' ? [] : [password])])
      expect(texts.join('')).not.toContain(secret)
  })

  function lines(): readonly Line[] {
    return texts.map((text) => lineSchema.parse(JSON.parse(text)))
  }

  async function untilLogged(isWanted: (line: Line) => boolean): Promise<void> {
    await until(
      () => lines().some(isWanted),
      (isThere) => isThere,
      'the line is logged',
    )
  }
})
