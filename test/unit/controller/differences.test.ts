import { describe, expect, it } from 'vitest'
import { differencesOf } from '../../../src/controller/plan/differences.ts'
import type { PlanInput } from '../../../src/controller/plan/input.ts'
import { container, desired, detail, exited, input, LIMITS, record, spec } from '../../support/planning.ts'

const told = (over: Parameters<typeof input>[0]): readonly string[] =>
  differencesOf(input(over)).differences.map(
    ({ side, field, wanted, found, why }) => `${side} ${field}: ${JSON.stringify(wanted)}, not ${JSON.stringify(found)}: ${why}`,
  )
const accepted = (over: Parameters<typeof spec>[1], version?: string): PlanInput['admission'] => ({
  kind: 'accepted',
  spec: spec(version, over),
  outdated: null,
  remarks: [],
})
const refused: PlanInput['admission'] = {
  kind: 'refused',
  reason: 'Incompatible',
  code: 'patch_semver_incompatible',
  message: '2.0.0 does not keep 1.0',
  inForce: spec(),
}

describe('what of a game is otherwise than asked for', () => {
  it('is nothing of a game that runs as desired', () => {
    expect(differencesOf(input())).toEqual({ differences: [], notes: [] })
  })

  it.each<[string, Parameters<typeof input>[0], readonly string[]]>([
    [
      'no container',
      { containers: [], record: null },
      ['accepted container: "galaxy-engine:1.0.0", not null: the game has not been started yet'],
    ],
    [
      'a lost container',
      { containers: [] },
      ['accepted container: "galaxy-engine:1.0.0", not null: the recorded container c1 is not there any more'],
    ],
    ['a crash', { containers: [exited()] }, ['accepted state: "running", not "exited": container galaxy-game-g ended with exit code 1']],
    [
      'a docker pause',
      { containers: [container({ state: 'paused' })] },
      ['accepted state: "running", not "paused": somebody froze container galaxy-game-g (docker pause)'],
    ],
    [
      'a new version',
      { admission: accepted({}, '1.0.1') },
      [
        'accepted image: "galaxy-engine:1.0.1", not "galaxy-engine:1.0.0": the container was made with it',
        'accepted engineVersion: "1.0.1", not "1.0.0": the container was made with it',
      ],
    ],
    [
      'a moved tag',
      { admission: accepted({ imageId: 'sha256:new' }) },
      ['accepted imageId: "sha256:new", not "sha256:1.0.0": galaxy-engine:1.0.0 meant another image when the container was made'],
    ],
    [
      'another environment than the one accepted before',
      { admission: accepted({ env: { MODE: 'new' } }) },
      ['accepted env: {"MODE":"new"}, not {}: the container was made with it'],
    ],
    [
      'limits changed by hand',
      { containers: [container({ detail: detail({ limits: { ...LIMITS, memoryBytes: 512 * 1024 ** 2 } }) })] },
      ['accepted resources.memory: "256Mi", not "512Mi": changed from outside'],
    ],
    [
      'new limits',
      { admission: accepted({ limits: { ...LIMITS, pids: 64 } }) },
      ['accepted resources.pids: 64, not 128: a new limit, not applied yet'],
    ],
    ['a pause', { desired: desired({ paused: true }) }, ['accepted paused: true, not false: the record does not have it yet']],
    [
      'a restart token',
      { desired: desired({ restartToken: 'again' }) },
      ['desired restartToken: "again", not null: a new token asks for a fresh container'],
    ],
    [
      'a wish that is not accepted',
      { desired: desired({ engineVersion: '2.0.0' }), admission: refused },
      ['desired engineVersion: "2.0.0", not "1.0.0": not accepted: 2.0.0 does not keep 1.0'],
    ],
    [
      'an image to pull',
      { admission: { kind: 'needs_image', imageRef: 'other:1', mayPull: true } },
      ['desired image: "other:1", not null: the image is not on this host; it is pulled first'],
    ],
    [
      'a stop',
      { desired: desired({ state: 'stopped', stopReason: 'cancelled' }) },
      ['desired state: "Stopped", not "running": lobby asked for a stop (cancelled)'],
    ],
    [
      'a deletion',
      { desired: desired({ deletedAt: new Date() }) },
      ['desired container: null, not "galaxy-game-g (running)": the game is being deleted, as lobby asked'],
    ],
    ['an orphan', { desired: null }, ['desired container: null, not "galaxy-game-g (running)": nothing asks for this game']],
    [
      'failing probes',
      { health: { kind: 'failing', containerId: 'c1', failures: 3, message: 'connection refused' } },
      ['accepted engineHealth: "ok", not "ok": 3 probes in a row failed: connection refused'],
    ],
    [
      'a generation that is not through',
      { desired: desired({ generation: 2 }) },
      ['desired generation: 2, not 1: lobby wrote generation 2, and what it asks for is not through yet'],
    ],
  ])('is told of %s', (_case, over, lines) => {
    expect(told(over)).toEqual(lines)
  })

  it('says that something of an older container differs where nobody knows any more what', () => {
    const stale = container({ hash: spec('1.0.0', { env: { FORGOTTEN: 'yes' } }).specHash })
    expect(told({ containers: [stale] })).toEqual([expect.stringMatching(/^accepted spec: .*hardening, network or state folder/)])
  })

  it('takes a container made by hand by its image alone', () => {
    const adopted = container({ hash: null })
    expect(told({ containers: [{ ...adopted, labels: { ...adopted.labels, engineVersion: null, engineImageRef: null } }] })).toEqual([])
  })

  it('is unknown, not nothing, while Docker does not answer', () => {
    const observed = { isKnown: false, containers: [], foreignDeployments: [], outage: null }
    expect(differencesOf(input({ observed }))).toEqual({
      differences: [],
      notes: ['the container runtime does not tell what is there now'],
    })
  })

  it('is nothing of a game that the engine has finished, and says so', () => {
    const over = { record: record({ status: 'finished', finishedGeneration: 1, currentTurn: 9 }), containers: [] }
    expect(differencesOf(input(over))).toEqual({
      differences: [],
      notes: [expect.stringMatching(/^the engine called the game finished at turn 9/)],
    })
  })
})
