import type { Effect } from './effect.ts'

/** Networks that every daemon has and nobody may make or remove, with their drivers. */
const DRIVERS = { bridge: 'bridge', host: 'host', none: 'null' } as const

export const PREDEFINED: ReadonlySet<string> = new Set(Object.keys(DRIVERS))

/** @param bridgePrefix the bridge's, as `Network.prefix` */
export function predefinedNetworks(newId: () => string, createdAtMs: number, bridgePrefix: string): readonly Effect[] {
  return Object.entries(DRIVERS).map(([name, driver]) => {
    const id = newId()
    const prefix = name === 'bridge' ? bridgePrefix : null
    const after = { id, name, driver, createdAtMs, labels: {}, options: {}, isInternal: false, isAttachable: false, prefix, ghosts: [] }
    return { subject: 'network', action: 'provide', id, before: null, after, attributes: {} }
  })
}
