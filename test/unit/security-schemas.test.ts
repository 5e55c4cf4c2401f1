import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { forceNextTurnBody, patchBody, pauseBody, restartBody, resumeBody, startBody, stopBody } from '../../src/api/verb-bodies.ts'
import { relaxSchema } from '../../src/database/engine-json.ts'
import { manifestJsonSchema } from '../../src/desired/manifest/json-schema.ts'
import { parseManifest } from '../../src/desired/manifest/parse.ts'
import { gameSchema, versionSchema } from '../../src/desired/manifest/schema.ts'
import { createOptions } from '../../src/docker/create-options.ts'
import { isGrantable } from '../../src/model/capabilities.ts'
import { LABEL } from '../../src/model/labels.ts'
import { identity, spec } from './docker/samples.ts'

/*
 * What a game, a version and a container can be asked for, field by field. A new field breaks a test here: it has to be
 * judged first, and a game gets nothing that reaches beyond its container.
 */

const GAME_FIELDS = [
  'apiVersion',
  'kind',
  'metadata',
  'metadata.labels',
  'metadata.labels.*',
  'metadata.name',
  'spec',
  'spec.allowIncompatibleTo',
  'spec.engine',
  'spec.engineVersion',
  'spec.image',
  'spec.paused',
  'spec.players',
  'spec.players[].raceName',
  'spec.players[].userId',
  'spec.resources',
  'spec.resources.cpus',
  'spec.resources.memory',
  'spec.resources.pids',
  'spec.restartToken',
  'spec.state',
  'spec.stopReason',
  'spec.timeZone',
  'spec.turnSchedule',
  'spec.turnToken',
]

const VERSION_FIELDS = [
  'apiVersion',
  'kind',
  'metadata',
  'metadata.labels',
  'metadata.labels.*',
  'metadata.name',
  'spec',
  'spec.command',
  'spec.enabled',
  'spec.engine',
  'spec.env',
  'spec.env.*',
  'spec.image',
  'spec.port',
  'spec.probe',
  'spec.probe.docker',
  'spec.probe.http',
  'spec.probe.http.path',
  'spec.probe.http.port',
  'spec.probe.none',
  'spec.probe.tcp',
  'spec.probe.tcp.port',
  'spec.protocol',
  'spec.publish',
  'spec.publish[].containerPort',
  'spec.publish[].hostIp',
  'spec.publish[].hostPort',
  'spec.publish[].protocol',
  'spec.relax',
  'spec.relax.capAdd',
  'spec.relax.newPrivileges',
  'spec.relax.noInit',
  'spec.relax.tmpfs',
  'spec.relax.user',
  'spec.relax.writableRoot',
  'spec.version',
]

const VERBS = { startBody, stopBody, patchBody, restartBody, pauseBody, resumeBody, forceNextTurnBody }

describe('the fields of a schema', () => {
  it('of games are these, and none of them is about the container', () => {
    expect(fieldsOf(z.toJSONSchema(gameSchema, { io: 'input' }))).toEqual(GAME_FIELDS)
  })

  it('of engine versions are these, the only place where a hardening default is lifted', () => {
    expect(fieldsOf(z.toJSONSchema(versionSchema, { io: 'input' }))).toEqual(VERSION_FIELDS)
  })

  it('published for editors are the same', () => {
    const published = z.object({ oneOf: z.array(z.unknown()) }).parse(JSON.parse(JSON.stringify(manifestJsonSchema())))
    expect(published.oneOf.map(fieldsOf)).toEqual([GAME_FIELDS, VERSION_FIELDS])
  })

  it('of relaxations in the database are those of manifests', () => {
    const ofManifests = VERSION_FIELDS.filter((field) => field.startsWith('spec.relax.')).map((field) => field.replace('spec.relax.', ''))
    expect(Object.keys(relaxSchema.shape).toSorted()).toEqual(ofManifests)
  })

  it.each([
    ['startBody', { version: '1.0.0' }, ['engine', 'image_ref', 'version']],
    ['stopBody', { reason: 'cancelled' }, ['reason']],
    ['patchBody', { version: '1.0.0' }, ['allowIncompatible', 'version']],
    ['restartBody', {}, []],
    ['pauseBody', {}, []],
    ['resumeBody', {}, []],
    ['forceNextTurnBody', {}, []],
  ] as const)('of the verb’s %s are few, and closed', (name, valid, fields) => {
    const verb = VERBS[name]
    expect(verb.safeParse(valid).success).toBe(true)
    for (const field of [...PRIVILEGED, 'command', 'resources']) {
      expect(verb.safeParse({ ...valid, [field]: true }).success, field).toBe(false)
    }
    expect(fieldsOf(z.toJSONSchema(verb, { io: 'input', unrepresentable: 'any' }))).toEqual(fields)
  })
})

const PRIVILEGED = [
  'privileged',
  'capAdd',
  'capabilities',
  'securityOpt',
  'networkMode',
  'network',
  'hostNetwork',
  'pidMode',
  'ipcMode',
  'usernsMode',
  'cgroupParent',
  'publish',
  'ports',
  'hostPort',
  'mounts',
  'volumes',
  'binds',
  'devices',
  'deviceRequests',
  'user',
  'env',
  'command',
  'entrypoint',
  'relax',
  'restartPolicy',
  'sysctls',
  'runtime',
  'extraHosts',
  'dns',
  'logDriver',
  'statePath',
  '__proto__',
  'constructor',
]

describe('a game’s manifest', () => {
  it.each(PRIVILEGED)('that asks for %s is refused, in spec and in resources', (field) => {
    const head = 'apiVersion: galaxy.dev/v1alpha1\nkind: Game\nmetadata: {name: a}\n'
    for (const text of [
      `${head}spec:\n  engineVersion: 1.0.0\n  ${field}: [x]\n`,
      `${head}spec: {engineVersion: 1.0.0, resources: {${field}: [x]}}\n`,
    ]) {
      const { documents, problems } = parseManifest(text, 'a.yaml', { imageTemplate: 'e:{version}', allowedRegistries: null })
      expect(documents).toEqual([])
      expect(problems).toHaveLength(1)
    }
  })
})

describe('a container', () => {
  const options = (over: Parameters<typeof spec>[0] = {}) =>
    createOptions({
      name: 'n',
      spec: spec(over),
      identity,
      operationId: 'op',
      nowMs: 1,
      image: 'sha256:1',
      log: { driver: 'local', options: {} },
    })
  const everything = {
    command: ['serve'],
    env: { A: 'b' },
    publish: [{ containerPort: 1, hostPort: 2, protocol: 'tcp', hostIp: '127.0.0.1' }],
    relax: { capAdd: ['CHOWN'], writableRoot: true, newPrivileges: true, noInit: true, user: '1000', tmpfs: ['/run'] },
  } as const

  it('is created with these settings and no others, whatever its version lifts', () => {
    expect(Object.keys(options(everything)).toSorted()).toEqual([
      'Cmd',
      'Env',
      'ExposedPorts',
      'HostConfig',
      'Hostname',
      'Image',
      'Labels',
      'NetworkingConfig',
      'User',
    ])
    expect(Object.keys(options(everything).HostConfig ?? {}).toSorted()).toEqual([
      'CapAdd',
      'CapDrop',
      'Init',
      'LogConfig',
      'Memory',
      'MemorySwap',
      'Mounts',
      'NanoCpus',
      'NetworkMode',
      'PidsLimit',
      'PortBindings',
      'PublishAllPorts',
      'ReadonlyRootfs',
      'RestartPolicy',
      'SecurityOpt',
      'Tmpfs',
    ])
  })

  it('mounts its own state folder and nothing else', () => {
    expect(options(everything).HostConfig?.Mounts).toEqual([{ Type: 'bind', Source: '/srv/games/andromeda', Target: '/state' }])
    expect(options(everything).HostConfig?.Binds).toBeUndefined()
  })

  it('drops every capability, and gains no privileges, unless its version says so', () => {
    expect(options().HostConfig).toMatchObject({ CapDrop: ['ALL'], CapAdd: [], SecurityOpt: ['no-new-privileges'], ReadonlyRootfs: true })
  })

  it.each([
    'ALL',
    'CAP_ALL',
    'SYS_ADMIN',
    'cap_sys_admin',
    'SYS_MODULE',
    'SYS_RAWIO',
    'SYS_PTRACE',
    'DAC_READ_SEARCH',
    'NET_ADMIN',
    'BPF',
    'SYS_BOOT',
    'NO_SUCH',
    '',
  ])('is not made where its version asks for the capability %s', (name) => {
    expect(isGrantable(name)).toBe(false)
    expect(() => options({ relax: { capAdd: ['CHOWN', name] } })).toThrow('which no engine is given')
  })

  it.each(['CHOWN', 'CAP_NET_BIND_SERVICE', 'cap_sys_nice'])('may have the capability %s', (name) => {
    expect(options({ relax: { capAdd: [name] } }).HostConfig?.CapAdd).toEqual([name])
  })

  it('wears our labels over whatever its image is labelled with', () => {
    expect(Object.keys(options().Labels ?? {}).toSorted()).toEqual(Object.values(LABEL).toSorted())
  })
})

/** Every field that a JSON Schema knows, by path; fails where one leaves room for others. */
function fieldsOf(schema: unknown): readonly string[] {
  return [...new Set(walk(schema, ''))].toSorted()
}

const nodeShape = z.object({
  properties: z.record(z.string(), z.unknown()).default({}),
  additionalProperties: z.unknown().optional(),
  items: z.unknown().optional(),
  anyOf: z.array(z.unknown()).default([]),
  oneOf: z.array(z.unknown()).default([]),
  type: z.unknown().optional(),
})

function walk(schema: unknown, path: string): readonly string[] {
  const node = nodeShape.parse(schema)
  const below = Object.entries(node.properties).flatMap(([name, child]) => {
    const place = path === '' ? name : `${path}.${name}`
    return [place, ...walk(child, place)]
  })
  const isMap = typeof node.additionalProperties === 'object' && node.additionalProperties !== null
  if (node.type === 'object' && !isMap) expect(node.additionalProperties, `${path} is closed`).toBe(false)
  return [
    ...below,
    ...(isMap ? [`${path}.*`] : []),
    ...(node.items === undefined ? [] : walk(node.items, `${path}[]`)),
    ...[...node.anyOf, ...node.oneOf].flatMap((each) => walk(each, path)),
  ]
}
