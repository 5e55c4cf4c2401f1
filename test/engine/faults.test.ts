import { afterEach, describe, expect, it } from 'vitest'
import { EngineWorkshop } from './engine-process.ts'

const workshop = new EngineWorkshop()
afterEach(() => workshop.dispose())

const fault = (name: string, value: number | string) => ({ [`GALAXY_ENGINE_FAULT_${name}`]: String(value) })

describe('fault switches', () => {
  it('SLOW_START_MS listens later', async () => {
    const began = performance.now()
    await workshop.start(await workshop.stateFolder(), fault('SLOW_START_MS', 400))
    expect(performance.now() - began).toBeGreaterThan(400)
  })

  it('CRASH_AT_START ends with 70 before listening', async () => {
    const ended = await workshop.runToEnd(await workshop.stateFolder(), fault('CRASH_AT_START', 1))
    expect(ended).toMatchObject({ code: 70, output: expect.stringContaining('crash at start') })
  })

  it('CRASH_AT_TURN crashes before the turn is committed', async () => {
    const folder = await workshop.stateFolder()
    const engine = await workshop.start(folder, fault('CRASH_AT_TURN', 2))
    await engine.init('Terran', 'Vulkan')
    expect((await engine.turn(1)).status).toBe(200)
    await expect(engine.turn(2)).rejects.toThrow()
    expect((await engine.ended).code).toBe(70)
    expect((await (await workshop.start(folder)).status()).turn).toBe(1)
  })

  it('CRASH_AFTER_TURN crashes after the turn is committed', async () => {
    const folder = await workshop.stateFolder()
    const engine = await workshop.start(folder, fault('CRASH_AFTER_TURN', 1))
    await engine.init('Terran', 'Vulkan')
    await expect(engine.turn(1)).rejects.toThrow()
    expect((await engine.ended).code).toBe(70)
    expect((await (await workshop.start(folder)).status()).turn).toBe(1)
  })

  it('HANG_AT_TURN never commits the turn, stays healthy, and stops on SIGTERM', async () => {
    const folder = await workshop.stateFolder()
    const engine = await workshop.start(folder, fault('HANG_AT_TURN', 1))
    await engine.init('Terran', 'Vulkan')
    const hung = engine.turn(1).catch(() => null)
    expect((await engine.get('/healthz')).status).toBe(200)
    expect((await engine.status()).turn).toBe(0)
    expect((await engine.kill('SIGTERM')).code).toBe(0)
    expect((await hung)?.status).not.toBe(200)
    expect((await (await workshop.start(folder)).status()).turn).toBe(0)
  })

  it('HANG_AFTER_TURN commits the turn and never answers it', async () => {
    const engine = await workshop.start(await workshop.stateFolder(), fault('HANG_AFTER_TURN', 1))
    await engine.init('Terran', 'Vulkan')
    const hung = engine.turn(1).catch(() => null)
    await expect.poll(async () => (await engine.status()).turn).toBe(1)
    expect((await engine.turn(2)).status).toBe(200)
    await engine.kill('SIGTERM')
    expect((await hung)?.status).not.toBe(200)
  })

  it('HANG_HEALTH answers all but the health check', async () => {
    const engine = await workshop.start(await workshop.stateFolder(), fault('HANG_HEALTH', 1))
    await engine.init('Terran')
    const probe = fetch(`${engine.url}/healthz`, { signal: AbortSignal.timeout(200) })
    await expect(probe).rejects.toThrow()
  })

  it('BAD_JSON answers with what no parser takes', async () => {
    const engine = await workshop.start(await workshop.stateFolder(), fault('BAD_JSON', 1))
    const response = await fetch(`${engine.url}/api/v1/admin/status`)
    await expect(response.json()).rejects.toThrow(SyntaxError)
  })

  it('IGNORE_SIGTERM leaves it to SIGKILL', async () => {
    const engine = await workshop.start(await workshop.stateFolder(), fault('IGNORE_SIGTERM', 1))
    engine.signal('SIGTERM')
    expect((await engine.get('/healthz')).status).toBe(200)
    expect(await engine.kill('SIGKILL')).toMatchObject({ signal: 'SIGKILL' })
  })
})
