import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmod, chown, link, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import type { PostgresPrograms } from './postgres-folders.ts'
import type { OnProgress } from './progress.ts'
import type { SystemAccount } from './system-account.ts'

/** One database cluster on disk, and what opens it. */
export interface Cluster {
  /** Postgres's own folder (`PGDATA`). */
  readonly folder: string
  readonly passwordFile: string
  readonly password: string
}

export const SUPERUSER = 'galaxy'

/**
 * The cluster in this data folder; made when there is none. It appears under its name only when complete, so that a kill
 * in the middle leaves nothing that looks like a database.
 *
 * @throws when the files are of another Postgres major, or the password file is gone
 */
export async function openCluster(
  dataFolder: string,
  programs: PostgresPrograms,
  account: SystemAccount | undefined,
  signal: AbortSignal,
  onProgress: OnProgress,
): Promise<Cluster> {
  const folder = path.join(dataFolder, 'postgres')
  const passwordFile = path.join(dataFolder, 'postgres.password')
  const major = await readTrimmed(path.join(folder, 'PG_VERSION'))
  if (major === undefined) {
    const password = await ensurePassword(passwordFile)
    onProgress(`Initialising the database in ${folder}`)
    await initialise(folder, password, programs, account, signal)
    return { folder, passwordFile, password }
  }
  if (major !== programs.major) throw new Error(otherMajorMessage(folder, major, programs.major))
  const password = await readTrimmed(passwordFile)
  if (password === undefined) throw new Error(lostPasswordMessage(folder, passwordFile))
  return { folder, passwordFile, password }
}

/** Made once: of two starts at the same time one makes it, and both read what is there then. */
async function ensurePassword(file: string): Promise<string> {
  const candidate = `${file}.${randomBytes(6).toString('hex')}`
  await writeFile(candidate, `${randomBytes(24).toString('base64url')}\n`, { mode: 0o600 })
  try {
    await link(candidate, file)
  } catch (error) {
    if (!isErrno(error, 'EEXIST')) throw error
  } finally {
    await rm(candidate, { force: true })
  }
  return (await readFile(file, 'utf8')).trim()
}

async function initialise(
  folder: string,
  password: string,
  programs: PostgresPrograms,
  account: SystemAccount | undefined,
  signal: AbortSignal,
): Promise<void> {
  await removeHalfMade(folder)
  const halfway = await mkdtemp(`${folder}.making-${process.pid}-`)
  try {
    await runInitdb(halfway, password, programs, account, signal)
    await rename(path.join(halfway, 'data'), folder)
  } catch (error) {
    // Another start may have been first; its cluster has the same password.
    if (!isErrno(error, 'ENOTEMPTY') && !isErrno(error, 'EEXIST')) throw error
  } finally {
    await rm(halfway, { recursive: true, force: true })
  }
}

/**
 * The builtin locale provider sorts alike on every machine, whatever its C library knows. The password file must be
 * readable by the account, so it is a copy that lives as long as initdb.
 */
async function runInitdb(
  halfway: string,
  password: string,
  programs: PostgresPrograms,
  account: SystemAccount | undefined,
  signal: AbortSignal,
): Promise<void> {
  const passwordCopy = path.join(halfway, 'password')
  await writeFile(passwordCopy, `${password}\n`, { mode: 0o600 })
  if (account) await Promise.all([halfway, passwordCopy].map((entry) => chown(entry, account.uid, account.gid)))
  await chmod(halfway, 0o700)
  const options = [
    `--pgdata=${path.join(halfway, 'data')}`,
    `--username=${SUPERUSER}`,
    `--pwfile=${passwordCopy}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--no-locale',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--no-instructions',
  ]
  await promisify(execFile)(path.join(programs.folder, 'bin', 'initdb'), options, {
    cwd: '/',
    env: { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' },
    signal,
    ...(account && { uid: account.uid, gid: account.gid }),
  })
}

/** What a killed start left; the pid in the name keeps a start that is at work out of it. */
async function removeHalfMade(folder: string): Promise<void> {
  const prefix = `${path.basename(folder)}.making-`
  for (const name of await readdir(path.dirname(folder))) {
    if (!name.startsWith(prefix)) continue
    const pid = Number.parseInt(name.slice(prefix.length), 10)
    if (!isAlive(pid)) await rm(path.join(path.dirname(folder), name), { recursive: true, force: true })
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return isErrno(error, 'EPERM')
  }
}

function otherMajorMessage(folder: string, found: string, ours: string): string {
  return `The database in ${folder} was made by Postgres ${found}, and this is Postgres ${ours}.
Dump it with the version of galaxy that made it (pg_dumpall), move the folder away, start again and restore the dump,
or set GALAXY_DATABASE_URL to a Postgres of yours.`
}

function lostPasswordMessage(folder: string, passwordFile: string): string {
  return `The database in ${folder} has no password file any more.
Put it back as ${passwordFile} (mode 0600, one line),
or move the database's folder away to begin with an empty one.`
}

async function readTrimmed(file: string): Promise<string | undefined> {
  try {
    return (await readFile(file, 'utf8')).trim()
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined
    throw error
  }
}

function isErrno(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
