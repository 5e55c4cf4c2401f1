import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { messageOf } from '../model/errors.ts'
import type { OnProgress } from './progress.ts'

const run = promisify(execFile)

/** Whom a server runs as when we are root. */
export interface SystemAccount {
  readonly name: string
  readonly uid: number
  readonly gid: number
}

/** Not plain "postgres": a distribution's own cluster runs as that, and the two must not be able to read each other. */
const ACCOUNT_NAME = 'galaxy-postgres'

/**
 * The account for the embedded database: Postgres refuses to run as root, so root gets a system user, made when missing.
 * @returns undefined when we are not root; the server then runs as ourselves
 * @throws when root can't make the user
 */
export async function databaseAccount(onProgress: OnProgress): Promise<SystemAccount | undefined> {
  if (process.getuid?.() !== 0) return undefined
  const existing = await findAccount(ACCOUNT_NAME)
  if (existing !== undefined) return existing
  onProgress(`Making the system user ${ACCOUNT_NAME}, because Postgres does not run as root`)
  const useradd = ['--system', '--user-group', '--no-create-home', '--shell', '/usr/sbin/nologin', ACCOUNT_NAME]
  const failure = await run('useradd', useradd, { env: SYSTEM_PATH }).then(() => undefined, messageOf)
  // Somebody else may have made it in the meantime: only what is there afterwards counts.
  const made = await findAccount(ACCOUNT_NAME)
  if (made !== undefined) return made
  throw new Error(`Postgres does not run as root, and no system user could be made for it: ${failure}
Make one by hand: useradd --system --user-group ${ACCOUNT_NAME}
or run galaxy as an ordinary user, or set GALAXY_DATABASE_URL to a Postgres of yours.`)
}

/** Whether the account (undefined: ourselves) passes this test(1), e.g. `-x` on a folder: every folder above counts. */
export async function accountCan(account: SystemAccount | undefined, test: '-x' | '-r', path: string): Promise<boolean> {
  const options = { cwd: '/', env: SYSTEM_PATH, ...(account && { uid: account.uid, gid: account.gid }) }
  return run('test', [test, path], options).then(
    () => true,
    () => false,
  )
}

const SYSTEM_PATH = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' }

async function findAccount(name: string): Promise<SystemAccount | undefined> {
  try {
    const ids = await Promise.all(['-u', '-g'].map((flag) => run('id', [flag, name], { env: SYSTEM_PATH })))
    const [uid = Number.NaN, gid = Number.NaN] = ids.map(({ stdout }) => Number.parseInt(stdout, 10))
    return Number.isInteger(uid) && Number.isInteger(gid) ? { name, uid, gid } : undefined
  } catch {
    return undefined
  }
}
