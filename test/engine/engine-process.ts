import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { StateAnswer } from '../../engine/rules/state.ts'

export interface Answer<T = unknown> {
  readonly status: number
  readonly body: T
}

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly output: string
}

/** A real engine process on a port of its own. */
export interface EngineProcess {
  readonly url: string
  readonly get: (path: string) => Promise<Answer>
  readonly post: (path: string, body: unknown, headers?: Record<string, string>) => Promise<Answer>
  readonly init: (...races: string[]) => Promise<StateAnswer>
  readonly turn: (turn: number) => Promise<Answer>
  readonly status: () => Promise<StateAnswer>
  readonly kill: (signal: NodeJS.Signals) => Promise<Ended>
  readonly signal: (signal: NodeJS.Signals) => void
  readonly ended: Promise<Ended>
}

type Env = Readonly<Record<string, string>>

/** Folders and processes of one test; `dispose` ends and removes them all. */
export class EngineWorkshop {
  readonly #children: ChildProcess[] = []
  readonly #folders: string[] = []

  async stateFolder(): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), 'engine-'))
    this.#folders.push(folder)
    return folder
  }

  /** Resolves when the engine listens; rejects with its output when it ends before. */
  async start(statePath: string, env: Env = {}): Promise<EngineProcess> {
    const { child, ended } = this.#spawn(statePath, env)
    const port = await Promise.race([
      listeningPort(child),
      ended.then(({ code, output }) => {
        throw new Error(`engine ended with ${code}: ${output}`)
      }),
    ])
    return engineAt(`http://127.0.0.1:${port}`, child, ended)
  }

  /** For an engine that is expected not to come up. */
  runToEnd(statePath: string, env: Env = {}): Promise<Ended> {
    return this.#spawn(statePath, env).ended
  }

  async dispose(): Promise<void> {
    for (const child of this.#children) child.kill('SIGKILL')
    await Promise.all(this.#folders.map((folder) => rm(folder, { recursive: true, force: true })))
  }

  #spawn(statePath: string, env: Env): { child: ChildProcess; ended: Promise<Ended> } {
    const main = join(import.meta.dirname, '../../engine/main.ts')
    const child = spawn(process.execPath, [main], {
      env: { GAME_STATE_PATH: statePath, GALAXY_ENGINE_PORT: '0', GALAXY_ENGINE_HOST: '127.0.0.1', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#children.push(child)
    let output = ''
    child.stdout.on('data', (chunk) => (output += String(chunk)))
    child.stderr.on('data', (chunk) => (output += String(chunk)))
    const ended = new Promise<Ended>((resolve) => {
      child.once('close', (code, signal) => resolve({ code, signal, output }))
    })
    return { child, ended }
  }
}

function engineAt(url: string, child: ChildProcess, ended: Promise<Ended>): EngineProcess {
  const get = (path: string) => exchange(url + path, {})
  const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
    exchange(url + path, { method: 'POST', headers, body: typeof body === 'string' ? body : JSON.stringify(body) })
  return {
    url,
    get,
    post,
    ended,
    init: async (...races) => {
      const answer = await post('/api/v1/admin/init', { races: races.map((raceName) => ({ raceName })) })
      return stateOf(answer)
    },
    turn: (turn) => post('/api/v1/admin/turn', { turn }, { 'Idempotency-Key': `andromeda:1:${turn}` }),
    status: async () => stateOf(await get('/api/v1/admin/status')),
    signal: (signal) => void child.kill(signal),
    kill: (signal) => {
      child.kill(signal)
      return ended
    },
  }
}

/** Also checks that the answer is no refusal. */
export function stateOf(answer: Answer): StateAnswer {
  if (answer.status !== 200) throw new Error(`refused: ${JSON.stringify(answer)}`)
  // The OpenAPI test holds the engine to this shape.
  return answer.body as StateAnswer
}

async function exchange(url: string, init: RequestInit): Promise<Answer> {
  const response = await fetch(url, { ...init, signal: AbortSignal.timeout(5000) })
  return { status: response.status, body: await response.json() }
}

function listeningPort(child: ChildProcess): Promise<number> {
  const { stdout } = child
  if (stdout === null) throw new Error('no output to read')
  return new Promise((resolve) => {
    createInterface({ input: stdout }).on('line', (line) => {
      const port = /"event":"engine is up".*"port":(\d+)/.exec(line)?.[1]
      if (port !== undefined) resolve(Number(port))
    })
  })
}
