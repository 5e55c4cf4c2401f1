import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { request } from 'node:http'
import { request as requestTls } from 'node:https'
import { homedir } from 'node:os'
import path from 'node:path'
import { DOCKER_HOSTS, readHost } from './docker-host.ts'

/** Where a Docker daemon listens; the fields are those that dockerode takes. */
export type DockerAddress =
  | { readonly kind: 'socket'; readonly socketPath: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number; readonly tls: TlsFiles | undefined }

/** PEM texts. */
export interface TlsFiles {
  readonly ca: string
  readonly cert: string
  readonly key: string
}

/** An address and who named it, e.g. `DOCKER_HOST`, for messages. */
export interface NamedAddress {
  readonly address: DockerAddress
  readonly origin: string
}

/**
 * The daemon that the user has chosen: `DOCKER_HOST`, else `DOCKER_CONTEXT` or the current context of the Docker client's
 * configuration. Undefined when nothing is chosen, which is the usual case.
 * @throws when what is chosen can't be read or is no unix or tcp address
 */
export async function chosenAddress(env: NodeJS.ProcessEnv): Promise<NamedAddress | undefined> {
  const host = env['DOCKER_HOST']
  if (host) return { address: parseHost(host, await tlsFiles(env)), origin: `DOCKER_HOST=${host}` }
  const folder = env['DOCKER_CONFIG'] ?? path.join(env['HOME'] ?? homedir(), '.docker')
  const context = env['DOCKER_CONTEXT'] || (await currentContext(folder))
  if (!context || context === 'default') return undefined
  const origin = `the Docker context "${context}"`
  const endpoint = await contextHost(folder, context)
  if (endpoint === undefined)
    throw new Error(`${origin} names no address that can be read in ${folder}.
"docker context ls" shows which contexts there are;
choose another one, or set DOCKER_HOST to a daemon's address, and start again.`)
  return { address: parseHost(endpoint, undefined), origin }
}

/** Where daemons listen when nobody says otherwise: rootful, rootless, Docker Desktop. */
export function usualAddresses(env: NodeJS.ProcessEnv): NamedAddress[] {
  const runtimeDir = env['XDG_RUNTIME_DIR']
  const home = env['HOME'] ?? homedir()
  const sockets = [DEFAULT_SOCKET, ...(runtimeDir ? [`${runtimeDir}/docker.sock`] : []), `${home}/.docker/run/docker.sock`]
  return sockets.map((socketPath) => ({ address: { kind: 'socket', socketPath }, origin: socketPath }))
}

export const DEFAULT_SOCKET = '/var/run/docker.sock'

/** An address as in `DOCKER_HOST`; port 2375 without and 2376 with TLS when it names none. Throws when it is no such address. */
export function parseHost(text: string, tls: TlsFiles | undefined): DockerAddress {
  const host = readHost(text)
  if (host === null) {
    throw new Error(`"${text}" is no Docker address that galaxy can use.
It must be ${DOCKER_HOSTS}.
Set DOCKER_HOST to such a one, and start again.`)
  }
  return host.kind === 'socket' ? host : { ...host, port: host.port ?? (tls ? 2376 : 2375), tls }
}

/** What a ping found out; `denied` is a daemon that we may not talk to. */
export type PingResult = 'answers' | 'denied' | 'silent'

const PING_TIMEOUT_MS = 3_000

/** `GET /_ping` (Docker Engine API). Never throws. */
export function ping(address: DockerAddress, signal: AbortSignal): Promise<PingResult> {
  return new Promise((resolve) => {
    const deadline = AbortSignal.any([signal, AbortSignal.timeout(PING_TIMEOUT_MS)])
    const options = { path: '/_ping', signal: deadline, agent: false }
    const call =
      address.kind === 'socket'
        ? request({ ...options, socketPath: address.socketPath })
        : address.tls
          ? requestTls({ ...options, host: address.host, port: address.port, ...address.tls })
          : request({ ...options, host: address.host, port: address.port })
    call.on('response', (response) => {
      response.resume()
      resolve(response.statusCode === 200 ? 'answers' : 'silent')
    })
    call.on('error', (error) => resolve('code' in error && error.code === 'EACCES' ? 'denied' : 'silent'))
    call.end()
  })
}

async function tlsFiles(env: NodeJS.ProcessEnv): Promise<TlsFiles | undefined> {
  if (!env['DOCKER_TLS_VERIFY']) return undefined
  const folder = env['DOCKER_CERT_PATH'] ?? path.join(env['HOME'] ?? homedir(), '.docker')
  const read = (name: string) => readFile(path.join(folder, name), 'utf8')
  const [ca, cert, key] = await Promise.all([read('ca.pem'), read('cert.pem'), read('key.pem')])
  return { ca, cert, key }
}

async function currentContext(folder: string): Promise<string | undefined> {
  const context = property(await readJson(path.join(folder, 'config.json')), 'currentContext')
  return typeof context === 'string' ? context : undefined
}

/** The client keeps a context's address in a folder named by the SHA-256 of its name. */
async function contextHost(folder: string, context: string): Promise<string | undefined> {
  const digest = createHash('sha256').update(context).digest('hex')
  const meta = await readJson(path.join(folder, 'contexts', 'meta', digest, 'meta.json'))
  const host = property(property(property(meta, 'Endpoints'), 'docker'), 'Host')
  return typeof host === 'string' ? host : undefined
}

async function readJson(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8'))
  } catch {
    return undefined
  }
}

function property(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
}
