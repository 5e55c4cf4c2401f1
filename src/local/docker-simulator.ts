import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { type DockerAddress, parseHost, ping } from './docker-address.ts'
import type { OnProgress } from './progress.ts'

export interface DockerSimulatorOptions {
  /** Where it is to listen: `unix://` and an absolute path, whose folder is made. */
  readonly dockerHost: string | null
  readonly signal: AbortSignal
  /** Is told what the simulator has to say. */
  readonly onProgress: OnProgress
}

export interface DockerSimulator {
  readonly address: DockerAddress
  /** Aborted, with an Error as its reason, when the simulator ended without being stopped. */
  readonly ended: AbortSignal
  /** Ends it, and with it the simulated containers; the state they kept stays. */
  stop(): Promise<void>
}

/**
 * Starts the Docker simulator (docs/simulator.md) as a program of its own, in real time. It ends with this process, however
 * that ends, because its standard input does.
 *
 * @throws when its socket is taken or it does not start
 */
export async function startDockerSimulator({ dockerHost, signal, onProgress }: DockerSimulatorOptions): Promise<DockerSimulator> {
  const address = parseHost(dockerHost ?? '', undefined)
  if (address.kind !== 'socket') throw new TypeError(`the simulator listens on a unix socket, not at ${dockerHost}`)
  const { socketPath } = address
  await checkSocket(address, signal)
  await mkdir(path.dirname(socketPath), { recursive: true })
  const args = [PROGRAM, '--socket', socketPath, '--real-time', '--until-stdin-ends']
  // In a session of its own: Ctrl-C is for the controller, which still needs it.
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'pipe'], detached: true, env: {} })
  const said = createInterface({ input: child.stderr }).on('line', (line) => onProgress(`Docker simulator: ${line}`))
  child.stdin.on('error', () => undefined) // it has ended already
  const gone = new AbortController()
  try {
    await listening(child, signal)
  } catch (error) {
    child.kill('SIGKILL')
    throw error
  }
  child.once('exit', (code, name) =>
    gone.abort(new Error(`The Docker simulator ended unexpectedly (${name ?? code}), and the simulated containers with it.`)),
  )
  return {
    address,
    ended: gone.signal,
    stop: async () => {
      child.stdin.end()
      await waitForEnd(child)
      said.close()
    },
  }
}

/** Compiled where this is. */
const PROGRAM = fileURLToPath(new URL(`../../simulator/main${path.extname(import.meta.filename)}`, import.meta.url))

/** sockaddr_un has 104 bytes on macOS and 108 on Linux, the closing zero included. */
const MAX_SOCKET_BYTES = 103
const STOP_TIMEOUT_MS = 3_000

async function checkSocket(address: DockerAddress & { kind: 'socket' }, signal: AbortSignal): Promise<void> {
  const { socketPath } = address
  if (Buffer.byteLength(socketPath) > MAX_SOCKET_BYTES)
    throw new Error(
      `${socketPath} is too long for the path of a socket (at most ${MAX_SOCKET_BYTES} bytes): set GALAXY_DATA_DIR to a shorter one.`,
    )
  if ((await ping(address, signal)) === 'answers')
    throw new Error(`A Docker simulator answers at ${socketPath} already; it ends with the program that started it.`)
}

/** It says so in one line. */
async function listening(child: ChildProcess, signal: AbortSignal): Promise<void> {
  const ready = new Promise<void>((resolve) => child.stdout?.once('data', () => resolve()))
  const failed = once(child, 'exit', { signal }).then(([code]) => {
    throw new Error(`The Docker simulator does not start: it ended with ${String(code)}.`)
  })
  await Promise.race([ready, failed])
}

async function waitForEnd(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS)
  await once(child, 'exit')
  clearTimeout(timer)
}
