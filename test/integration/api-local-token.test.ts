import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { type ApiAddress, addressFile, readAddress } from '../../src/api/address-file.ts'
import { runController } from '../../src/app.ts'
import { loadConfig } from '../../src/config.ts'
import { createLog } from '../../src/log.ts'
import { galaxy } from '../support/galaxy.ts'
import { type FreshDatabase, freshDatabase } from '../support/postgres.ts'

let database: FreshDatabase
let dataDir: string
beforeAll(async () => {
  database = await freshDatabase(inject('postgresUrl'))
  dataDir = await mkdtemp(path.join(tmpdir(), 'galaxy-local-'))
})
afterAll(async () => {
  await rm(dataDir, { recursive: true })
  await database.drop()
})

describe('the local token', () => {
  it('is an admin’s, lies where the command line finds it, and opens nothing after the next start', async () => {
    const first = await start()
    expect((await stat(addressFile(dataDir))).mode & 0o777).toBe(0o600)
    expect(await readAddress(dataDir)).toEqual(first.address)
    expect(await galaxy(['token', 'create', 'lasting', '--role', 'viewer'], { GALAXY_DATA_DIR: dataDir }, dataDir)).toMatchObject({
      code: 0,
    })
    await first.stop()

    const second = await start()
    expect(await statusWith(second.address, first.address.token)).toBe(401)
    expect(await statusWith(second.address, second.address.token)).toBe(200)
    const { stdout } = await galaxy(['token', 'list', '-o', 'name'], { GALAXY_DATA_DIR: dataDir }, dataDir)
    expect(stdout).toBe('token/lasting\n')
    await second.stop()
  })
})

/** A controller whose Docker is away: its API serves all the same. */
async function start(): Promise<{ readonly address: ApiAddress; stop(): Promise<void> }> {
  const env = { GALAXY_DATABASE_URL: database.url, GALAXY_DATA_DIR: dataDir, GALAXY_API_PORT: '0' }
  const { config } = loadConfig({ env, cwd: dataDir })
  const stopping = new AbortController()
  const ready = Promise.withResolvers<ApiAddress>()
  const ended = runController(config, {
    signal: stopping.signal,
    log: createLog('silent'),
    docker: { kind: 'socket', socketPath: path.join(dataDir, 'no-docker.sock') },
    onReady: ready.resolve,
  })
  ended.catch(ready.reject)
  const stop = (): Promise<void> => {
    stopping.abort()
    return ended
  }
  return { address: await ready.promise, stop }
}

async function statusWith({ url }: ApiAddress, token: string): Promise<number> {
  return (await fetch(`${url}/api/v1/games`, { headers: { authorization: `Bearer ${token}` } })).status
}
