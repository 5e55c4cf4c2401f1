import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { checkVersion } from '../../src/desired/version-admission.ts'
import { toVersion } from '../../src/desired/manifest/document.ts'
import { readCredentials } from '../../src/docker/credentials.ts'
import { fromModem } from '../../src/docker/errors.ts'
import { createLog } from '../../src/log.ts'

const HOSTILE = `\u001b[2J\u001b]0;owned\u0007\u009b31m\n{"level":"fatal"}\r\0\u202e${'x'.repeat(100_000)}`
const OBEYED = /[\p{Cc}\u2028-\u202e]/u

describe('what Docker passes on', () => {
  it.each([
    ['in its answer', { statusCode: 500, json: { message: HOSTILE } }],
    ['in a refused stream', Object.assign(new Error(`(HTTP code 500) server error - ${HOSTILE}`), { statusCode: 500 })],
    ['without an answer', new Error(HOSTILE)],
  ])('%s is cut to one printable line', (_, error) => {
    const { message } = fromModem(error, 'container_start')
    expect(message).toContain('xxx')
    expect(message.length).toBeLessThan(2_000)
    expect(message).not.toMatch(OBEYED)
  })
})

describe('the log', () => {
  it('holds nothing that a terminal obeys, in fields, their names and errors', () => {
    const lines: string[] = []
    const log = createLog('trace', { write: (line: string) => void lines.push(line) })
    log.warn({ error: HOSTILE, [HOSTILE.slice(0, 40)]: 1, err: new Error(HOSTILE, { cause: new Error(HOSTILE) }) }, 'event')
    expect(lines.join('').trimEnd()).not.toMatch(OBEYED)
  })

  it.each(['secret', 'secrets', 'registryAuth'])('hides a field %s', (key) => {
    const lines: string[] = []
    createLog('trace', { write: (line: string) => void lines.push(line) }).info({ [key]: 'hunter2', a: { [key]: ['hunter2'] } }, 'event')
    expect(lines.join('')).not.toContain('hunter2')
  })

  it.each(['p@hunter2', 'hunter2/x', 'hunter2@@', ':hunter2'])('hides the password %s of a URL in an error', (password) => {
    const lines: string[] = []
    const err = new Error(`connect postgres://u:${password}@host/db failed`)
    createLog('trace', { write: (line: string) => void lines.push(line) }).info({ err }, 'event')
    expect(lines.join('')).not.toContain('hunter2')
  })
})

describe('a credential helper', () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'security-'))
    await writeFile(path.join(folder, 'config.json'), '{"credsStore": "odd"}')
    vi.stubEnv('PATH', `${folder}:${process.env['PATH'] ?? ''}`)
  })
  afterAll(async () => {
    vi.unstubAllEnvs()
    await rm(folder, { recursive: true })
  })

  it.each(['hunter2 is no JSON', '{"Secret": "hunter2"', '{"Username": 1, "Secret": "hunter2"}'])(
    'that answers %s is not quoted',
    async (answer) => {
      const program = path.join(folder, 'docker-credential-odd')
      await writeFile(program, `#!/bin/sh\ncat >/dev/null\ncat <<'END'\n${answer}\nEND\n`)
      await chmod(program, 0o755)
      const reading = readCredentials(folder, 'registry.example', AbortSignal.timeout(5_000))
      await expect(reading).rejects.toThrow("can't be read")
      await expect(reading).rejects.not.toThrow('hunter2')
    },
  )
})

describe('an engine version', () => {
  it.each(['SYS_ADMIN', 'CAP_ALL', 'DAC_READ_SEARCH', 'NET_ADMIN'])('that asks for %s is refused at the door', (name) => {
    const policy = { imageTemplate: 'e:{version}', allowedRegistries: null }
    expect(checkVersion(toVersion({ version: '1.0.0', relax: { capAdd: [name] } }), policy)).toHaveLength(1)
  })
})
