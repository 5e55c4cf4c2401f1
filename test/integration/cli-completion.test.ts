import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { galaxy } from '../support/galaxy.ts'
import { type ApiUnderTest, gameBody, startApiUnderTest } from './api-server.ts'

const PROGRAM = fileURLToPath(new URL('../../bin/galaxy.mjs', import.meta.url))
const ZSH = ['/usr/bin/zsh', '/bin/zsh'].find(existsSync)

let api: ApiUnderTest
let folder: string
let env: NodeJS.ProcessEnv

beforeAll(async () => {
  api = await startApiUnderTest()
  for (const name of ['andromeda', 'antlia', 'pegasus']) await api.call('PUT', `/api/v1/games/${name}`, gameBody(name))
  folder = await mkdtemp(path.join(inject('runFolder'), 'completion-'))
  const bin = path.join(folder, 'bin')
  await mkdir(bin)
  await writeFile(path.join(bin, 'galaxy'), `#!/bin/sh\nexec '${process.execPath}' '${PROGRAM}' "$@"\n`, { mode: 0o755 })
  await writeFile(path.join(folder, 'a manifest.yaml'), '')
  env = {
    PATH: `${bin}:/usr/bin:/bin`,
    HOME: folder,
    GALAXY_API_URL: api.url,
    GALAXY_TOKEN: api.token,
  }
})
afterAll(() => api.stop())

const run = promisify(execFile)

describe('galaxy completion bash, in bash', () => {
  it.each([
    ['galaxy get games an', 'andromeda antlia'],
    ['galaxy get games --output=', 'table wide json yaml name'],
    ['galaxy wait andromeda --for=condition=A', 'Accepted'],
    ['galaxy logs game/peg', 'game/pegasus'],
    ['galaxy patch andromeda --to ', '1.0.0 1.0.1'],
    ['galaxy apply -f a', 'a manifest.yaml'],
    ['g desc', 'describe'],
  ])('%s', async (line, expected) => {
    // On a busy machine a controller may not answer within the time that somebody waits for a Tab.
    await expect.poll(() => inBash(line)).toBe(expected)
  })

  it('is quiet where no controller answers', async () => {
    expect(await inBash('galaxy get games an', { GALAXY_API_URL: 'http://127.0.0.1:1' })).toBe('')
  })
})

/** What bash would offer: as it breaks the line into words, with the alias `g` for `galaxy`. */
async function inBash(line: string, over: NodeJS.ProcessEnv = {}): Promise<string> {
  const words = line.split(/(=)|\s/).filter((word) => word !== undefined && word !== '')
  const isOpen = line.endsWith(' ')
  const script = `
    shopt -s expand_aliases
    alias g=galaxy
    source <(galaxy completion bash)
    COMP_LINE=$1 COMP_POINT=\${#1} COMP_WORDS=("\${@:2}") COMP_CWORD=$(( $# - 2 ))
    _galaxy_complete
    echo "\${COMPREPLY[*]}"`
  const args = ['--norc', '-c', script, 'bash', line, ...words, ...(isOpen ? [''] : [])]
  const { stdout, stderr } = await run('bash', args, { env: { ...env, ...over }, cwd: folder })
  expect(stderr).toBe('')
  return stdout.trim()
}

describe.skipIf(ZSH === undefined)('galaxy completion zsh, in zsh (skipped where there is none)', () => {
  it('offers names with what is known of them', async () => {
    const script = `
      compdef() { :; }
      source <(galaxy completion zsh)
      _describe() { print -l -- "\${(@P)2}" }
      _files() { print files }
      words=(galaxy get games an) CURRENT=4; _galaxy
      words=(galaxy apply -f '') CURRENT=4; _galaxy`
    const inZsh = () => run(ZSH ?? '', ['-f', '-c', script], { env, cwd: folder })
    await expect.poll(inZsh).toEqual({ stdout: 'andromeda:\nantlia:\nfiles\n', stderr: '' })
  })
})

it('is only for shells that it knows', async () => {
  expect(await galaxy(['completion', 'fish'], {}, '/')).toMatchObject({ code: 2, stderr: expect.stringContaining('bash, zsh') })
})
