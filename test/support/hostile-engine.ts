// An engine that lies, run in a container of its own: it plays a game of nothing but a turn number, which is on disk, and
// answers as LIE says. Nothing of ours is imported; the image holds this file alone.
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer, type ServerResponse } from 'node:http'

/** How the answer to a turn is not what it should be; `state` and `init` are of the answers to those. */
export type Lie =
  | 'backwards'
  | 'huge'
  | 'redirect'
  | 'wrong number'
  | 'trickle'
  | 'cut'
  | 'deep'
  | 'strange players'
  | 'init never'
  | 'init refused'
  | 'status redirect'

interface State {
  readonly turn: number
  readonly races: readonly string[]
  /** Turn numbers as they were computed, to be read by the test. */
  readonly computed: readonly number[]
}

const lie = (process.env['LIE'] ?? '') as Lie // the tests' own word
const file = `${process.env['GAME_STATE_PATH'] ?? '/tmp'}/hostile.json`

let state: State | null = read()

createServer((request, response) => {
  let body = ''
  request.on('data', (chunk: Buffer) => (body += chunk.toString()))
  request.on('end', () => answer(request.url ?? '', body, response))
}).listen(8080)
process.once('SIGTERM', () => process.exit(0))

function answer(url: string, body: string, response: ServerResponse): void {
  if (url === '/healthz') return send(response, 200, {})
  if (url === '/api/v1/admin/init') return init(body, response)
  if (state === null) return send(response, 409, { error: { code: 'not_initialised', message: 'no game' } })
  if (url === '/computed') return send(response, 200, state.computed)
  if (url === '/api/v1/admin/turn') return turn(state, (JSON.parse(body) as { turn: number }).turn, response)
  if (lie === 'status redirect') return redirect(response)
  send(response, 200, lie === 'backwards' && state.turn > 1 ? { ...shown(state), turn: 0 } : shown(state))
}

function init(body: string, response: ServerResponse): void {
  if (lie === 'init never') return
  if (lie === 'init refused') return send(response, 500, { error: { code: 'broken', message: 'no \u001b[31mluck\u0000 today' } })
  const { races } = JSON.parse(body) as { races: { raceName: string }[] }
  state ??= { turn: 0, races: races.map(({ raceName }) => raceName), computed: [] }
  write(state)
  send(response, 200, shown(state))
}

function turn(before: State, number: number, response: ServerResponse): void {
  if (lie === 'redirect') return redirect(response)
  if (number === before.turn + 1) state = { ...before, turn: number, computed: [...before.computed, number] }
  const now = state ?? before
  write(now)
  const honest = shown(now)
  switch (lie) {
    case 'huge':
      return send(response, 200, { ...honest, map: 'x'.repeat(20_000_000) })
    case 'wrong number':
      return send(response, 200, { ...honest, turn: now.turn + 5 })
    case 'trickle':
      return trickle(response)
    case 'cut':
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' })
      response.write(JSON.stringify(honest))
      setTimeout(() => response.destroy(), 50)
      return
    case 'deep':
      response.end(`${'['.repeat(100_000)}${']'.repeat(100_000)}`)
      return
    case 'strange players':
      // Who plays whom has changed places.
      return send(response, 200, { ...honest, players: swapped(honest.players, now.turn) })
    default:
      return send(response, 200, now.turn > 1 && lie === 'backwards' ? { ...honest, turn: 0 } : honest)
  }
}

function shown({ turn, races }: State) {
  const players = races.map((raceName, index) => ({ id: idOf(index), raceName, planets: 1, population: 100 }))
  return { turn, finished: false, players }
}

function idOf(index: number): string {
  return `00000000-0000-4000-8000-0000000000${10 + index}`
}

function swapped<P extends { readonly id: string }>(players: readonly P[], by: number): readonly P[] {
  return players.map((player, index) => ({ ...player, id: idOf((index + by) % players.length) }))
}

function redirect(response: ServerResponse): void {
  response.writeHead(302, { location: 'http://127.0.0.1:1/elsewhere' }).end()
}

function trickle(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'application/json' })
  const timer = setInterval(() => response.write(' '), 100)
  response.on('close', () => clearInterval(timer))
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

function read(): State | null {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as State
  } catch {
    return null
  }
}

function write(to: State): void {
  writeFileSync(file, JSON.stringify(to))
}
