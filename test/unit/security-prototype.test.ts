import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadConfig } from '../../src/config.ts'
import { envSchema, relaxSchema } from '../../src/database/engine-json.ts'
import { parseManifest } from '../../src/desired/manifest/parse.ts'
import { toVersion } from '../../src/desired/manifest/document.ts'
import { type DesiredRow, parseDesired } from '../../src/desired/rows.ts'
import { parseEvent } from '../../src/docker/event.ts'
import { parseJson } from '../../src/engine/json.ts'
import { readState } from '../../src/engine/answer.ts'
import { ownershipOf } from '../../src/model/labels.ts'
import { parseInspection, parseListEntry } from '../../src/observed/parse.ts'
import { createOptions } from '../../src/docker/create-options.ts'
import { identity, inspection, ourLabels, spec } from './docker/samples.ts'

/*
 * `__proto__`, `constructor` and `prototype` through every door: whatever comes of it, no object of ours gets a prototype
 * of somebody's making, and Object.prototype stays what it is.
 */

/** JSON.parse makes `__proto__` an ordinary field, as an attacker's document would. */
const POLLUTED = '{"__proto__": {"polluted": "yes"}, "constructor": {"prototype": {"polluted": "yes"}}, "prototype": {"polluted": "yes"}}'
const policy = { imageTemplate: 'e:{version}', allowedRegistries: null }
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'security-'))
})
afterAll(() => rm(folder, { recursive: true }))

const polluted = (): Record<string, unknown> => JSON.parse(POLLUTED)
const pollutedText = (): Record<string, string> => JSON.parse('{"__proto__": "yes", "constructor": "yes", "prototype": "yes"}')

function expectClean(...values: readonly unknown[]): void {
  expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(NAMES)
  expect(Reflect.get({}, 'polluted')).toBeUndefined()
  for (const value of values) walk(value)
}

const NAMES = Object.getOwnPropertyNames(Object.prototype)

function walk(value: unknown): void {
  if (typeof value !== 'object' || value === null) return
  expect(Object.hasOwn(value, 'polluted') || !('polluted' in value)).toBe(true)
  expect([null, Object.prototype, Array.prototype, Date.prototype]).toContain(Object.getPrototypeOf(value))
  Object.values(value).forEach(walk)
}

describe('a hostile prototype', () => {
  it.each(['', 'spec: ', 'metadata: {name: a, labels: ', 'spec: {env: ', 'spec: {relax: '])('in YAML below "%s" is refused', (head) => {
    const open = head.split('{').length - 1
    const text = `apiVersion: galaxy.dev/v1alpha1\nkind: EngineVersion\n${head}${head === '' ? POLLUTED.slice(1, -1) : POLLUTED}${'}'.repeat(open)}\n`
    const { documents, problems } = parseManifest(text, 'a.yaml', policy)
    expect(documents).toEqual([])
    expect(problems.length).toBeGreaterThan(0)
    expectClean(problems)
  })

  it.each(['<<: {polluted: yes}', '<<: *a'])('by a merge key is refused: %s', (line) => {
    const text = `apiVersion: galaxy.dev/v1alpha1\nkind: Game\nmetadata: &a {name: x}\nspec: {engineVersion: 1.0.0, ${line}}\n`
    expect(parseManifest(text, 'a.yaml', policy).documents).toEqual([])
    expectClean()
  })

  it('in a map that may have any key is a key like others, or none', () => {
    const yaml = (field: string) =>
      `apiVersion: galaxy.dev/v1alpha1\nkind: EngineVersion\nmetadata: {name: v}\nspec: {version: 1.0.0, env: {${field}: "yes"}}\n`
    for (const field of ['constructor', 'prototype', 'toString', 'hasOwnProperty']) {
      const [document] = parseManifest(yaml(field), 'a.yaml', policy).documents
      const version = document?.kind === 'EngineVersion' ? toVersion(document.spec) : expect.fail('no version')
      expect(Object.keys(version.env)).toEqual([field])
      expectClean(version)
    }
  })

  it('in galaxy.yaml and in options of the log driver is told or is an option', async () => {
    await writeFile(path.join(folder, 'galaxy.yaml'), `__proto__: {polluted: yes}\nconstructor: {prototype: {polluted: yes}}\n`)
    expect(() => loadConfig({ env: {}, cwd: folder })).toThrow('unknown setting')
    const { config } = loadConfig({ env: { GALAXY_DOCKER_LOG_OPTIONS: '__proto__=yes,constructor=yes' }, cwd: tmpdir() })
    expectClean(config)
  })

  it('in columns of the database stays in its column', () => {
    const { games } = parseDesired([{ ...ROW, labels: polluted(), players: [{ userId: 'u', raceName: 'r', ...polluted() }] }])
    expect(games).toHaveLength(1)
    expectClean(games)
    const env = envSchema.parse(pollutedText())
    expectClean(env)
    expect(relaxSchema.safeParse(polluted()).success).toBe(false)
    const options = createOptions({
      name: 'n',
      spec: spec({ env }),
      identity,
      operationId: 'op',
      nowMs: 1,
      image: 'i',
      log: { driver: 'local', options: pollutedText() },
    })
    expect(options.Env).not.toContain('polluted=yes')
    expectClean(options)
  })

  it('in the labels and networks of a container is a label and a network', () => {
    const labels = { ...ourLabels, ...pollutedText() }
    const seen = parseInspection({ ...inspection({ labels }), NetworkSettings: { Networks: polluted() }, ...polluted() }, '/state')
    const listed = parseListEntry(
      { Id: 'a', State: 'running', Labels: labels, Names: ['/x'], NetworkSettings: { Networks: polluted() } },
      '/state',
    )
    expect([seen.kind, listed.kind]).toEqual(['container', 'container'])
    expectClean(seen, listed)
  })

  it('does not make a container ours', () => {
    expect(ownershipOf(JSON.parse(`{"__proto__": ${JSON.stringify(ourLabels)}}`), identity)).toBe('not_ours')
    const forged = parseInspection(inspection({ labels: JSON.parse(`{"__proto__": ${JSON.stringify(ourLabels)}}`) }), '/state')
    expect(forged.kind).toBe('unusable')
  })

  it('in an event of Docker makes it nobody’s', () => {
    const told = (attributes: object) =>
      JSON.stringify({ Type: 'container', Action: 'die', time: 1, Actor: { ID: 'a', Attributes: attributes } })
    const ours = parseEvent(told({ ...ourLabels, ...pollutedText() }), identity)
    expect(ours).toMatchObject({ kind: 'container', gameId: 'andromeda' })
    expect(parseEvent(`{"__proto__": ${told(ourLabels)}}`, identity)).toBeNull()
    expect(parseEvent(told(JSON.parse(`{"__proto__": ${JSON.stringify(ourLabels)}}`)), identity)).toBeNull()
    expectClean(ours)
  })

  it('in an engine’s answer, and in a player’s order, is left out', () => {
    for (const text of [POLLUTED, POLLUTED.replace('__proto__', String.raw`_\u005fproto__`)]) {
      const read = parseJson(Buffer.from(text))
      expectClean(read.kind === 'read' ? { ...(read.value as object) } : null)
      expect(read.kind === 'read' && Object.hasOwn(read.value as object, '__proto__')).toBe(false)
    }
    const answer = `{"turn": 1, "finished": false, "players": [{"id": "00000000-0000-4000-8000-000000000000", "raceName": "__proto__", "planets": 1, "population": 1, ${POLLUTED.slice(1)}]}`
    const state = readState(Buffer.from(answer))
    expect(state.kind).toBe('read')
    expectClean(state)
  })
})

const ROW: DesiredRow = {
  game_id: 'g',
  engine: 'galaxy',
  engine_version: '1.0.0',
  image_ref: null,
  state: 'running',
  stop_reason: null,
  paused: false,
  turn_schedule: null,
  time_zone: 'UTC',
  players: [],
  cpus: null,
  memory: null,
  pids: null,
  restart_token: null,
  turn_token: null,
  allow_incompatible_to: null,
  labels: {},
  managed_by: 'lobby',
  generation: 1,
  resource_version: 1,
  deleted_at: null,
  purge_state: false,
  created_at: new Date(0),
  updated_at: new Date(0),
  written_by: 'lobby',
  written_ref: null,
  written_xid: '1',
}
