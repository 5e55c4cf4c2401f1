import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import path from 'node:path'

/** A registry of Debian's `docker-registry` package on the loopback address, which daemons take without TLS. */
export interface TestRegistry {
  /** `127.0.0.1:port` */
  readonly host: string
  /** Set when it asks for a login. */
  readonly login: { readonly username: string; readonly password: string } | null
  stop(): Promise<void>
}

export function hasRegistryProgram(): boolean {
  try {
    execFileSync('docker-registry', ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** @param folder keeps the images; two registries may share one */
export async function startRegistry(folder: string, withLogin: boolean): Promise<TestRegistry> {
  const host = `127.0.0.1:${await freePort()}`
  const file = path.join(folder, `registry-${host.split(':')[1]}.json`)
  // JSON is YAML. A file that is missing makes the registry invent a login and log it.
  const auth = withLogin ? { auth: { htpasswd: { realm: 'test', path: `${file}.htpasswd` } } } : {}
  const storage = { filesystem: { rootdirectory: path.join(folder, 'images') } }
  await writeFile(file, JSON.stringify({ version: '0.1', log: { formatter: 'json' }, storage, http: { addr: host }, ...auth }))
  const child = spawn('docker-registry', ['serve', file], { stdio: ['ignore', 'ignore', 'pipe'] })
  const log = await collectUntil(child, /listening on/)
  const password = /"password":"([^"]+)"/.exec(log)?.[1]
  return {
    host,
    login: password === undefined ? null : { username: 'docker', password },
    stop: async () => {
      child.kill('SIGKILL')
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    },
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

/** Goes on reading afterwards, or the registry would block on a full pipe. */
function collectUntil(child: ChildProcess, pattern: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    let log = ''
    child.stderr?.on('data', (chunk: Buffer) => {
      log += chunk.toString()
      if (pattern.test(log)) resolve(log)
    })
    child.once('error', reject)
    child.once('exit', () => reject(new Error(`docker-registry ended: ${log}`)))
  })
}
