import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { readCredentials } from '../../../src/docker/credentials.ts'
import { never } from './fake-daemon.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'credentials-'))
  vi.stubEnv('PATH', `${folder}:${process.env['PATH']}`)
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await rm(folder, { recursive: true })
})

async function configure(config: object): Promise<void> {
  await writeFile(path.join(folder, 'config.json'), JSON.stringify(config))
}

async function addHelper(name: string, script: string): Promise<void> {
  const file = path.join(folder, `docker-credential-${name}`)
  await writeFile(file, `#!/bin/sh\n${script}\n`)
  await chmod(file, 0o755)
}

describe("credentials from Docker's configuration", () => {
  it('are none without a file, or without an entry for the registry', async () => {
    expect(await readCredentials(folder, 'registry.example', never)).toBeNull()
    await configure({ auths: { 'other.example': { auth: 'eDp5' } } })
    expect(await readCredentials(folder, 'registry.example', never)).toBeNull()
  })

  it('are found under a plain host or an address', async () => {
    await configure({
      auths: { 'https://registry.example/v1/': { auth: Buffer.from('u:p').toString('base64') }, 'tokens.example': { identitytoken: 't' } },
    })
    expect(await readCredentials(folder, 'registry.example', never)).toEqual({
      username: 'u',
      password: 'p',
      serveraddress: 'registry.example',
    })
    expect(await readCredentials(folder, 'tokens.example', never)).toEqual({ identitytoken: 't', serveraddress: 'tokens.example' })
  })

  it('come from the helper of the registry', async () => {
    await configure({ credHelpers: { 'registry.example': 'mine' } })
    await addHelper('mine', 'read server; echo "{\\"ServerURL\\":\\"$server\\",\\"Username\\":\\"u\\",\\"Secret\\":\\"$server\\"}"')
    expect(await readCredentials(folder, 'registry.example', never)).toEqual({
      username: 'u',
      password: 'registry.example',
      serveraddress: 'registry.example',
    })
  })

  it('fall back to the entry when the store has none', async () => {
    await configure({ credsStore: 'empty', auths: { 'registry.example': { auth: Buffer.from('u:p').toString('base64') } } })
    await addHelper('empty', 'echo "credentials not found in native keychain"; exit 1')
    expect(await readCredentials(folder, 'registry.example', never)).toMatchObject({ username: 'u' })
  })

  it('that a missing helper holds are a clear error', async () => {
    await configure({ credsStore: 'absent' })
    await expect(readCredentials(folder, 'registry.example', never)).rejects.toThrow(/docker-credential-absent/)
  })

  it('in a broken file are an error that quotes none of it', async () => {
    await writeFile(path.join(folder, 'config.json'), '{"auths": {"x": {"auth": "c2VjcmV0"')
    await expect(readCredentials(folder, 'x', never)).rejects.toThrow(/^(?!.*c2VjcmV0).*config\.json can't be read/)
  })
})
