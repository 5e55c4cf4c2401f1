// `sweep.ts RUN_FOLDER RUNNER_PID ADDRESS_JSON`: ends what a test run left; run when the runner exits in the middle.
import path from 'node:path'
import type { DockerAddress } from '../../src/local/docker-address.ts'
import { stopDockerDaemon } from '../../src/local/docker-daemon.ts'
import { signalProcess } from '../../src/local/process-identity.ts'
import { descendantsOf } from './descendants.ts'
import { instancePrefix, removeLeftovers } from './docker-leftovers.ts'
import { sweepRunFolder } from './run-folder.ts'

const [runFolder = '', runnerPid = '', addressJson = ''] = process.argv.slice(2)

const started = descendantsOf(Number(runnerPid)).filter(({ pid }) => pid !== process.pid)
// The workers first: they would go on starting things while these are being removed.
for (const child of started) if (child.isChild && !child.isSessionLeader) signalProcess(child, 'SIGKILL')
if (addressJson !== '') {
  const address = JSON.parse(addressJson) as DockerAddress // written by the global set-up
  await removeLeftovers(address, (instance) => instance.startsWith(instancePrefix(Number(runnerPid))))
}
await stopDockerDaemon({ dataDir: path.join(runFolder, 'docker'), onProgress: () => {} })
await sweepRunFolder(runFolder)
for (const descendant of started) signalProcess(descendant, 'SIGKILL')
