import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { EngineWorkshop } from './engine-process.ts'

const workshop = new EngineWorkshop()
afterEach(() => workshop.dispose())

const version = (text: string) => ({ ENGINE_VERSION: text })

describe('versions on one state directory', () => {
  it('patch from 1.0.0 to 1.0.1 and back keeps the state', async () => {
    const folder = await workshop.stateFolder()
    let turn = 0
    for (const each of ['1.0.0', '1.0.1', '1.0.0']) {
      const engine = await workshop.start(folder, version(each))
      expect((await engine.init('Terran', 'Vulkan')).turn).toBe(turn)
      turn += 1
      expect((await engine.turn(turn)).status).toBe(200)
      await engine.kill('SIGTERM')
    }
  })

  it.each(['1.0.0', '1.0.1'])('1.1.0 carries the state of %s over, which then refuses to run on it', async (older) => {
    const folder = await workshop.stateFolder()
    const first = await workshop.start(folder, version(older))
    const begun = await first.init('Terran', 'Vulkan')
    await first.kill('SIGTERM')
    expect(await stateHeader(folder)).toMatchObject({ format: 1, writtenBy: older })

    const second = await workshop.start(folder, version('1.1.0'))
    expect(await second.status()).toEqual(begun)
    const actor = begun.players[0]?.id
    const commands = [{ type: 'setProduction', planet: 0, production: 'research' }]
    expect((await second.post('/api/v1/commands', { actor, commands })).status).toBe(200)
    await second.turn(1)
    await second.kill('SIGTERM')
    expect(await stateHeader(folder)).toMatchObject({ format: 2, writtenBy: '1.1.0' })

    const { code, output } = await workshop.runToEnd(folder, version(older))
    expect(code).toBe(65)
    expect(output).toContain(`was written by engine 1.1.0 in format 2; engine ${older} reads formats up to 1`)
    expect((await (await workshop.start(folder, version('1.1.0'))).status()).turn).toBe(1)
  })

  it('tells its version where it is asked for health', async () => {
    const engine = await workshop.start(await workshop.stateFolder(), version('1.0.1'))
    expect((await engine.get('/healthz')).body).toEqual({ status: 'ok', version: '1.0.1' })
  })
})

async function stateHeader(folder: string): Promise<unknown> {
  const content = await readFile(join(folder, 'state.json'), 'utf8')
  return JSON.parse(content.split('\n')[0] ?? '')
}
