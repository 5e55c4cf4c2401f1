// How a process reaches engines from where it runs, found out and done by the product's own parts; for tests that run it in a container.
import { connectDocker } from '../../src/docker/client.ts'
import { networksOfContainer } from '../../src/docker/network.ts'
import { detectAddressing } from '../../src/engine/address.ts'
import { createEngineClient } from '../../src/engine/client.ts'
import { isInContainerOn } from '../../src/engine/own-container.ts'
import type { DockerAddress } from '../../src/local/docker-address.ts'

/** What the parent hands over, as JSON in the variable REACH. */
export interface ReachRequest {
  readonly docker: DockerAddress
  readonly network: string
  /** The name to ask the engine by, where this process finds that it runs beside it. */
  readonly host: string
}

export interface Reached {
  readonly addressing: 'name' | 'address'
  /** Of the game that answered by its name. */
  readonly turn: number | null
}

const { docker: address, network, host } = JSON.parse(process.env['REACH'] ?? '') as ReachRequest // written by this repository's own tests
const signal = AbortSignal.timeout(20_000)
const docker = await connectDocker({ address, callMs: 5_000, signal })
const addressing = await detectAddressing('auto', () => isInContainerOn(network, (id) => networksOfContainer(docker, id, signal)))
const client = createEngineClient({ timeouts: { connectMs: 3_000, adminMs: 5_000, turnMs: 5_000, playerMs: 5_000 } })
const state = addressing === 'name' ? await client.status({ host, port: 8080, name: host }, signal) : null
await client.close()
const reached: Reached = { addressing, turn: state?.turn ?? null }
console.log(`REACHED ${JSON.stringify(reached)}`)
process.exit(0)
