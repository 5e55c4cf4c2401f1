import { execFile } from 'node:child_process'
import { access } from 'node:fs/promises'
import { promisify } from 'node:util'

export const BUSYBOX = '/bin/busybox'

const run = promisify(execFile)

/**
 * Sees to a static busybox, which the tests' smallest images are made of; installs Debian's package where it is missing.
 * @throws where it is missing and cannot be installed
 */
export async function ensureBusybox(): Promise<void> {
  if (await exists()) return
  const options = ['-o', 'DPkg::Lock::Timeout=120', '-y', '--no-install-recommends']
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  try {
    await run('apt-get', ['update'], { env })
    await run('apt-get', ['install', ...options, 'busybox-static'], { env })
  } catch (cause) {
    throw new Error(`${BUSYBOX} is missing and could not be installed: install the package busybox-static`, { cause })
  }
}

async function exists(): Promise<boolean> {
  return access(BUSYBOX).then(
    () => true,
    () => false,
  )
}
