import { describe, expect, it } from 'vitest'
import { Games } from '../../../src/controller/games.ts'
import { NEW_STATUS } from '../../../src/model/status.ts'
import { record } from '../../support/planning.ts'

describe('the games that a term has not seen', () => {
  it('are those of which the database tells something, until a write of the term confirms it', () => {
    const games = new Games()
    games.update('recorded', { record: record() })
    games.update('over', { status: { ...NEW_STATUS, stateVersion: '1.0.0' } })
    expect(games.unseen()).toEqual(['recorded'])
    games.update('recorded', { isSeen: true })
    expect(games.unseen()).toEqual([])
  })
})

describe('the games that a resync looks at', () => {
  it('are none that is over, however much is known of its state folder', () => {
    const games = new Games()
    games.update('over', { record: record(), status: { ...NEW_STATUS, stateVersion: '1.0.0', stateIncarnation: 3 } })
    games.update('runs', { record: record() })
    games.forget('over')
    expect([...games.keys()]).toEqual(['runs'])
    expect(games.of('over').status).toEqual({ ...NEW_STATUS, stateVersion: '1.0.0', stateIncarnation: 3 })
  })

  it.each([
    ['a queue may wait', { isQueueUnsure: true }],
    ['an answer of the database was lost', { isUnsure: true }],
    [
      'a condition is told',
      {
        status: {
          ...NEW_STATUS,
          conditions: [
            {
              type: 'Ready',
              status: 'Unknown',
              reason: 'Unobserved',
              message: '',
              lastTransitionTime: '2026-01-01T00:00:00Z',
              observedGeneration: 1,
            },
          ],
        },
      },
    ],
  ] as const)('are those without a record of which %s', (_, memory) => {
    const games = new Games()
    games.update('g', memory)
    expect([...games.keys()]).toEqual(['g'])
  })
})
