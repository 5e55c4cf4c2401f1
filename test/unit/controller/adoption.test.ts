import { describe, expect, it } from 'vitest'
import { judgeForeign, judgeOrphan } from '../../../src/controller/plan/adoption.ts'
import { isOurDeployment, KIND, LABEL, OWNER, ownershipOf } from '../../../src/model/labels.ts'
import type { ObservedContainer } from '../../../src/model/observed.ts'
import { container, detail } from '../../support/planning.ts'

const facts = (...siblings: ObservedContainer[]) => ({
  canonicalName: 'galaxy-game-g',
  stateHostPath: '/state/g',
  siblings,
  rivals: [] as ObservedContainer[],
})
const said = ({ adoption, why }: { adoption: string; why: string }) => `${adoption}: ${why}`

describe('an orphan that somebody asks for', () => {
  it.each([
    ['as ours run', container(), 'by_itself: it runs as a game of ours does'],
    ['of another name', container({ name: 'mine' }), 'on_request: it is not named galaxy-game-g; it would be kept under its name'],
    ['exited', container({ state: 'exited' }), 'on_request: it does not run (exited); it would be started'],
    ['never started', container({ state: 'created' }), 'on_request: it does not run (created); it would be started'],
    [
      'exited, of another name',
      container({ state: 'exited', name: 'mine' }),
      'refused: it does not run and is not named galaxy-game-g: docker rename mine galaxy-game-g',
    ],
    ['paused', container({ state: 'paused' }), 'refused: somebody paused it: docker unpause galaxy-game-g'],
    ['dead', container({ state: 'dead' }), 'refused: it is dead: remove it (docker rm -f galaxy-game-g)'],
    [
      'with its state elsewhere',
      container({ stateHostPath: '/other' }),
      expect.stringMatching(/^refused: its state is mounted from \/other, not from \/state\/g: bring/),
    ],
    ['without state', container({ stateHostPath: null }), expect.stringMatching(/^refused: its state is mounted from nowhere/)],
    [
      'that removes itself',
      container({ detail: detail({ isAutoRemove: true }) }),
      expect.stringMatching(/^refused: Docker removes it when it stops/),
    ],
    ['not inspected', container({ detail: null }), expect.stringMatching(/^refused: it has not been inspected yet/)],
  ])('%s', (_case, found, expected) => {
    expect(said(judgeOrphan(found, facts(found)))).toEqual(expected)
  })

  it('beside another one is refused: one of them would be stopped or removed (S1)', () => {
    const both = [container(), container({ id: 'c2', name: 'copy', state: 'exited' })]
    expect(both.map((each) => said(judgeOrphan(each, facts(...both))))).toEqual([
      'refused: 2 containers are labelled as this game (galaxy-game-g, copy): remove all but one',
      'refused: 2 containers are labelled as this game (galaxy-game-g, copy): remove all but one',
    ])
  })
})

describe('a container of another deployment', () => {
  const elsewhere = container({ stateHostPath: '/other' })

  it.each([
    ['on our state', container(), facts(), false, 'with_deployment: left by another deployment; adopted if it runs'],
    [
      'of a game that is asked for',
      container(),
      facts(),
      true,
      'with_deployment: left by another deployment; what is asked for here then decides about it',
    ],
    ['with its state elsewhere', elsewhere, facts(), false, expect.stringMatching(/^with_deployment: .* so it would be left alone$/)],
    [
      'with its state elsewhere, of a game that is asked for',
      elsewhere,
      facts(),
      true,
      expect.stringMatching(/^refused: its state is mounted from \/other/),
    ],
    [
      'of a game that has two there',
      container(),
      { ...facts(), rivals: [container(), container({ id: 'c2', name: 'copy' })] },
      false,
      'refused: 2 containers of this game run there (galaxy-game-g, copy): stop all but one',
    ],
    [
      'of a game whose successor is half-made there',
      container(),
      { ...facts(), rivals: [container(), container({ id: 'c2', name: 'galaxy-game-g.next.op', state: 'created' })] },
      false,
      'with_deployment: left by another deployment; adopted if it runs',
    ],
    [
      'beside one of ours',
      container(),
      facts(container({ name: 'ours' })),
      true,
      'refused: the game has a container here already (ours): remove one of them',
    ],
  ])('%s', (_case, found, known, isGameKnown, expected) => {
    expect(said(judgeForeign(found, known, isGameKnown))).toEqual(expected)
  })
})

describe('whose a container is', () => {
  const labels = { [LABEL.owner]: OWNER, [LABEL.kind]: KIND, [LABEL.deployment]: 'theirs' }
  const ours = { instance: 'default', deployment: 'ours' }

  it('changes with the adoption of its deployment, and of no other (S2)', () => {
    expect(ownershipOf(labels, ours)).toBe('other_deployment')
    expect(ownershipOf(labels, { ...ours, adopted: new Set(['else']) })).toBe('other_deployment')
    expect(ownershipOf(labels, { ...ours, adopted: new Set(['theirs']) })).toBe('ours')
    expect(ownershipOf({ ...labels, [LABEL.instance]: 'other' }, { ...ours, adopted: new Set(['theirs']) })).toBe('not_ours')
    expect(isOurDeployment(null, ours)).toBe(true)
  })
})
