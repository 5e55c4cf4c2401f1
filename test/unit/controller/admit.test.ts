import { describe, expect, it } from 'vitest'
import { type AdmissionFacts, admitGame } from '../../../src/controller/admit.ts'
import type { ObservedContainer } from '../../../src/model/observed.ts'
import type { DesiredGame } from '../../../src/model/game.ts'
import type { Limits } from '../../../src/model/limits.ts'
import { type GameStatus, NEW_STATUS } from '../../../src/model/status.ts'
import { container, desired, detail, exited, LIMITS, NOW_MS, spec, engineVersion } from '../../support/planning.ts'

const VERSION = engineVersion({ imageRef: 'galaxy-engine:1.0.0' })

function answerTo(containers: readonly ObservedContainer[], status: Partial<GameStatus> = {}, recordedStartMs: number | null = null) {
  const admission = admitGame({ ...factsOf(containers, status), recordedStartMs })
  return admission.kind === 'refused' ? admission.reason : admission.kind
}

/** A row that asks for 1.0.0, while nothing is known of the game but these containers and this status. */
function factsOf(containers: readonly ObservedContainer[], status: Partial<GameStatus>): AdmissionFacts {
  return {
    desired: desired(),
    version: VERSION,
    status: { ...NEW_STATUS, ...status },
    containers,
    recordedStartMs: null,
    races: null,
    mayRepin: false,
    pulled: null,
    image: (ref) => ({ id: 'sha256:1', refs: [ref], labels: {} }),
    images: { imageTemplate: 'galaxy-engine:{version}', allowedRegistries: ['docker.io'] },
    defaultLimits: LIMITS,
    pullPolicy: 'if_missing',
    network: 'galaxy',
    state: spec().state,
  }
}

describe('what has written the state of a game that no record tells of yet (S3)', () => {
  const ran = { version: '1.1.0' }

  it.each<readonly [string, ObservedContainer]>([
    ['runs', container(ran)],
    ['has run, and ended before the crash of a controller was over', exited({}, ran)],
    ['has ended, and is known from a list alone', container({ ...ran, state: 'exited', detail: null })],
  ])('is the container that %s', (_, writer) => {
    expect(answerTo([writer])).toBe('PatchIncompatible')
  })

  it.each<readonly [string, ObservedContainer]>([
    ['was never started', container({ ...ran, state: 'created', detail: detail({ startedAtMs: null }) })],
    ['was never started, and is known from a list alone', container({ ...ran, state: 'created', detail: null })],
    ['no operation has made', exited({}, { ...ran, operationId: null })],
    ['was run with --rm', exited({ isAutoRemove: true }, ran)],
  ])('is none that %s', (_, bystander) => {
    expect(answerTo([bystander])).toBe('accepted')
  })

  it('is what has run since the record was written, whatever the status says', () => {
    const recorded = { stateEngine: 'galaxy', stateVersion: '1.0.0', stateImageRef: 'galaxy-engine:1.0.0' }
    const since = NOW_MS - 1_000
    expect(answerTo([exited({ startedAtMs: since + 1 }, ran)], recorded, since)).toBe('PatchIncompatible')
    expect(answerTo([container({ ...ran, state: 'exited', detail: null, createdAtMs: since + 1 })], recorded, since)).toBe(
      'PatchIncompatible',
    )
    expect(answerTo([exited({ startedAtMs: since - 1 }, ran)], recorded, since)).toBe('accepted')
    expect(answerTo([container({ ...ran, state: 'created', createdAtMs: since + 1, detail: null })], recorded, since)).toBe('accepted')
  })

  it('is what runs, where there is no record: the status tells of an earlier life of the game', () => {
    expect(answerTo([container(ran)], { stateEngine: 'galaxy', stateVersion: '1.0.0', stateImageRef: null })).toBe('PatchIncompatible')
    expect(answerTo([exited({}, ran)], { stateEngine: 'galaxy', stateVersion: '1.0.0', stateImageRef: null })).toBe('PatchIncompatible')
  })

  it('is what the status says, where nothing is there', () => {
    expect(answerTo([], { stateEngine: 'galaxy', stateVersion: '1.1.0', stateImageRef: null })).toBe('PatchIncompatible')
  })
})

describe('the limits of a game that is adopted as it runs', () => {
  const found = { cpus: 2, memoryBytes: 2 * 1024 ** 3, pids: 512 }
  const limitsOf = (row: Partial<DesiredGame>, hash?: null, limits: Limits = found) => {
    const running = container({ detail: detail({ limits }), ...(hash === null && { hash }) })
    const admission = admitGame({ ...factsOf([running], {}), desired: desired(row) })
    return admission.kind === 'accepted' ? admission.spec.limits : admission.kind
  }

  it('are the ones it has, also where an adopted deployment made it: nobody has asked for less', () => {
    expect(limitsOf({})).toEqual(found)
    expect(limitsOf({}, null)).toEqual(found)
  })

  it('are the row’s where it asks for others, and the usual ones where there are none', () => {
    expect(limitsOf({ cpus: 0.5 })).toEqual({ ...found, cpus: 0.5 })
    expect(limitsOf({ cpus: 0.5 }, undefined, { ...found, memoryBytes: null })).toEqual({
      ...found,
      cpus: 0.5,
      memoryBytes: LIMITS.memoryBytes,
    })
    expect(limitsOf({ memory: '1Gi', pids: 64 })).toEqual({ cpus: 2, memoryBytes: 1024 ** 3, pids: 64 })
  })
})

describe('what stays in force while a row is refused', () => {
  const accepted = { ...spec(), requested: { ...spec().requested, engineVersion: '1.1.0' }, engineVersion: '1.1.0' }

  it('is the accepted spec', () => {
    expect(inForceAfter([exited({}, { version: '1.1.0' })])).toBe(accepted)
  })

  it('is nothing once something has written the state that the accepted version cannot read (S3)', () => {
    expect(inForceAfter([exited({}, { version: '1.2.0' })])).toBeNull()
  })

  it('is what the row allows to read any state', () => {
    expect(inForceAfter([exited({}, { version: '1.2.0' })], { allowIncompatibleTo: '1.1.0' })).toBe(accepted)
  })

  function inForceAfter(containers: readonly ObservedContainer[], row: Partial<DesiredGame> = {}) {
    const admission = admitGame({
      ...factsOf(containers, { acceptedSpec: accepted }),
      desired: desired({ engineVersion: '9.9.9', ...row }),
      version: undefined,
    })
    return admission.kind === 'refused' ? admission.inForce : admission.kind
  }
})
