import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { sql } from 'kysely'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { connectClient } from '../../src/cli/client.ts'
import { watchGames, type WatchOptions } from '../../src/cli/watch-games.ts'
import { recordedTerminal, type RecordedTerminal } from '../support/recorded-terminal.ts'
import { until } from '../support/until.ts'
import { type ApiUnderTest, gameBody, startApiUnderTest } from './api-server.ts'

let api: ApiUnderTest
const stops: (() => Promise<void>)[] = []
beforeEach(async () => {
  api = await startApiUnderTest()
  await put('a')
  await put('b')
})
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop()
  await api.stop()
})

const put = (name: string, spec: object = {}, labels: Readonly<Record<string, string>> = {}) =>
  api.call('PUT', `/api/v1/games/${name}`, gameBody(name, spec, labels))

/** Runs `galaxy get games -w` until the test ends. */
function start(
  options: Partial<WatchOptions> & { readonly names?: readonly string[]; readonly url?: string } = {},
  over: Partial<RecordedTerminal> = {},
) {
  const { names = [], output = 'table', selector = null, url = api.url, ...rest } = options
  const terminal = recordedTerminal(over)
  const abort = new AbortController()
  const ended = watchGames(terminal, connectClient({ ...api, url }), names, { output, selector, ...rest, signal: abort.signal })
  const outcome = ended.then(
    () => null,
    (error: unknown) => error,
  )
  stops.push(async () => {
    abort.abort()
    await outcome
  })
  return { terminal, outcome }
}

async function printed({ terminal }: { readonly terminal: RecordedTerminal }, text: string | RegExp): Promise<string> {
  return until(
    () => terminal.printed(),
    (all) => (typeof text === 'string' ? all.includes(text) : text.test(all)),
    `it prints ${String(text)}`,
  )
}

describe('galaxy get games -w', () => {
  it('prints a row for each game at first, then for each whose row changes, under the same head', async () => {
    const watching = start()
    await printed(watching, /^b .*$/m)
    await put('a', {}, { no: 'column' })
    await put('b', { state: 'Stopped', stopReason: 'cancelled' })
    const text = await printed(watching, /^b .* Stopped .*$/m)
    const lines = text.trimEnd().split('\n')
    expect(lines.map((line) => line.split(/ +/).slice(0, 3).join(' '))).toEqual([
      'NAME VERSION DESIRED',
      'a 1.0.0 Running',
      'b 1.0.0 Running',
      'b 1.0.0 Stopped',
    ])
    expect(new Set(lines.map((line) => line.search(/DESIRED|Running|Stopped/))).size).toBe(1)
  })

  it('tells of a game that is gone, and of one that no longer is what was selected', async () => {
    const watching = start({ selector: 'tier=free', output: 'name' })
    const rows = start({ fieldSelector: 'spec.state=Running' })
    await printed(rows, /^b .*$/m)
    await put('c', {}, { tier: 'free' })
    expect(await printed(watching, 'game/c\n')).toBe('game/c\n')
    await put('b', { state: 'Stopped', stopReason: 'cancelled' })
    await printed(rows, 'b   gone\n')
  })

  it('of one game tells of no other', async () => {
    const watching = start({ names: ['b'], output: 'json' })
    await printed(watching, '"b"')
    await put('a', { paused: true })
    await put('b', { paused: true })
    const text = await until(
      () => watching.terminal.printed(),
      (all) => all.split('\n').length === 3,
      'two lines',
    )
    expect(
      text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line).metadata.name),
    ).toEqual(['b', 'b'])
  })

  it('is redrawn in its own place on a terminal, no higher than it', async () => {
    const watching = start({}, { isStdoutTty: true, columns: 80, rows: 10 })
    await printed(watching, /^b .*$/m)
    for (let index = 0; index < 12; index += 1) await put(`game-${index}`)
    const text = await printed(watching, '… and 7 more')
    const frames = text.split('\u001b[J')
    expect(frames.length).toBeGreaterThan(1)
    expect(frames.at(-1)?.trimEnd().split('\n').length).toBeLessThanOrEqual(10)
    expect(text).toContain('\u001b[3A')
  })

  it('goes on where it was when the connection breaks', async () => {
    const between = await startBetween()
    const watching = start({ output: 'name', url: between.url })
    await printed(watching, 'game/b\n')
    between.cut()
    await put('c')
    await printed(watching, 'game/c\n')
    const text = watching.terminal.printed()
    expect(text).toContain('the watch broke off; going on\n')
    expect(text.split('game/a\n')).toHaveLength(2)
  })

  it('ends with the reason where it may not watch', async () => {
    const terminal = recordedTerminal()
    const client = connectClient({ url: api.url, token: `${api.token.slice(0, -1)}${api.token.endsWith('A') ? 'E' : 'A'}` })
    await expect(watchGames(terminal, client, [], { output: 'name', selector: null })).rejects.toThrow('the token is not known')
  })

  it('ends at once where nobody answers', async () => {
    const nobody = connectClient({ url: 'http://127.0.0.1:9', token: api.token })
    const watching = watchGames(recordedTerminal(), nobody, [], { output: 'name', selector: null })
    await expect(watching).rejects.toThrow('no controller answers at http://127.0.0.1:9')
  })

  it('lists again when nobody vouches any more for what was listed (S8)', async () => {
    await sql`INSERT INTO controller_leases VALUES ('default', 'test', 1, now() + interval '1 hour', now(), now(), interval '30 seconds')`.execute(
      api.pool.db,
    )
    await sql`UPDATE deployment SET instance = 'default'`.execute(api.pool.db)
    const watching = start({ output: 'json' })
    await printed(watching, '"fresh":true')
    await sql`UPDATE controller_leases SET observed_at = now() - interval '1 hour'`.execute(api.pool.db)
    await printed(watching, '"fresh":false')
  })
})

/** A program in between that cuts what goes through it. */
async function startBetween(): Promise<{ readonly url: string; cut(): void }> {
  const sockets = new Set<Socket>()
  const server = createServer((near) => {
    const far = connect(Number(new URL(api.url).port), '127.0.0.1')
    for (const socket of [near, far]) sockets.add(socket.on('error', () => undefined))
    near.pipe(far).pipe(near)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const cut = () => {
    for (const socket of sockets) socket.destroy()
    sockets.clear()
  }
  stops.push(async () => {
    server.close()
    cut()
  })
  // An address of a listening server on a port.
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}`, cut }
}
