import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { type IncomingMessage, request } from 'node:http'
import path from 'node:path'
import { json } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { IDLE_IMAGE } from './idle-image.ts'

const MAIN = fileURLToPath(new URL('../../simulator/main.ts', import.meta.url))

/** A Docker simulator as a process of its own. */
export interface SimulatorProcess {
  readonly socketPath: string
  /** A human's hand: its calls are told apart in the history, and no fault strikes them. */
  readonly controlPath: string
  /** Asks the simulator itself: `GET history`, `POST rules`, … (docs/simulator.md). */
  control(method: 'GET' | 'POST' | 'DELETE', topic: string, body?: unknown): Promise<unknown>
  stop(): Promise<void>
}

/** @param setup as the simulator's `--setup` file */
export async function startSimulatorProcess(folder: string, setup: object, ...options: readonly string[]): Promise<SimulatorProcess> {
  const own = await mkdtemp(path.join(folder, 'simulator-'))
  const [socketPath, controlPath, file] = ['docker.sock', 'control.sock', 'setup.json'].map((leaf) => path.join(own, leaf)) as [
    string,
    string,
    string,
  ] // three in, three out
  await writeFile(file, JSON.stringify(setup))
  const child = spawn(process.execPath, [MAIN, '--socket', socketPath, '--control', controlPath, '--setup', file, ...options], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await listening(child)
  return {
    socketPath,
    controlPath,
    control: (method, topic, body) => ask(controlPath, method, topic, body),
    stop: async () => {
      child.kill('SIGTERM')
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
      await rm(own, { recursive: true, force: true })
    },
  }
}

function listening(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    child.stdout?.on('data', (chunk: Buffer) => {
      if (chunk.toString().includes('listening on')) resolve()
    })
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`the simulator ended with ${code}`)))
  })
}

async function ask(socketPath: string, method: string, topic: string, body: unknown): Promise<unknown> {
  const headers = { 'content-type': 'application/json' }
  const call = request({ socketPath, method, path: `/_simulator/${topic}`, headers })
  call.end(body === undefined ? undefined : JSON.stringify(body))
  const [response] = (await once(call, 'response')) as [IncomingMessage] // Node's event
  const answer = await json(response)
  if (response.statusCode === 200) return answer
  throw new Error(`${method} ${topic}: ${response.statusCode} ${JSON.stringify(answer)}`)
}

/** The images of the contract suite: what their programs do there, as data here. */
export function contractImages(shellImage: string): readonly object[] {
  const labels = { 'com.galaxy.test_image': IDLE_IMAGE }
  const config = { ExposedPorts: { '8080/tcp': {} }, Labels: labels }
  return [
    {
      reference: IDLE_IMAGE,
      config: { ...config, Entrypoint: ['/bin/busybox', 'httpd', '-f'] },
      behaviour: { serves: { kind: 'health' } },
    },
    {
      reference: shellImage,
      config: { ...config, Entrypoint: ['/bin/busybox'] },
      commands: [
        { contains: 'trap "" TERM', behaviour: { onTerm: { kind: 'ignores' } } },
        { contains: 'exit 3', behaviour: { ends: { kind: 'exits', afterMs: 5, exitCode: 3 } } },
        { contains: 'exit 1', behaviour: { ends: { kind: 'exits', afterMs: 5, exitCode: 1 } } },
        { contains: 'tail /dev/zero', behaviour: { ends: { kind: 'oom', afterMs: 1_000 } } },
        {
          contains: 'echo turn > "$GAME_STATE_PATH/turn"',
          behaviour: { writes: { '/var/lib/galaxy-game/turn': 'turn\n' }, ends: { kind: 'exits', afterMs: 5, exitCode: 0 } },
        },
      ],
    },
  ]
}
