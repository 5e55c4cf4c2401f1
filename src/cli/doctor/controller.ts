import { type ApiAddress, addressFile, readAddress } from '../../api/address-file.ts'
import type { Config } from '../../config.ts'
import { messageOf } from '../../model/errors.ts'
import { askReadiness } from '../readiness.ts'
import { recordedControllers } from '../running-controllers.ts'
import { fail, type Finding, ok, skip } from './finding.ts'
import { typed } from '../typed.ts'

/** Whether the controller that was started from here answers and is ready. One that was never started, or was stopped, is no fault. */
export async function checkController({ dataDir }: Config): Promise<Finding> {
  try {
    const address = await readAddress(dataDir)
    return address === null ? await withoutAddress(dataDir) : await atAddress(dataDir, address)
  } catch (error) {
    return fail(
      'controller',
      `${addressFile(dataDir)} can't be read: ${messageOf(error)}`,
      'run this as the user who started the controller',
    )
  }
}

async function atAddress(dataDir: string, address: ApiAddress): Promise<Finding> {
  const { url } = address
  const readiness = await askReadiness(address)
  switch (readiness.kind) {
    case 'silent':
      return withoutAnswer(dataDir, `no controller answers at ${url} (${readiness.why})`)
    case 'stranger':
      return withoutAnswer(dataDir, `at ${url} another program answers, or a controller that was not started from here`)
    case 'answers':
      return readiness.failing.length === 0
        ? ok('controller', `ready at ${url}, ${readiness.isLeader ? 'active' : 'on standby'}`)
        : fail(
            'controller',
            `answers at ${url} but is not ready: ${readiness.failing.join('; ')}`,
            'it gets ready by itself once that is mended; just after a start, a moment later',
          )
  }
}

/** The address file outlives its controller: only a controller that was not stopped in order is missed. */
async function withoutAnswer(dataDir: string, what: string): Promise<Finding> {
  const { running, died } = await recordedControllers(dataDir)
  if (running.length > 0)
    return fail(
      'controller',
      `${what}, though process ${running.join(', ')} runs`,
      `if it has just been started, wait; otherwise end it with \`${typed('down')}\`, which ends the games too, or with kill`,
    )
  if (died.length > 0)
    return fail(
      'controller',
      `${what}: process ${died.join(', ')} ended unexpectedly`,
      `\`${typed('up')}\` starts it and takes the games up again`,
    )
  return skip('controller', `stopped; \`${typed('up')}\` starts it`)
}

async function withoutAddress(dataDir: string): Promise<Finding> {
  const { running, died } = await recordedControllers(dataDir)
  return running.length + died.length > 0
    ? withoutAnswer(dataDir, 'no controller has got as far as to serve its API')
    : skip('controller', `none has been started from here; \`${typed('up')}\` starts one`)
}
