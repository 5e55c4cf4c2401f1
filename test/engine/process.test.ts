import { readdir, readFile, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { EngineWorkshop, stateOf } from './engine-process.ts'

const workshop = new EngineWorkshop()
afterEach(() => workshop.dispose())

describe('init', () => {
  it('creates turn 0 once, whatever is asked for later', async () => {
    const engine = await workshop.start(await workshop.stateFolder())
    const state = await engine.init('Terran', 'Vulkan')
    expect(state).toMatchObject({ turn: 0, finished: false, players: [{ raceName: 'Terran' }, { raceName: 'Vulkan' }] })
    expect(await engine.init('Terran', 'Vulkan')).toEqual(state)
    expect(await engine.init('Other')).toEqual(state)
  })

  it('asked for by several at once creates one game', async () => {
    const engine = await workshop.start(await workshop.stateFolder())
    const states = await Promise.all(Array.from({ length: 8 }, () => engine.init('Terran', 'Vulkan')))
    expect(new Set(states.map((state) => JSON.stringify(state))).size).toBe(1)
  })

  it.each([
    ['no races', { races: [] }, 'body.races: at least one race is needed'],
    ['a race named twice', { races: [{ raceName: 'A' }, { raceName: 'A' }] }, 'race names must differ'],
    ['an unknown field', { races: [{ raceName: 'A', color: 'red' }] }, 'body.races[0]: unknown field "color"'],
    ['a missing field', {}, 'body: field "races" is missing'],
    ['no JSON', 'races', 'the body is not JSON'],
  ])('refuses %s', async (_what, body, message) => {
    const engine = await workshop.start(await workshop.stateFolder())
    const answer = await engine.post('/api/v1/admin/init', body)
    expect(answer).toMatchObject({ status: 400, body: { error: { code: 'invalid_request' } } })
    expect(answer.body).toMatchObject({ error: { message: expect.stringContaining(message) } })
    expect(await engine.get('/api/v1/admin/status')).toMatchObject({
      status: 409,
      body: { error: { code: 'not_initialised' } },
    })
  })
})

describe('turn', () => {
  it('is computed once under concurrent requests, which all get its state', async () => {
    const engine = await workshop.start(await workshop.stateFolder(), { GALAXY_ENGINE_FAULT_SLOW_TURN_MS: '100' })
    await engine.init('Terran', 'Vulkan')
    const answers = await Promise.all(Array.from({ length: 10 }, () => engine.turn(1)))
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1)
    expect(stateOf(answers[0] ?? { status: 0, body: null }).turn).toBe(1)
    const { output } = await engine.kill('SIGTERM')
    expect(output.match(/turn computed/g)).toHaveLength(1)
  })

  it('already computed is answered with the present state', async () => {
    const engine = await workshop.start(await workshop.stateFolder())
    await engine.init('Terran', 'Vulkan')
    await engine.turn(1)
    const present = await engine.turn(2)
    expect(await engine.turn(1)).toEqual(present)
    expect(await engine.turn(2)).toEqual(present)
  })

  it('too far ahead is refused, also while the turn between is being computed', async () => {
    const engine = await workshop.start(await workshop.stateFolder(), { GALAXY_ENGINE_FAULT_SLOW_TURN_MS: '200' })
    await engine.init('Terran', 'Vulkan')
    const [first, second] = await Promise.all([engine.turn(1), engine.turn(2)])
    expect(first).toMatchObject({ status: 200, body: { turn: 1 } })
    expect(second).toMatchObject({ status: 409, body: { error: { code: 'turn_ahead' } } })
    expect((await engine.status()).turn).toBe(1)
  })

  it('under the key of the turn before is refused', async () => {
    const engine = await workshop.start(await workshop.stateFolder())
    await engine.init('Terran', 'Vulkan')
    await engine.turn(1)
    const reused = await engine.post('/api/v1/admin/turn', { turn: 2 }, { 'Idempotency-Key': 'andromeda:1:1' })
    expect(reused).toMatchObject({ status: 409, body: { error: { code: 'key_reused' } } })
  })

  it('after the end of the game is refused', async () => {
    const engine = await workshop.start(await workshop.stateFolder(), { GALAXY_ENGINE_TURN_LIMIT: '1' })
    await engine.init('Terran', 'Vulkan')
    expect(await engine.turn(1)).toMatchObject({ status: 200, body: { finished: true } })
    expect(await engine.turn(2)).toMatchObject({ status: 409, body: { error: { code: 'game_finished' } } })
    expect(await engine.turn(1)).toMatchObject({ status: 200, body: { turn: 1 } })
  })
})

describe('players', () => {
  it('order, command and read their reports, each under the own id only', async () => {
    const engine = await workshop.start(await workshop.stateFolder())
    const { players } = await engine.init('Terran', 'Vulkan')
    const actor = players[0]?.id ?? ''
    const orders = [{ type: 'attack', from: 0, to: 1, ships: 10 }]
    expect(await engine.post('/api/v1/orders', { actor, orders })).toEqual({
      status: 200,
      body: { turn: 1, accepted: 1 },
    })
    const commands = [{ type: 'renamePlanet', planet: 0, name: 'Terra' }]
    expect(await engine.post('/api/v1/commands', { actor, commands })).toMatchObject({ status: 200 })
    await engine.turn(1)
    expect(await engine.get(`/api/v1/reports/1?actor=${actor}`)).toMatchObject({
      status: 200,
      body: { turn: 1, planets: [{ name: 'Terra', ships: 0 }], fleets: [{ ships: 10 }] },
    })
    const stranger = crypto.randomUUID()
    expect((await engine.get(`/api/v1/reports/1?actor=${stranger}`)).status).toBe(403)
    expect((await engine.get('/api/v1/reports/1')).status).toBe(400)
    expect((await engine.get(`/api/v1/reports/2?actor=${actor}`)).status).toBe(404)
    expect((await engine.post('/api/v1/orders', { actor: stranger, orders: [] })).status).toBe(403)
    expect((await engine.post('/api/v1/commands', { actor, commands: [{ type: 'explode' }] })).status).toBe(400)
    expect(await engine.post('/api/v1/orders', { actor, orders })).toMatchObject({
      status: 422,
      body: { error: { code: 'against_the_rules' } },
    })
  })

  it('can not send more than a body may hold', async () => {
    const engine = await workshop.start(await workshop.stateFolder())
    expect((await engine.post('/api/v1/orders', ' '.repeat(300 * 1024))).status).toBe(413)
    expect((await engine.get('/healthz')).status).toBe(200)
  })
})

describe('the process', () => {
  it('keeps state, orders and reports across a restart', async () => {
    const folder = await workshop.stateFolder()
    const first = await workshop.start(folder)
    const { players } = await first.init('Terran', 'Vulkan')
    const actor = players[0]?.id ?? ''
    await first.turn(1)
    await first.post('/api/v1/orders', { actor, orders: [{ type: 'attack', from: 0, to: 1, ships: 4 }] })
    const state = await first.status()
    expect((await first.kill('SIGTERM')).code).toBe(0)
    const second = await workshop.start(folder)
    expect(await second.init('Terran', 'Vulkan')).toEqual(state)
    await second.turn(2)
    const report = await second.get(`/api/v1/reports/2?actor=${actor}`)
    expect(report.body).toMatchObject({ planets: [{ ships: 6 }] })
    expect((await second.get(`/api/v1/reports/0?actor=${actor}`)).status).toBe(200)
  })

  it('takes STORAGE_PATH where GAME_STATE_PATH is not set', async () => {
    const folder = await workshop.stateFolder()
    const engine = await workshop.start(folder, { STORAGE_PATH: folder })
    await engine.init('Terran')
    expect(await readdir(folder)).toContain('state.json')
  })

  it('stops at once on SIGTERM when idle, also with a client that keeps its connection', async () => {
    const engine = await workshop.start(await workshop.stateFolder())
    const idle = connect(Number(new URL(engine.url).port), '127.0.0.1')
    idle.on('error', () => idle.destroy())
    await engine.get('/healthz')
    const began = performance.now()
    expect(await engine.kill('SIGTERM')).toMatchObject({ code: 0 })
    expect(performance.now() - began).toBeLessThan(1000)
    idle.destroy()
  })

  it('finishes the turn being computed before it stops', async () => {
    const folder = await workshop.stateFolder()
    const engine = await workshop.start(folder, { GALAXY_ENGINE_FAULT_SLOW_TURN_MS: '300' })
    await engine.init('Terran', 'Vulkan')
    const turn = engine.turn(1)
    await expect.poll(async () => (await engine.get('/healthz')).status).toBe(200)
    const ended = engine.kill('SIGTERM')
    expect(await turn).toMatchObject({ status: 200, body: { turn: 1 } })
    expect((await ended).code).toBe(0)
    expect((await (await workshop.start(folder)).status()).turn).toBe(1)
  })

  it('refuses a state directory that another engine holds, and takes over from a dead one at once', async () => {
    const folder = await workshop.stateFolder()
    const first = await workshop.start(folder)
    const second = await workshop.runToEnd(folder)
    expect(second).toMatchObject({ code: 75 })
    expect(second.output).toContain('another engine is running on this state directory')
    expect((await first.get('/healthz')).status).toBe(200)
    await first.kill('SIGKILL')
    await workshop.start(folder)
  })

  it.each([
    ['cut off', (content: string) => content.slice(0, -40)],
    ['empty', () => ''],
    ['altered by one digit', (content: string) => content.replace('"population":100', '"population":900')],
    ['something else', () => '{}\n{}\n'],
  ])('refuses to start on a state file that is %s, and leaves it untouched', async (_what, damage) => {
    const folder = await workshop.stateFolder()
    const engine = await workshop.start(folder)
    await engine.init('Terran', 'Vulkan')
    await engine.kill('SIGTERM')
    const path = join(folder, 'state.json')
    const damaged = damage(await readFile(path, 'utf8'))
    await writeFile(path, damaged)
    const { code, output } = await workshop.runToEnd(folder)
    expect(code).toBe(65)
    expect(output).toContain('state.json is damaged')
    expect(await readFile(path, 'utf8')).toBe(damaged)
  })

  it('refuses an environment that it does not understand', async () => {
    const folder = await workshop.stateFolder()
    expect(await workshop.runToEnd(folder, { ENGINE_VERSION: '9.0.0' })).toMatchObject({ code: 78 })
    expect(await workshop.runToEnd(folder, { GALAXY_ENGINE_PORT: 'http' })).toMatchObject({ code: 78 })
    expect(await workshop.runToEnd('relative')).toMatchObject({ code: 78 })
    const { output } = await workshop.runToEnd(folder, { GALAXY_ENGINE_FAULT_HANG_HEALHT: '1' })
    expect(output).toContain('GALAXY_ENGINE_FAULT_HANG_HEALHT is no fault switch')
  })
})
