import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'
import { messageOf } from '../model/errors.ts'

/** What goes into Docker's `X-Registry-Auth` header. */
export type RegistryAuth =
  | { readonly username: string; readonly password: string; readonly serveraddress: string }
  | { readonly identitytoken: string; readonly serveraddress: string }

/**
 * What is known for a registry; null when nothing is.
 * @param registry a reference's domain, e.g. `docker.io`
 */
export type ReadCredentials = (registry: string, signal: AbortSignal) => Promise<RegistryAuth | null>

/** Docker Hub's key in the configuration file, for historical reasons. */
const HUB_KEY = 'https://index.docker.io/v1/'
const HELPER_MS = 10_000

/**
 * Credentials for a registry from Docker's configuration file: its helper for that host, then its general store, then
 * `auths`. Null when there are none.
 *
 * @param configDir folder of Docker's `config.json`, usually `~/.docker`
 * @param registry a reference's domain, e.g. `docker.io`
 * @throws Error when the file or a helper can't be read
 */
export async function readCredentials(configDir: string, registry: string, signal: AbortSignal): Promise<RegistryAuth | null> {
  const config = await readConfig(path.join(configDir, 'config.json'))
  if (config === null) return null
  const server = registry === 'docker.io' ? HUB_KEY : registry
  const helper = config.credHelpers[server] ?? config.credHelpers[registry] ?? config.credsStore
  const found = helper === undefined ? null : await askHelper(helper, server, signal)
  return found ?? fromAuths(config, server)
}

const authShape = z.object({
  auth: z.string().optional(),
  username: z.string().optional(),
  password: z.string().optional(),
  identitytoken: z.string().optional(),
})
const configShape = z.object({
  auths: z.record(z.string(), authShape).default({}),
  credHelpers: z.record(z.string(), z.string()).default({}),
  credsStore: z.string().min(1).optional(),
})

async function readConfig(file: string): Promise<z.infer<typeof configShape> | null> {
  try {
    return configShape.parse(JSON.parse(await readFile(file, 'utf8')))
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    // Not the cause itself: a parser's message may quote a secret.
    // oxlint-disable-next-line preserve-caught-error
    throw new Error(`Docker's configuration file ${file} can't be read`)
  }
}

function fromAuths(config: z.infer<typeof configShape>, server: string): RegistryAuth | null {
  const entry = Object.entries(config.auths).find(([key]) => bareHost(key) === bareHost(server))?.[1]
  if (entry === undefined) return null
  if (entry.identitytoken) return { identitytoken: entry.identitytoken, serveraddress: server }
  const [username = entry.username ?? '', ...rest] = entry.auth ? Buffer.from(entry.auth, 'base64').toString('utf8').split(':') : []
  const password = rest.length > 0 ? rest.join(':') : (entry.password ?? '')
  return username === '' ? null : { username, password, serveraddress: server }
}

/** `https://registry.example/v1/` and `registry.example` are one registry. */
function bareHost(key: string): string {
  return key.replace(/^https?:\/\//, '').replace(/\/.*$/, '')
}

const answerShape = z.object({ Username: z.string(), Secret: z.string() })

async function askHelper(name: string, server: string, signal: AbortSignal): Promise<RegistryAuth | null> {
  if (!/^[\w.-]+$/.test(name)) throw new Error(`${JSON.stringify(name)} is no name of a Docker credential helper`)
  const output = await runHelper(`docker-credential-${name}`, server, signal)
  if (output === null) return null
  const { Username: username, Secret: secret } = readAnswer(name, output)
  return username === '<token>' ? { identitytoken: secret, serveraddress: server } : { username, password: secret, serveraddress: server }
}

function readAnswer(name: string, output: string): z.infer<typeof answerShape> {
  try {
    return answerShape.parse(JSON.parse(output))
  } catch {
    // Not the cause itself: a parser's message quotes what it read, which is a secret.
    throw new Error(`the answer of the credential helper docker-credential-${name} can't be read`)
  }
}

/** Null when the helper knows no credentials for the server. */
function runHelper(program: string, server: string, signal: AbortSignal): Promise<string | null> {
  return new Promise((resolve, reject) => {
    const child = execFile(program, ['get'], { signal, timeout: HELPER_MS, maxBuffer: 65_536 }, (error, stdout) => {
      if (error === null) resolve(stdout)
      else if (/credentials not found/i.test(stdout)) resolve(null)
      else reject(new Error(`the credential helper ${program} that Docker's configuration names failed: ${messageOf(error)}`))
    })
    // A helper that is missing or ends early closes its input; the callback tells.
    child.stdin?.on('error', () => undefined)
    child.stdin?.end(server)
  })
}
