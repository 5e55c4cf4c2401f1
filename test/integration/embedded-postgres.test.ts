import { mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import pg from 'pg'
import { afterEach, describe, expect, inject, it } from 'vitest'
import { type EmbeddedPostgres, startEmbeddedPostgres, stopEmbeddedPostgres } from '../../src/local/embedded-postgres.ts'
import { commandLine, identifyProcess, waitForExit } from '../../src/local/process-identity.ts'
import { emptyDatabase } from '../support/postgres.ts'

const opened: EmbeddedPostgres[] = []

afterEach(async () => {
  await Promise.all(opened.splice(0).map((database) => database.stop()))
})

describe('the embedded database', () => {
  it('answers other programs by password, and only on loopback', async () => {
    const database = await start(newFolder())

    expect(await query(database.url, "SELECT current_setting('server_version_num')::int / 10000 AS v")).toEqual([{ v: 18 }])
    expect(await query(database.url, "SELECT current_setting('listen_addresses') AS v")).toEqual([{ v: '127.0.0.1' }])
    expect(await query(database.url, "SELECT current_setting('fsync') AS v")).toEqual([{ v: 'on' }])
    const withoutPassword = new URL(database.url)
    withoutPassword.password = 'wrong'
    await expect(query(withoutPassword.href, 'SELECT')).rejects.toThrow(/password authentication failed/)
  })

  it('keeps its password in a file that only its owner can read', async () => {
    const database = await start(newFolder())
    const { mode } = await stat(database.passwordFile)

    expect(mode & 0o777).toBe(0o600)
    expect(database.url).toContain(encodeURIComponent((await readFile(database.passwordFile, 'utf8')).trim()))
  })

  it('is in a session of its own, so that a Ctrl-C does not reach it', async () => {
    const { pid } = await start(newFolder())
    const [, , session] = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')[1]?.split(' ').slice(1) ?? []

    expect(session).toBe(String(pid))
  })

  it('row 44: reopens with everything committed after its process was killed -9', async () => {
    const folder = newFolder()
    const first = await start(folder)
    await query(first.url, 'CREATE TABLE kept AS SELECT generate_series(1, 1000) AS n')
    const identity = identifyProcess(first.pid)
    process.kill(first.pid, 'SIGKILL')
    if (identity) await waitForExit(identity, 5_000)

    const second = await start(folder)

    expect(second.startedByUs).toBe(true)
    expect(second.url).toBe(first.url)
    expect(await query(second.url, 'SELECT count(*)::int AS n FROM kept')).toEqual([{ n: 1000 }])
  })

  it('row 44: is used by a second start instead of being opened twice', async () => {
    const folder = newFolder()
    const starts = await Promise.all([start(folder), start(folder), start(folder)])

    expect(new Set(starts.map(({ url }) => url)).size).toBe(1)
    expect(starts.filter(({ startedByUs }) => startedByUs)).toHaveLength(1)
    for (const { url } of starts) expect(await query(url, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
  })

  it('starts over a lock file whose pid has become another program', async () => {
    const folder = newFolder()
    const first = await start(folder)
    const lockFile = path.join(first.dataDir, 'postgres', 'postmaster.pid')
    const lock = await readFile(lockFile, 'utf8')
    await first.stop()
    await writeFile(lockFile, lock.replace(String(first.pid), String(process.pid)))

    const second = await start(folder)

    expect(second.startedByUs).toBe(true)
    expect(commandLine(process.pid)).toBeDefined()
  })

  it('keeps its port, and takes another when that one is gone', async () => {
    const [folder, otherFolder] = [newFolder(), newFolder()]
    const first = await start(folder)
    await first.stop()
    const again = await start(folder)
    expect(again.port).toBe(first.port)
    await again.stop()
    const squatter = await start(otherFolder, first.port)
    expect(squatter.port).toBe(first.port)

    const moved = await start(folder)

    expect(moved.port).not.toBe(first.port)
    expect(await query(moved.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
  })

  it('is stopped by folder, also by another process than the one that started it', async () => {
    const folder = newFolder()
    const { pid } = await start(folder)
    const options = { dataDir: folder, instance: 'test', onProgress: () => {} }

    expect(await stopEmbeddedPostgres(options)).toBe(true)
    expect(identifyProcess(pid)).toBeUndefined()
    expect(await stopEmbeddedPostgres(options)).toBe(false)
  })

  it('says so when the files are of another major', async () => {
    const folder = newFolder()
    await mkdir(path.join(folder, 'postgres'), { recursive: true })
    await writeFile(path.join(folder, 'postgres', 'PG_VERSION'), '17\n')

    await expect(start(folder)).rejects.toThrow(/made by Postgres 17, and this is Postgres 18/)
  })
})

describe('a database of a test', () => {
  it('is gone once dropped', async () => {
    const database = await emptyDatabase(inject('postgresUrl'))
    expect(await query(database.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }])

    await database.drop()

    await expect(query(database.url, 'SELECT')).rejects.toThrow(/does not exist/)
  })
})

function newFolder(): string {
  return path.join(inject('runFolder'), crypto.randomUUID())
}

async function start(dataDir: string, port?: number): Promise<EmbeddedPostgres> {
  const signal = AbortSignal.timeout(20_000)
  const options = { dataDir, instance: 'test', signal, onProgress: () => {}, ...(port !== undefined && { port }) }
  const database = await startEmbeddedPostgres(options)
  opened.push(database)
  return database
}

async function query(url: string, text: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query(text)).rows
  } finally {
    await client.end()
  }
}
