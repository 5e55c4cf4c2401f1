import { describe, expect, it } from 'vitest'
import { type ProxiedGame, servingEngine } from '../../../src/proxy/serving-engine.ts'
import type { ObservedGame } from '../../../src/model/observed.ts'
import { container, exited, record, spec } from '../../support/planning.ts'

const game = (over: Partial<ProxiedGame> = {}, containers = [container()]): ProxiedGame => ({
  gameId: 'g',
  spec: spec(),
  record: record(),
  observed: seen({ containers }),
  ...over,
})
const seen = (over: Partial<ObservedGame> = {}): ObservedGame => ({
  isKnown: true,
  containers: [container()],
  foreignDeployments: [],
  outage: null,
  ...over,
})

describe('the engine that answers players', () => {
  it('is that of the running container, at the port of the accepted spec', () => {
    const target = { gameId: 'g', containerId: 'c1', containerName: 'galaxy-game-g', network: 'galaxy', port: 9_000 }
    expect(servingEngine(game({ spec: spec('1.0.0', { port: 9_000 }) }, [exited({}, { id: 'old' }), container()]))).toEqual({
      kind: 'serving',
      target,
    })
  })

  it.each(['generation_in_progress', 'generation_failed', 'engine_unreachable', 'finished'] as const)(
    'is asked while the record says %s, too',
    (status) => {
      expect(servingEngine(game({ record: record({ status }) }))).toMatchObject({ kind: 'serving' })
    },
  )

  it.each([
    ['the game has stopped', game({ record: record({ status: 'stopped' }) }, [exited()]), 'does not run: its status is stopped'],
    ['there is nothing yet', game({ record: null, spec: null }, []), 'does not run: its status is none yet'],
    ['nothing was ever accepted', game({ spec: null }), 'does not run: its status is running'],
    ['Docker cannot be read', game({ observed: seen({ isKnown: false }) }), 'cannot be found: Docker cannot be read right now'],
    [
      'the engine knows no players',
      game({ spec: spec('1.0.0', { protocol: 'none' }) }),
      "has an engine of protocol none, which takes no players' calls",
    ],
  ])('is none where %s', (_case, given, why) => {
    expect(servingEngine(given)).toEqual({ kind: 'absent', why })
  })
})
