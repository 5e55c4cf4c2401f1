import { randomBytes } from 'node:crypto'
import { inject } from 'vitest'
import { describeApiContract } from './api-contract.ts'
import { describeLifecycleContract } from './lifecycle-contract.ts'
import { describeObservationContract } from './observation-contract.ts'
import { describeRuntimeContract } from './runtime-contract.ts'

function place() {
  const instance = `${inject('testInstancePrefix')}${randomBytes(4).toString('hex')}`
  return { address: inject('dockerAddress'), instance, folder: inject('runFolder'), offerImages: null }
}

describeRuntimeContract('the Docker daemon', place)
describeLifecycleContract('the Docker daemon', place)
describeObservationContract('the Docker daemon', place)
describeApiContract('the Docker daemon', place)
