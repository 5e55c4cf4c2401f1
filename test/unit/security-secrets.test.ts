import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadConfig } from '../../src/config.ts'
import { effectiveSettings } from '../../src/config/report.ts'
import { createLog } from '../../src/log.ts'

const SECRET = 'hunter2'
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'security-'))
})
afterAll(() => rm(folder, { recursive: true }))

/** Everything that is said of a configuration: the report, or the problems with their warnings. */
function said(env: Readonly<Record<string, string>> = {}): string {
  try {
    const loaded = loadConfig({ env, cwd: folder })
    return JSON.stringify([effectiveSettings(loaded), loaded.warnings])
  } catch (error) {
    expect(error).toMatchObject({ name: 'ConfigError' })
    return String(error)
  }
}

describe('a secret in the environment', () => {
  it.each([
    ['GALAXY_DATABASE_URL', `postgres://u:${SECRET}@h/d`],
    ['GALAXY_DATABASE_URL', `mysql://u:${SECRET}@h/d`],
    ['GALAXY_DATABASE_URL', SECRET],
    ['GALAXY_WEBHOOK_URL', `https://h/${SECRET}`],
    ['GALAXY_WEBHOOK_URL', SECRET],
    ['GALAXY_WEBHOOK_SECRET', SECRET],
    ['GALAXY_WEBHOOK_SECRET', `${SECRET},old-${SECRET}`],
    ['GALAXY_LOBBY_URL', `http://u:${SECRET}@h/`],
    ['GALAXY_LOBBY_URL', `http://${SECRET}@h/`],
    ['GALAXY_LOBBY_URL', `ftp://u:${SECRET}@h/`],
    ['GALAXY_LOBBY_URL', `http://u:pa/ss${SECRET}@h/`],
    ['DOCKER_HOST', `tcp://u:${SECRET}@h:2375`],
    ['DOCKER_HOST', `ssh://u:${SECRET}@h`],
    ['GALAXY_DATABSE_URL', `postgres://u:${SECRET}@h/d`],
  ])('%s=%s is not told', (name, value) => {
    expect(said({ [name]: value })).not.toContain(SECRET)
  })
})

describe('a secret in galaxy.yaml', () => {
  it.each([
    `databaseUrl: postgres://u:${SECRET}@h/d`,
    `databaseUrl: postgres://u:${SECRET}@h: x`,
    `databaseUrl: *${SECRET}`,
    `databaseUrl: |${SECRET}\n  x`,
    `databaseUrl: "postgres://u:${SECRET}@h`,
    `databaseUrl: [${SECRET}`,
    `databaseUrl: \`${SECRET}`,
    `databaseUrl: !${SECRET} x`,
    `databaseURL: postgres://u:${SECRET}@h/d`,
    `postgres://u:${SECRET}@h/d`,
    `? {databaseUrl: ${SECRET}}\n: 1`,
    `webhook: ${SECRET}`,
    `webhook:\n  ${SECRET}`,
    `webhook:\n  - ${SECRET}`,
    `webhook: {secret: ${SECRET}}`,
    `webhook: {secrets: {a: ${SECRET}}}`,
    `webhook: {secrets: ${SECRET}, secrets: ${SECRET}}`,
    `lobbyUrl: ftp://u:${SECRET}@h`,
    `docker: {host: "tcp://u:${SECRET}@h:2375"}`,
    `- ${SECRET}`,
  ])('is not told, whatever is wrong with its place: %s', async (text) => {
    await writeFile(path.join(folder, 'galaxy.yaml'), `${text}\n`)
    expect(said()).not.toContain(SECRET)
    await rm(path.join(folder, 'galaxy.yaml'))
  })
})

describe('the log', () => {
  const logged = (fields: object) => {
    const lines: string[] = []
    createLog('trace', { write: (line: string) => void lines.push(line) }).info(fields, 'event')
    return lines
  }

  it.each(['password', 'token', 'localTokenHash', 'authorization', 'databaseUrl', 'connectionString'])('hides a field %s', (key) => {
    for (const fields of [{ [key]: SECRET }, { a: { [key]: SECRET } }, { a: { b: { [key]: SECRET } } }]) {
      expect(logged(fields).join('')).toContain('[hidden]')
      expect(logged(fields).join('')).not.toContain(SECRET)
    }
  })

  it('hides the password of a URL in an error', () => {
    const error = new Error(`connect postgres://u:${SECRET}@host/db failed`)
    expect(logged({ err: error }).join('')).not.toContain(SECRET)
  })

  it.each(['a\n{"level":"fatal","msg":"forged"}', 'a\r\nb', '","level":"fatal","x":"', 'a\0b', '\u001b[2J', '\\', '"'])(
    'keeps one line per event, whatever a text holds: %j',
    (text) => {
      for (const fields of [{ gameId: text }, { error: text }, { [text]: 1 }, { err: new Error(text) }]) {
        const [line = '', ...more] = logged(fields)
        expect(more).toEqual([])
        expect(line.indexOf('\n')).toBe(line.length - 1)
        expect(JSON.parse(line)).toMatchObject({ level: 'info', msg: 'event' })
        expect(line.trimEnd()).not.toMatch(/\p{Cc}/u)
      }
    },
  )
})
