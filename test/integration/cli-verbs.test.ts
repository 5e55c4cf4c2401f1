import { mkdtemp, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { connectClient } from '../../src/cli/client.ts'
import { watchOperations } from '../../src/cli/watch-log.ts'
import type { Orphan } from '../../src/model/orphan.ts'
import { type CliAnswer, galaxy } from '../support/galaxy.ts'
import { recordedTerminal } from '../support/recorded-terminal.ts'
import { until } from '../support/until.ts'
import { type ApiUnderTest, gameBody, startApiUnderTest } from './api-server.ts'

let api: ApiUnderTest
let folder: string

beforeAll(async () => {
  api = await startApiUnderTest()
  for (const name of ['a', 'b', 'game'])
    await api.call('PUT', `/api/v1/games/${name}`, gameBody(name, {}, { set: name === 'game' ? 'odd' : 'even' }))
  folder = await mkdtemp(path.join(inject('runFolder'), 'verbs-'))
  const version = { apiVersion: 'galaxy.dev/v1alpha1', kind: 'EngineVersion', metadata: { name: 'v' }, spec: { version: '1.0.1' } }
  await writeFile(path.join(folder, 'two.yaml'), `${JSON.stringify(version)}\n---\n${JSON.stringify(gameBody('b', {}, { set: 'even' }))}\n`)
})
afterAll(() => api.stop())

const run = (...args: readonly string[]): Promise<CliAnswer> => galaxy(args, { GALAXY_API_URL: api.url, GALAXY_TOKEN: api.token }, folder)

describe('what somebody types who knows kubectl and docker', () => {
  it.each([
    ['get games -o name', 'game/a\ngame/b\ngame/game\n'],
    ['get game -o name', 'game/a\ngame/b\ngame/game\n'],
    ['get game a b -o name', 'game/a\ngame/b\n'],
    ['get game/a game/b -o name', 'game/a\ngame/b\n'],
    ['get game/game -o name', 'game/game\n'],
    ['get games -l set=odd -o name', 'game/game\n'],
    ['get version/1.0.0 -o name', 'version/galaxy/1.0.0\n'],
    ['get version/galaxy/1.0.0 -o name', 'version/galaxy/1.0.0\n'],
    ['get tokens', ''],
    ['get events game/a', ''],
    ['get ops game/a', ''],
    ['apply -f two.yaml -o name --dry-run', 'engineversion/galaxy/1.0.1\ngame/b\n'],
    [
      'delete game a b --dry-run',
      'game/a would be deleted, its state is kept (dry run)\ngame/b would be deleted, its state is kept (dry run)\n',
    ],
    ['delete game/a --dry-run', 'game/a would be deleted, its state is kept (dry run)\n'],
    ['delete games -l set=odd --dry-run', 'game/game would be deleted, its state is kept (dry run)\n'],
    ['delete version 1.0.1 --dry-run', 'version/galaxy/1.0.1 would be deleted (dry run)\n'],
    ['stop -l set=odd --reason timeout --dry-run -o name', 'game/game\n'],
    ['restart a game/b --dry-run -o name', 'game/a\ngame/b\n'],
    ['pause game game --dry-run -o name', 'game/game\n'],
    ['version', 'galaxy 0.1.0\n'],
    ['top -o json', '{\n  "kind": "TopList",\n  "items": []\n}\n'],
    ['prune --dry-run', 'nothing waits to be deleted\n'],
  ])('galaxy %s', async (line, stdout) => {
    expect(await run(...line.split(' '))).toMatchObject({ code: 0, stdout })
  })

  it('deletes what manifests name, games before versions', async () => {
    expect((await run('delete', '-f', 'two.yaml', '--dry-run')).stdout).toBe(
      'game/b would be deleted, its state is kept (dry run)\nversion/galaxy/1.0.1 would be deleted (dry run)\n',
    )
  })

  it('prints one thing as one object, several as a list', async () => {
    expect(JSON.parse((await run('get', 'game', 'a', '-o', 'json')).stdout)).toMatchObject({ kind: 'Game' })
    expect(JSON.parse((await run('pause', 'a', '--dry-run', '-o', 'json')).stdout)).toMatchObject({ kind: 'DryRun', game: 'a' })
    expect(JSON.parse((await run('pause', 'a', 'b', '--dry-run', '-o', 'json')).stdout)).toMatchObject({
      items: [{ game: 'a' }, { game: 'b' }],
    })
  })

  it.each([
    ['get pods', 2, 'It is none of games, versions, operations, orphans'],
    ['get game nowhere', 1, 'there is no game nowhere; galaxy get games lists them'],
    ['describe game a nowhere', 1, 'galaxy get games lists them'],
    ['describe operation', 2, 'galaxy get operations lists them'],
    ['describe game', 2, 'name games, or select them with -l; galaxy get games lists them'],
    ['get versions 9.9.9', 1, 'there is no engine version 9.9.9; galaxy get versions lists them'],
    ['get versions -l a=b', 2, 'only games are selected with -l'],
    ['get images -w', 2, "images can't be watched; only games, operations, turns can"],
    ['restart', 2, 'name games, or select them with -l'],
    ['restart a -l x=y', 2, 'name games or select them, not both'],
    ['pause -l set=none', 1, 'no games found; galaxy get games lists them'],
    ['pause nowhere a --dry-run', 1, 'there is no game nowhere'],
    ['start nowhere', 1, 'there is no game nowhere; name a version or an image to make it'],
    ['delete', 2, 'galaxy delete game NAME, or galaxy delete -f FILE'],
    ['delete version', 2, 'galaxy get versions lists them'],
    ['explain a b', 2, 'name one game'],
    ['outbox replay', 2, 'galaxy outbox list shows them'],
    ['token revoke nobody', 1, 'there is no token nobody; galaxy token list shows them'],
    ['gte games', 2, 'Did you mean get?'],
    ['get games --ouput json', 2, 'Did you mean --output?'],
  ])('galaxy %s ends with %d, and says what to type', async (line, code, told) => {
    expect(await run(...line.split(' '))).toMatchObject({ code, stderr: expect.stringContaining(told) })
  })

  it('goes on with the others where one of several is refused', async () => {
    const { code, stdout } = await run('pause', 'nowhere', 'a', '--dry-run', '-o', 'name')
    expect([code, stdout]).toEqual([1, 'game/a\n'])
  })

  it('is told of containers that are left alone where games are listed, and not where it asks for one', async () => {
    api.view.orphanage = [ORPHAN, { ...ORPHAN, container: 'theirs', deployment: 'other', adoption: 'with_deployment' }]
    expect((await run('get', 'games')).stderr).toBe('1 container with our labels is left alone: galaxy get orphans\n')
    expect((await run('get', 'games', 'a')).stderr).toBe('')
    expect((await run('get', 'orphans', 'x', '-o', 'name')).stdout).toBe('orphan/x\norphan/x\n')
    api.view.leads = false
    expect(await run('get', 'games')).toMatchObject({ code: 0, stderr: '' })
    expect(await run('get', 'orphans')).toMatchObject({ code: 1, stderr: expect.stringContaining('standby') })
    api.view.leads = true
    api.view.orphanage = []
  })
})

const ORPHAN: Orphan = {
  game: 'x',
  container: 'galaxy-game-x',
  containerId: 'c'.repeat(64),
  state: 'exited',
  deployment: null,
  engine: null,
  engineVersion: null,
  image: 'engine:1',
  stateFolder: null,
  adoption: 'on_request',
  why: 'it does not run (exited); it would be started',
}

describe('galaxy get operations -w', () => {
  it.each([
    ['line by line where there is no terminal', false],
    ['in its place on a terminal, the newest first', true],
  ])('shows what comes, %s', async (_where, isStdoutTty) => {
    const terminal = recordedTerminal({ isStdoutTty, columns: isStdoutTty ? 200 : null })
    const abort = new AbortController()
    const watching = watchOperations(terminal, connectClient(api), ['a'], { output: 'table', limit: 20, signal: abort.signal })
    await until(
      () => terminal.printed(),
      (text) => text.includes(isStdoutTty ? 'no operations found' : 'OPERATION') || /(restart|pause) /.test(text),
      'it has begun',
    )
    await run('restart', 'b')
    await run(isStdoutTty ? 'pause' : 'restart', 'a')
    const text = await until(
      () => terminal.printed(),
      (all) => all.includes(isStdoutTty ? ' pause ' : ' restart '),
      'it shows the operation',
    )
    abort.abort()
    await watching
    expect(text.replaceAll('\u001b[?7l', '')).toMatch(/^ID +GAME +OPERATION/m)
    expect(text).not.toMatch(/ b +restart/)
    if (isStdoutTty) expect(text.lastIndexOf(' pause ')).toBeLessThan(text.lastIndexOf(' restart '))
  })
})
