import { describe, expect, it } from 'vitest'
import { decidePrune, type MissingDocument, type PruneFacts } from '../../../src/desired/manifest/prune-decision.ts'

const missing = (subject: string, changes: Partial<MissingDocument> = {}): MissingDocument => ({
  recorded: { kind: 'Game', subject, path: 'a.yaml', line: 1, document: null, missingSince: new Date(0), waiting: null },
  subject: { kind: 'owned' },
  missingForMs: 5_000,
  ...changes,
})
const steps = (facts: Partial<PruneFacts>) =>
  decidePrune({ mode: 'settled', missing: [missing('a')], unsound: null, gamesManaged: 10, ...facts }).map(
    (step) => `${step.kind} ${step.recorded.subject}${step.kind === 'wait' ? `: ${step.waiting}` : ''}`,
  )

describe('rows 36 and 52: a vanished document', () => {
  it.each<[string, Partial<PruneFacts>, readonly string[]]>([
    ['is deleted once it has been gone long enough', {}, ['delete a']],
    [
      'waits until then',
      { missing: [missing('a', { missingForMs: 4_999 })] },
      ['wait a: gone from the folder; deleted if it is still gone at a rescan at least 5 s later'],
    ],
    ['is deleted when exactly half of the games go', { missing: [missing('a'), missing('b')], gamesManaged: 4 }, ['delete a', 'delete b']],
    [
      'waits when more than half would go',
      { missing: [missing('a'), missing('b')], gamesManaged: 3 },
      ['a', 'b'].map((id) => `wait ${id}: gone from the folder, but 2 of 3 games would go at once; galaxy prune --confirm deletes it`),
    ],
    [
      'waits when it was the only one',
      { gamesManaged: 1 },
      ['wait a: gone from the folder, but 1 of 1 games would go at once; galaxy prune --confirm deletes it'],
    ],
    [
      'waits while anything of the folder is unsound',
      { unsound: 'b.yaml has a problem' },
      ['wait a: gone from the folder, but b.yaml has a problem; galaxy prune --confirm deletes it'],
    ],
    [
      'waits for ever where pruning is off',
      { mode: 'never' },
      ['wait a: gone from the folder, and pruning is off; galaxy prune --confirm deletes it'],
    ],
    [
      'is forgotten when its game is gone or another’s',
      { missing: [missing('a', { subject: { kind: 'gone' } })], mode: 'never' },
      ['forget a'],
    ],
    [
      'waits while games desire it',
      { missing: [missing('v', { subject: { kind: 'in_use', by: 'a, b' } })] },
      ['wait v: gone from the folder, but still desired by a, b'],
    ],
  ])('%s', (_name, facts, expected) => {
    expect(steps(facts)).toEqual(expected)
  })
})
