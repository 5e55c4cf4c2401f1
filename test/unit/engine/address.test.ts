import { describe, expect, it } from 'vitest'
import { detectAddressing, engineAddress, originOf } from '../../../src/engine/address.ts'
import type { ObservedContainer } from '../../../src/model/observed.ts'

const container = (addresses: Record<string, string>): ObservedContainer => ({
  id: 'c1',
  name: 'galaxy-game-andromeda.next.1',
  gameId: 'andromeda',
  state: 'running',
  imageId: 'sha256:1',
  imageRef: 'galaxy-engine:1.0.0',
  createdAtMs: 0,
  labels: {
    instance: 'default',
    deployment: null,
    engine: null,
    engineVersion: null,
    engineImageRef: null,
    specHash: null,
    operationId: null,
    startedAtMs: null,
  },
  stateHostPath: null,
  addresses,
  dockerHealth: null,
  detail: null,
})

describe('an engine', () => {
  it.each([
    ['name', { galaxy: '172.18.0.3' }, 'http://galaxy-game-andromeda:8080'],
    ['address', { bridge: '172.17.0.2', galaxy: '172.18.0.3' }, 'http://172.18.0.3:8080'],
    ['address', { galaxy: 'fd00:dead::3' }, 'http://[fd00:dead::3]:8080'],
    ['name', { galaxy: 'fd00:dead::3' }, 'http://galaxy-game-andromeda:8080'],
  ] as const)('is asked by %s, from %j: %s', (addressing, addresses, origin) => {
    const address = engineAddress(container(addresses), 'galaxy', 8080, addressing)
    expect(address && originOf(address)).toBe(origin)
  })

  it.each([
    ['that is not attached to the network', { bridge: '172.17.0.2' }, 'galaxy'],
    ['on a network of an odd name', {}, 'constructor'],
    ['whose address is a name', { galaxy: 'elsewhere.example' }, 'galaxy'],
    ['whose address is more than one', { galaxy: '172.18.0.3@elsewhere.example' }, 'galaxy'],
    ['whose address has a zone', { galaxy: 'fe80::1%eth0' }, 'galaxy'],
    ['whose address is empty', { galaxy: '' }, 'galaxy'],
  ])('%s has no address, by whichever way', (_, addresses, network) => {
    const one = container(addresses)
    expect([engineAddress(one, network, 8080, 'name'), engineAddress(one, network, 8080, 'address')]).toEqual([null, null])
  })
})

describe('how engines are reached', () => {
  it.each([
    ['auto', true, 'name'],
    ['auto', false, 'address'],
    ['name', false, 'name'],
    ['address', true, 'address'],
  ] as const)('%s, on the network: %s → by %s', async (setting, isOnNetwork, addressing) => {
    expect(await detectAddressing(setting, async () => isOnNetwork)).toBe(addressing)
  })

  it('is not looked for where it is set', async () => {
    const neverAsked = (): Promise<boolean> => Promise.reject(new Error('asked'))
    expect(await detectAddressing('address', neverAsked)).toBe('address')
  })
})
