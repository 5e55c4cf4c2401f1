import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connectClient } from '../../src/cli/client.ts'
import { diffGames } from '../../src/cli/diff-games.ts'
import { get } from '../../src/cli/get.ts'
import { recordedTerminal } from '../support/recorded-terminal.ts'
import { type ApiUnderTest, gameBody, startApiUnderTest } from './api-server.ts'

let api: ApiUnderTest
beforeAll(async () => {
  api = await startApiUnderTest()
  for (const [name, version] of [
    ['a', '1.0.0'],
    ['b', '1.0.1'],
  ] as const)
    await api.call('PUT', `/api/v1/games/${name}`, gameBody(name, { engineVersion: version }, { set: 'all' }))
})
afterAll(() => api.stop())

describe('galaxy diff GAME', () => {
  it('tells what differs, why, and what would be done', async () => {
    const found = 'exited\u001b[2J'
    api.view.comparison = {
      differences: [{ side: 'accepted', field: 'state', wanted: 'running', found, why: 'container x ended with exit code 1' }],
      notes: ['operation 7 (restart) is under way'],
      reason: 'it crashed',
      plan: { text: 'a: restart/crash_restart: it crashed\n  start_container x: it crashed', actions: 1 },
    }
    const terminal = recordedTerminal()
    expect(await diffGames(terminal, connectClient(api), ['a'])).toBe(true)
    expect(terminal.printed()).toBe(`game/a differs
  - state: exited
  + state: running
    container x ended with exit code 1
  note: operation 7 (restart) is under way
  a: restart/crash_restart: it crashed
    start_container x: it crashed
`)
  })

  it('tells why nothing does', async () => {
    api.view.comparison = null
    const terminal = recordedTerminal()
    expect(await diffGames(terminal, connectClient(api), ['a', 'b'])).toBe(false)
    expect(terminal.printed()).toBe('game/a is as asked for: as it should be\ngame/b is as asked for: as it should be\n')
  })
})

describe('galaxy get games', () => {
  it.each([
    [null, 'spec.engineVersion=1.0.1', 'game/b\n'],
    ['set=all', 'spec.engineVersion!=1.0.1', 'game/a\n'],
    ['set=all', null, 'game/a\ngame/b\n'],
  ])('-l %s --field-selector %s', async (selector, fieldSelector, printed) => {
    const terminal = recordedTerminal()
    await get(terminal, connectClient(api), 'games', [], { output: 'name', selector, fieldSelector, limit: 20 })
    expect(terminal.printed()).toBe(printed)
  })

  it('says which fields there are where one is not', async () => {
    const asked = get(recordedTerminal(), connectClient(api), 'games', [], {
      output: 'name',
      selector: null,
      fieldSelector: 'status.phase=Running',
      limit: 20,
    })
    await expect(asked).rejects.toThrow(/fieldSelector: names no field to select by: "status.phase"; known are .*status.ready/)
  })
})
