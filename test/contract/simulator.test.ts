import { randomBytes } from 'node:crypto'
import type Docker from 'dockerode'
import { afterAll, beforeAll, inject } from 'vitest'
import { buildIdleImage } from '../support/idle-image.ts'
import { contractImages, type SimulatorProcess, startSimulatorProcess } from '../support/simulator-process.ts'
import { describeApiContract } from './api-contract.ts'
import { describeLifecycleContract } from './lifecycle-contract.ts'
import { describeObservationContract } from './observation-contract.ts'
import { describeRuntimeContract } from './runtime-contract.ts'
import { SHELL_IMAGE } from './support.ts'

let simulator: SimulatorProcess
beforeAll(async () => {
  simulator = await startSimulatorProcess(inject('runFolder'), { images: contractImages(SHELL_IMAGE) }, '--real-time')
})
afterAll(async () => {
  await simulator.stop()
})

function place() {
  return {
    address: { kind: 'socket', socketPath: simulator.socketPath } as const,
    instance: `${inject('testInstancePrefix')}${randomBytes(4).toString('hex')}`,
    folder: inject('runFolder'),
    // The shell image needs a commit, and is in the setup.
    offerImages: (docker: Docker) => buildIdleImage(docker),
  }
}

describeRuntimeContract('the simulator', place)
describeLifecycleContract('the simulator', place)
describeObservationContract('the simulator', place)
describeApiContract('the simulator', place)
