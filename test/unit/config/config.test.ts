import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ConfigError, type ConfigInputs, loadConfig } from '../../../src/config.ts'
import { configurationTable, effectiveSettings } from '../../../src/config/report.ts'
import { parseDuration } from '../../../src/config/values.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'galaxy-config-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

function load(env: NodeJS.ProcessEnv = {}, yaml?: string, overrides: ConfigInputs['overrides'] = {}) {
  if (yaml !== undefined) writeFileSync(path.join(folder, 'galaxy.yaml'), yaml)
  return loadConfig({ env, cwd: folder, overrides })
}

function problemsOf(env: NodeJS.ProcessEnv, yaml?: string) {
  try {
    load(env, yaml)
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
  return []
}

describe('defaults', () => {
  it('need nothing to be set', () => {
    const { config, origins, warnings } = load()
    expect(config).toMatchObject({
      instance: 'default',
      dataDir: path.join(folder, '.galaxy'),
      databaseUrl: null,
      docker: { network: 'galaxy', createNetwork: false, logOptions: { 'max-size': '10m', 'max-file': '3' } },
      state: { root: path.join(folder, '.galaxy/games'), rootHost: path.join(folder, '.galaxy/games'), mode: 0o777, owner: null },
      defaults: { limits: { cpus: 1, memoryBytes: 256 * 1024 ** 2, pids: 128 } },
      api: { host: '127.0.0.1', port: 7420, allowOpen: false },
      timings: { gracePeriodMs: 10_000, leaseRenewMs: 1_500, cleanupTtlMs: 3_600_000, probeFailures: 3 },
    })
    expect(new Set(Object.values(origins))).toEqual(new Set(['default']))
    expect(warnings).toEqual([])
  })

  it('of one setting follow another', () => {
    const { config } = load({ GALAXY_INSTANCE: 'blue', GALAXY_STATE_ROOT: '/srv/games', GALAXY_STATE_OWNER: '1000:1000' })
    expect(config.docker.network).toBe('blue.galaxy')
    expect(config.state).toMatchObject({ root: '/srv/games', rootHost: '/srv/games', mode: 0o700, owner: { uid: 1000, gid: 1000 } })
  })

  it('are frozen to the last level', () => {
    const { config } = load()
    expect(Object.isFrozen(config)).toBe(true)
    expect(Object.isFrozen(config.timings)).toBe(true)
    expect(Object.isFrozen(config.defaults.limits)).toBe(true)
  })
})

describe('sources', () => {
  const yaml = 'workers: 4\ndocker:\n  network: from-file\n  logOptions: {max-size: 1m}\ntimings:\n  gracePeriod: 2s\n'

  it('win in the order override, environment, file, default, and are told', () => {
    const { config, origins } = load({ GALAXY_WORKERS: '6' }, yaml, { pulls: 3 })
    expect([config.pulls, config.workers, config.docker.network, config.timings.gracePeriodMs]).toEqual([3, 6, 'from-file', 2_000])
    expect(config.docker.logOptions).toEqual({ 'max-size': '1m' })
    expect([origins['pulls'], origins['workers'], origins['docker.network'], origins['api.port']]).toEqual([
      'command line',
      'env GALAXY_WORKERS',
      'galaxy.yaml:3',
      'default',
    ])
  })

  it('may hold a variable set to nothing, which counts as not set', () => {
    expect(load({ GALAXY_WORKERS: '' }).config.workers).toBe(8)
  })

  it('may be an empty file', () => {
    expect(load({}, '# nothing yet\n').config.workers).toBe(8)
  })
})

const UNKNOWN = 'GALAXY_WORKRS is no setting and is ignored; the nearest is GALAXY_WORKERS'

describe('a simulation', () => {
  const given = {
    GALAXY_SIMULATE: 'true',
    GALAXY_DATABASE_URL: 'postgres://real@db/real',
    GALAXY_STATE_ROOT: '/srv/games',
    GALAXY_DOCKER_NETWORK: 'real',
    GALAXY_WEBHOOK_URL: 'http://lobby/hook',
    GALAXY_WEBHOOK_SECRET: 's',
    GALAXY_LOBBY_URL: 'http://lobby',
    DOCKER_HOST: 'tcp://10.0.0.1:2375',
  }

  it('shares neither data nor daemon with a real deployment of the folder, and reaches nobody', () => {
    const { config, origins } = load(given)
    const own = path.join(folder, '.galaxy/simulated')
    expect(config).toMatchObject({
      simulate: true,
      instance: 'simulated',
      dataDir: own,
      databaseUrl: null,
      docker: { host: `unix://${own}/docker.sock`, network: 'simulated.galaxy', createNetwork: true },
      state: { root: `${own}/games`, rootHost: `${own}/games` },
      api: { port: 7421 },
      webhook: { receiver: null },
      lobbyUrl: null,
    })
    expect(origins).toMatchObject({ simulate: 'env GALAXY_SIMULATE', 'docker.host': 'simulation', 'manifests.dir': 'default' })
  })

  it('of a named instance is named after it, within the length of a name', () => {
    expect(load({ ...given, GALAXY_INSTANCE: 'red' }).config.instance).toBe('red-simulated')
    expect(load({ ...given, GALAXY_INSTANCE: 'x'.repeat(32) }).config.instance).toBe(`${'x'.repeat(22)}-simulated`)
  })

  it('keeps “any free port”', () => {
    expect(load({ ...given, GALAXY_API_PORT: '0' }).config.api.port).toBe(0)
  })
})

describe('problems', () => {
  it.each([
    ['GALAXY_INSTANCE', 'Blue'],
    ['GALAXY_DATABASE_URL', 'mysql://localhost/x'],
    ['DOCKER_HOST', 'foo'],
    ['DOCKER_HOST', 'localhost:2375'],
    ['DOCKER_HOST', 'unix://'],
    ['DOCKER_HOST', 'unix://docker.sock'],
    ['DOCKER_HOST', 'tcp://'],
    ['DOCKER_HOST', 'tcp://host:99999'],
    ['DOCKER_HOST', 'tcp://host:2375/below'],
    ['DOCKER_HOST', 'ssh://user@host'],
    ['DOCKER_HOST', 'npipe:////./pipe/docker_engine'],
    ['GALAXY_DOCKER_NETWORK', 'a b'],
    ['GALAXY_DOCKER_NETWORK_CREATE', 'yes'],
    ['GALAXY_DOCKER_LOG_OPTIONS', 'max-size'],
    ['GALAXY_PULL_POLICY', 'sometimes'],
    ['GALAXY_STATE_ROOT', 'relative/path'],
    ['GALAXY_STATE_OWNER', 'root:root'],
    ['GALAXY_STATE_MODE', '999'],
    ['GALAXY_IMAGE_TEMPLATE', 'engine:latest'],
    ['GALAXY_DEFAULT_CPUS', '0'],
    ['GALAXY_DEFAULT_MEMORY', 'lots'],
    ['GALAXY_DEFAULT_PIDS', '1.5'],
    ['GALAXY_API_PORT', '65536'],
    ['GALAXY_LOG_LEVEL', 'verbose'],
    ['GALAXY_GRACE_PERIOD', '10 parsecs'],
    ['GALAXY_RESYNC', '0'],
    ['GALAXY_LEASE', '-5s'],
    ['GALAXY_STALE_AFTER', '30d'],
    ['GALAXY_WORKERS', '0'],
    ['GALAXY_RETENTION_OPERATIONS_DAYS', 'forever'],
  ])('%s=%s is refused by name, with what is expected', (name, value) => {
    const [problem, ...more] = problemsOf({ [name]: value })
    expect(more).toEqual([])
    expect(problem).toMatchObject({ name, expected: expect.stringMatching(/./) })
  })

  it('are told all at once, from all sources, with their lines', () => {
    const found = problemsOf({ GALAXY_WORKERS: 'x', GALAXY_LEASE: '5q' }, 'pulls: many\ndocker:\n  netwrok: a\n')
    expect(found.map(({ name }) => name).toSorted()).toEqual([
      'GALAXY_LEASE',
      'GALAXY_WORKERS',
      'docker.netwrok (galaxy.yaml:3)',
      'pulls (galaxy.yaml:1)',
    ])
    expect(found.find(({ name }) => name.startsWith('docker.netwrok'))?.expected).toContain('docker.network')
  })

  it('never show a secret', () => {
    expect(JSON.stringify(problemsOf({ GALAXY_DATABASE_URL: 'mysql://galaxy:hunter2@localhost/x' }))).not.toContain('hunter2')
  })

  it('include a file that is no YAML, or names a setting twice', () => {
    expect(problemsOf({}, 'workers: [1\n')[0]).toMatchObject({ expected: 'valid YAML' })
    expect(problemsOf({}, 'workers: 1\nworkers: 2\n')[0]?.name).toBe('galaxy.yaml:2')
  })

  it('include two settings that contradict each other, beside whatever else is wrong', () => {
    expect(problemsOf({ GALAXY_LEASE: '2s' })[0]).toMatchObject({ name: 'GALAXY_LEASE_RENEW', found: '1500 ms' })
    expect(problemsOf({ GALAXY_LEASE: '2s' }, 'netwrok: a\n').map(({ name }) => name)).toEqual([
      'netwrok (galaxy.yaml:1)',
      'GALAXY_LEASE_RENEW',
    ])
  })

  it('leave out an unknown variable, which is told as a warning with the nearest name', () => {
    expect(load({ GALAXY_WORKRS: '3', OTHER: '1' }).warnings).toEqual([UNKNOWN])
  })

  it('are told together with such a warning', () => {
    expect(() => load({ GALAXY_WORKRS: '3', GALAXY_PULLS: 'x' })).toThrow(
      `The configuration has a problem:\n  GALAXY_PULLS: found "x", expected a number from 1 to 64\nBeside that:\n  ${UNKNOWN}`,
    )
  })

  it('say of DOCKER_HOST which addresses there are', () => {
    expect(problemsOf({ DOCKER_HOST: 'ssh://user@host' })[0]).toEqual({
      name: 'DOCKER_HOST',
      found: '"ssh://user@host"',
      expected: expect.stringMatching(/unix:\/\/\/path.*tcp:\/\/host.*ssh:\/\/ and npipe:\/\/ are not supported/),
    })
  })

  it.each(['unix:///var/run/docker.sock', 'tcp://host', 'tcp://host:2375/', 'tcp://[::1]:2375', 'http://10.0.0.1:80', 'https://host'])(
    'do not include DOCKER_HOST=%s',
    (host) => expect(load({ DOCKER_HOST: host }).config.docker.host).toBe(host),
  )
})

describe('durations', () => {
  it.each([
    ['250ms', 250],
    ['10s', 10_000],
    ['1m30s', 90_000],
    ['1.5h', 5_400_000],
    ['1500', 1_500],
    [1500, 1_500],
    ['0', 0],
    ['', null],
    ['10', 10],
    ['s', null],
    ['-1s', null],
    ['1s1', null],
    ['25d', null],
  ])('%s is %s', (text, durationMs) => expect(parseDuration(text)).toBe(durationMs))
})

describe('the report', () => {
  it('shows every setting with its origin and hides the password', () => {
    const settings = effectiveSettings(load({ GALAXY_DATABASE_URL: 'postgres://u:hunter2@h/d' }))
    expect(JSON.stringify(settings)).not.toContain('hunter2')
    expect(settings.find(({ setting }) => setting === 'databaseUrl')).toMatchObject({
      value: '(set, hidden)',
      origin: 'env GALAXY_DATABASE_URL',
    })
    expect(settings.find(({ setting }) => setting === 'timings.gracePeriod')?.value).toBe('10000ms')
    expect(settings.find(({ setting }) => setting === 'defaults.memory')?.value).toBe('256Mi')
  })

  it('gives values back in a form that is understood again', () => {
    const settings = effectiveSettings(load({ GALAXY_STATE_MODE: '0750' })).filter(({ value }) => value !== '-' && !value.startsWith('{'))
    const again = load(Object.fromEntries(settings.map(({ env, value }) => [env, value])))
    expect(effectiveSettings(again).map(({ setting, value }) => [setting, value])).toEqual(
      effectiveSettings(load({ GALAXY_STATE_MODE: '0750' })).map(({ setting, value }) => [setting, value]),
    )
  })

  it('makes a documentation table with one row per setting', () => {
    const rows = configurationTable().trim().split('\n')
    expect(rows).toHaveLength(effectiveSettings(load()).length + 2)
    expect(rows).toContainEqual(expect.stringContaining('| `GALAXY_GRACE_PERIOD` | `timings.gracePeriod` | `10s` |'))
  })
})

describe('a webhook', () => {
  it('is refused without a secret to sign with', () => {
    expect(() => load({ GALAXY_WEBHOOK_URL: 'https://lobby.example/hook' })).toThrow('GALAXY_WEBHOOK_SECRET: found nothing')
  })

  it('takes two secrets while they are changed over, and shows neither', () => {
    const loaded = load({ GALAXY_WEBHOOK_URL: 'https://lobby.example/hook?key=k', GALAXY_WEBHOOK_SECRET: 'new,old' })
    expect(loaded.config.webhook.receiver).toEqual({ url: 'https://lobby.example/hook?key=k', secrets: ['new', 'old'] })
    expect(JSON.stringify(effectiveSettings(loaded))).not.toMatch(/lobby\.example|"new"|old/)
  })
})
