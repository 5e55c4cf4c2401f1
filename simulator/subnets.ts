import { once } from 'node:events'
import { createServer } from 'node:net'
import { SUBNETS } from './calls/settings.ts'

export interface ClaimedSubnets {
  /** As in the settings. */
  readonly firstSubnet: number
  release(): Promise<void>
}

const FIRST = 63
const LAST = 254
/** Not an engine's. */
const PORT = 8079

/**
 * Takes loopback subnets that no other simulator of this machine has, for as long as it is not released: else the engines of one would answer the
 * other's controller. Whoever listens on the last address of the first subnet has them all.
 *
 * @throws Error when they are all taken
 */
export async function claimSubnets(): Promise<ClaimedSubnets> {
  for (let firstSubnet = FIRST; firstSubnet + SUBNETS - 1 <= LAST; firstSubnet += SUBNETS) {
    const server = createServer((socket) => socket.destroy())
    try {
      server.listen(PORT, `127.${firstSubnet}.255.254`)
      await once(server, 'listening')
      server.unref()
      return { firstSubnet, release: () => new Promise((resolve) => server.close(() => resolve())) }
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : null
      // Outside Linux, loopback addresses have to be made first; who makes some makes the first.
      if (code === 'EADDRNOTAVAIL') return { firstSubnet: FIRST, release: () => Promise.resolve() }
      if (code !== 'EADDRINUSE') throw error
    }
  }
  throw new Error(`other simulators have all of 127.${FIRST}.0.0 to 127.${LAST}.0.0: end one of them`)
}
