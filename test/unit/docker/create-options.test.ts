import { describe, expect, it } from 'vitest'
import { createOptions } from '../../../src/docker/create-options.ts'
import type { AcceptedSpec } from '../../../src/model/game.ts'
import { identity, spec } from './samples.ts'

function optionsOf(changes: Partial<AcceptedSpec> = {}) {
  const log = { driver: 'local', options: { 'max-size': '1m' } }
  return createOptions({
    name: 'x.galaxy-game-andromeda',
    spec: spec(changes),
    identity,
    operationId: 'op',
    nowMs: 1,
    image: 'sha256:1',
    log,
  })
}

describe('what a container is created from', () => {
  it('keeps host name and alias free of the instance, so that the endpoint never changes', () => {
    const options = optionsOf()
    expect(options.Hostname).toBe('galaxy-game-andromeda')
    expect(options.NetworkingConfig?.EndpointsConfig).toEqual({ galaxy: { Aliases: ['galaxy-game-andromeda'] } })
  })

  it("sets the state variables over the engine version's own", () => {
    const state = { ...spec().state, envName: 'GAME_DIR' }
    const env = { GAME_DIR: '/elsewhere', STORAGE_PATH: '/elsewhere', MODE: 'a=b' }
    expect(optionsOf({ env, state }).Env).toEqual(['GAME_DIR=/state', 'STORAGE_PATH=/state', 'MODE=a=b'])
  })

  it('publishes nothing, has no command and no user of its own unless told', () => {
    const options = optionsOf()
    expect(options).not.toHaveProperty('Cmd')
    expect(options).not.toHaveProperty('User')
    expect(options.HostConfig).toMatchObject({ PortBindings: {}, PublishAllPorts: false })
  })

  it('publishes each port where the registry says', () => {
    const publish = [
      { containerPort: 80, hostPort: 8001, protocol: 'tcp', hostIp: '127.0.0.1' },
      { containerPort: 80, hostPort: 8002, protocol: 'tcp', hostIp: '0.0.0.0' },
      { containerPort: 53, hostPort: 5353, protocol: 'udp', hostIp: '127.0.0.1' },
    ] as const
    const options = optionsOf({ publish })
    expect(Object.keys(options.ExposedPorts ?? {})).toEqual(['80/tcp', '53/udp'])
    expect(options.HostConfig?.PortBindings).toEqual({
      '80/tcp': [
        { HostIp: '127.0.0.1', HostPort: '8001' },
        { HostIp: '0.0.0.0', HostPort: '8002' },
      ],
      '53/udp': [{ HostIp: '127.0.0.1', HostPort: '5353' }],
    })
  })

  it('leaves out limits that are not set, and writes no version that is not known', () => {
    const options = optionsOf({ limits: { cpus: null, memoryBytes: null, pids: null }, engineVersion: null })
    for (const limit of ['NanoCpus', 'Memory', 'MemorySwap', 'PidsLimit']) expect(options.HostConfig).not.toHaveProperty(limit)
    expect(options.Labels).not.toHaveProperty('com.galaxy.engine_version')
  })

  it.each([
    ['writableRoot', { writableRoot: true }, { ReadonlyRootfs: false }],
    ['newPrivileges', { newPrivileges: true }, { SecurityOpt: [] }],
    ['noInit', { noInit: true }, { Init: false }],
    ['capAdd', { capAdd: ['CHOWN'] }, { CapAdd: ['CHOWN'] }],
    ['tmpfs', { tmpfs: ['/run', '/cache:size=1m,mode=700'] }, { Tmpfs: { '/tmp': '', '/run': '', '/cache': 'size=1m,mode=700' } }],
  ])('with %s relaxed differs in that alone', (_, relax, difference) => {
    expect(optionsOf({ relax }).HostConfig).toEqual({ ...optionsOf().HostConfig, ...difference })
  })
})
