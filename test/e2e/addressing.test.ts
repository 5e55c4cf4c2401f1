import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { hostName, LABEL } from '../../src/model/labels.ts'
import { createDeployment, type Deployment } from '../support/deployment.ts'
import { playedGames } from '../support/played-games.ts'
import type { Reached, ReachRequest } from '../support/reach-process.ts'
import { registerReferenceEngine } from '../support/reference-engine.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const PROGRAM = fileURLToPath(new URL('../support/reach-process.ts', import.meta.url))
const SOCKET = '/var/run/docker.sock'

describe('a process that runs in a container', () => {
  let deployment: Deployment

  beforeAll(async () => {
    deployment = await createDeployment()
    await registerReferenceEngine(deployment)
    await deployment.start()
    await playedGames(deployment).want('named', { engine: 'reference' })
    await deployment.untilStatus('named', 'running')
  }, 120_000)
  afterAll(() => deployment.dispose())

  it('beside the engines finds that it does, and reaches them by their names', async () => {
    expect(await reachedFrom(deployment.config.docker.network)).toEqual({ addressing: 'name', turn: 0 })
  })

  it('on another network finds that it does not', async () => {
    expect(await reachedFrom('bridge')).toEqual({ addressing: 'address', turn: null })
  })

  /** Runs the product's own parts on the reference engine's image, which is node and what it needs. */
  async function reachedFrom(network: string): Promise<Reached> {
    const request: ReachRequest = {
      docker: { kind: 'socket', socketPath: SOCKET },
      network: deployment.config.docker.network,
      host: hostName('named'),
    }
    const address = inject('dockerAddress')
    if (address.kind !== 'socket') throw new Error('the daemon must be reached by a socket to be mounted')
    const container = await deployment.docker.createContainer({
      Labels: { [LABEL.instance]: deployment.config.instance },
      Image: 'galaxy-engine:1.0.0',
      Entrypoint: ['/node', PROGRAM],
      Env: [`REACH=${JSON.stringify(request)}`],
      HostConfig: { Binds: [`${ROOT}:${ROOT}:ro`, `${address.socketPath}:${SOCKET}`], NetworkMode: network },
    })
    try {
      await container.start()
      await container.wait()
      const output = (await container.logs({ stdout: true, stderr: true })).toString('utf8')
      const [, line] = /REACHED (\{.*\})/.exec(output) ?? []
      if (line === undefined) throw new Error(`no answer from the container: ${output}`)
      return JSON.parse(line) as Reached // its own program's words
    } finally {
      await container.remove({ force: true })
    }
  }
})
