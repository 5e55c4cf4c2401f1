import { execFile, spawn } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { chown, mkdir, open } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { freePort, waitUntilReady } from '../../src/local/postmaster.ts'
import { databaseAccount } from '../../src/local/system-account.ts'

/** Debian's, one folder for each major. */
export const DISTRIBUTION_FOLDER = '/usr/lib/postgresql'

/** The distribution's newest server of another major than the embedded one, if the machine has any: `…/{major}/bin`. */
export function findOtherPostgres(embeddedMajor: number): string | undefined {
  if (!existsSync(DISTRIBUTION_FOLDER)) return undefined
  const majors = readdirSync(DISTRIBUTION_FOLDER).filter(
    (major) => Number(major) !== embeddedMajor && existsSync(`${DISTRIBUTION_FOLDER}/${major}/bin/initdb`),
  )
  const newest = majors.sort((a, b) => Number(b) - Number(a))[0]
  return newest && `${DISTRIBUTION_FOLDER}/${newest}/bin`
}

/**
 * A throw-away server on 127.0.0.1, without fsync and without passwords.
 * @param folder must not exist yet; the caller ends what runs in it
 * @returns its URL, of the database `postgres`
 */
export async function startOtherPostgres(bin: string, folder: string, signal: AbortSignal): Promise<string> {
  const account = await databaseAccount(() => {})
  const identity = account && { uid: account.uid, gid: account.gid }
  const env = { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' }
  await mkdir(folder)
  if (account) await chown(folder, account.uid, account.gid)
  const initOptions = ['--username=galaxy', '--auth=trust', '--encoding=UTF8', '--no-locale', '--no-sync']
  await promisify(execFile)(`${bin}/initdb`, ['-D', folder, ...initOptions], { cwd: '/', env, signal, ...identity })
  const port = await freePort(0)
  const settings = [`port=${port}`, 'listen_addresses=127.0.0.1', 'unix_socket_directories=', 'fsync=off']
  const log = await open(path.join(folder, 'server.log'), 'a')
  const args = ['-D', folder, ...settings.flatMap((setting) => ['-c', setting])]
  const child = spawn(`${bin}/postgres`, args, { cwd: '/', env, detached: true, stdio: ['ignore', log.fd, log.fd], ...identity })
  child.unref()
  await log.close()
  let hasEnded = false
  child.on('exit', () => (hasEnded = true))
  const ready = await waitUntilReady(folder, signal, () => hasEnded)
  if (ready === undefined) throw new Error(`the Postgres of ${bin} does not start in ${folder}`)
  return `postgres://galaxy@127.0.0.1:${port}/postgres`
}
