import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { AcceptedSpec } from '../../../src/model/game.ts'
import { matchesHash, specHash } from '../../../src/model/spec-hash.ts'

const SAMPLE: AcceptedSpec = {
  gameId: 'andromeda-7',
  engine: 'galaxy',
  requested: { engineVersion: '1.4.2', imageRef: null, cpus: null, memory: '512Mi', pids: null },
  engineVersion: '1.4.2',
  imageRef: 'registry.example/galaxy-engine:1.4.2',
  imageId: 'sha256:8a1c',
  protocol: 'galaxy',
  probe: { http: { path: '/healthz', port: 8080 } },
  port: 8080,
  command: ['serve', '--fast'],
  env: { LOG: 'info', A: '1' },
  publish: [{ containerPort: 8080, hostPort: 18080, protocol: 'tcp', hostIp: '127.0.0.1' }],
  relax: { writableRoot: true, capAdd: ['CHOWN'] },
  limits: { cpus: 1, memoryBytes: 536_870_912, pids: 128 },
  network: 'galaxy',
  state: {
    path: '/data/games/andromeda-7',
    hostPath: '/srv/games/andromeda-7',
    mountPath: '/var/lib/galaxy-game',
    envName: 'GAME_STATE_PATH',
  },
  players: [{ userId: 'u1', raceName: 'Terrans' }],
  turnSchedule: '0 18 * * *',
  timeZone: 'Europe/Berlin',
  specHash: '',
}
const HASH = specHash(SAMPLE)

describe('the spec hash', () => {
  // Labels of containers that run today carry these: never change one, add a scheme instead.
  it.each<readonly [string, Partial<AcceptedSpec>, string]>([
    ['a full spec', {}, 'v1:792a4b934b7b74a625f3f29559b61632'],
    ['a plain one', { command: null, env: {}, publish: [], relax: {}, engineVersion: null }, 'v1:749630ae6c56d8a6fc2d72c7f5568acf'],
  ])('of %s under scheme v1 is what it always was', (_, over, hash) => {
    expect(specHash({ ...SAMPLE, ...over })).toBe(hash)
  })

  it.each<readonly [string, Partial<AcceptedSpec>]>([
    ['limits', { limits: { cpus: 2, memoryBytes: null, pids: 1 } }],
    ['players', { players: [] }],
    ['the schedule', { turnSchedule: null, timeZone: 'UTC' }],
    ['the image id: a tag that moved', { imageId: 'sha256:ffff' }],
    ['how the row put it', { requested: { engineVersion: null, imageRef: SAMPLE.imageRef, cpus: 2, memory: null, pids: 7 } }],
    ['probe, port and protocol: nothing of the container', { probe: { none: true }, port: 9, protocol: 'none' }],
    ['where this controller sees the state', { state: { ...SAMPLE.state, path: '/elsewhere' } }],
    ['an older hash', { specHash: 'v1:0' }],
    ['the order of variables', { env: { A: '1', LOG: 'info' } }],
    ['the order of relaxations, and those left undefined', { relax: { capAdd: ['CHOWN'], noInit: undefined, writableRoot: true } }],
  ])('does not cover %s', (_, over) => {
    expect(specHash({ ...SAMPLE, ...over })).toBe(HASH)
  })

  it.each<readonly [string, Partial<AcceptedSpec>]>([
    ['the game', { gameId: 'andromeda-8' }],
    ['the engine', { engine: 'chess' }],
    ['the version', { engineVersion: '1.4.3' }],
    ['the image', { imageRef: 'registry.example/galaxy-engine:1.4.3' }],
    ['the command', { command: ['serve', '--slow'] }],
    ["the image's own command", { command: null }],
    ['a variable', { env: { LOG: 'debug', A: '1' } }],
    ['a variable more', { env: { ...SAMPLE.env, B: '' } }],
    ['a published port', { publish: [] }],
    ['where a port is published', { publish: [{ containerPort: 8080, hostPort: 18080, protocol: 'tcp', hostIp: '0.0.0.0' }] }],
    ['a relaxation', { relax: { ...SAMPLE.relax, noInit: true } }],
    ['the network', { network: 'galaxy2' }],
    ['the state folder', { state: { ...SAMPLE.state, hostPath: '/srv/other' } }],
    ['the state mount', { state: { ...SAMPLE.state, mountPath: '/state' } }],
    ['the state variable', { state: { ...SAMPLE.state, envName: 'STATE' } }],
  ])('covers %s', (_, over) => {
    expect(specHash({ ...SAMPLE, ...over })).not.toBe(HASH)
  })

  it('tells any two sets of variables apart, and no two orders of one', () => {
    const env = fc.dictionary(fc.string(), fc.string(), { maxKeys: 5 })
    fc.assert(
      fc.property(env, env, (one, two) => {
        const isSame = isDeepStrictEqual({ ...one }, { ...two })
        const reversed = Object.fromEntries(Object.entries(one).toReversed())
        expect(specHash({ ...SAMPLE, env: one }) === specHash({ ...SAMPLE, env: two })).toBe(isSame)
        expect(specHash({ ...SAMPLE, env: reversed })).toBe(specHash({ ...SAMPLE, env: one }))
      }),
    )
  })
})

describe("a container's hash", () => {
  it.each<readonly [string, string, boolean]>([
    ['of this spec', HASH, true],
    ['of another spec', specHash({ ...SAMPLE, network: 'other' }), false],
    ['of a scheme not known here', `v99:${HASH.slice(3)}`, false],
    ['without a scheme', HASH.slice(3), false],
    ['cut short', HASH.slice(0, -1), false],
    ['that is empty', '', false],
    ['named like something every object has', 'constructor:1', false],
  ])('%s: matches %s → %s', (_, hash, matches) => {
    expect(matchesHash(SAMPLE, hash)).toBe(matches)
  })
})
