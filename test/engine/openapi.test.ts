import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { type Answer, type EngineProcess, EngineWorkshop } from './engine-process.ts'

const workshop = new EngineWorkshop()
let engine: EngineProcess
let actor: string

beforeAll(async () => {
  engine = await workshop.start(await workshop.stateFolder(), { GALAXY_ENGINE_TURN_LIMIT: '3' })
})
afterAll(() => workshop.dispose())

const document = documentReader(parse(await readFile(join(import.meta.dirname, '../../engine/openapi.yaml'), 'utf8'), { maxAliasCount: 0 }))

describe('the OpenAPI document', () => {
  it('describes the paths that the engine contract names', () => {
    expect(Object.keys(document.paths).toSorted()).toEqual([
      '/api/v1/admin/init',
      '/api/v1/admin/status',
      '/api/v1/admin/turn',
      '/api/v1/commands',
      '/api/v1/orders',
      '/api/v1/reports/{turn}',
      '/healthz',
    ])
  })

  it('holds for a game from before its init to after its end', async () => {
    const post = async (path: string, body: unknown) => conforms('post', path, path, await engine.post(path, body))
    const get = async (path: string, query = '') => conforms('get', path, path, await engine.get(path + query))
    const report = async (turn: number, query: string) => {
      const path = `/api/v1/reports/${turn}`
      return conforms('get', '/api/v1/reports/{turn}', path, await engine.get(path + query))
    }
    const admin = '/api/v1/admin'
    const statuses = [
      await get('/healthz'),
      await get(`${admin}/status`),
      await post(`${admin}/turn`, { turn: 1 }),
      await post(`${admin}/init`, { races: [] }),
      await post(`${admin}/init`, `{"races": ${' '.repeat(300_000)}[]}`),
      await post(`${admin}/init`, { races: [{ raceName: 'Terran' }, { raceName: 'Vulkan' }] }),
    ]
    actor = (await engine.status()).players[0]?.id ?? ''
    const stranger = crypto.randomUUID()
    const orders = [{ type: 'attack', from: 0, to: 1, ships: 4 }]
    const commands = [{ type: 'setProduction', planet: 0, production: 'ships' }]
    statuses.push(
      await post('/api/v1/orders', { actor, orders }),
      await post('/api/v1/orders', { actor }),
      await post('/api/v1/orders', { actor: stranger, orders }),
      await post('/api/v1/orders', { actor, orders: [...orders, ...orders, ...orders] }),
      await post('/api/v1/commands', { actor, commands }),
      await post('/api/v1/commands', { actor, commands: [{ ...commands[0], planet: 1 }] }),
      await post(`${admin}/turn`, { turn: 1 }),
      await post(`${admin}/turn`, { turn: 9 }),
      await post(`${admin}/turn`, { turn: 'two' }),
      await report(1, `?actor=${actor}`),
      await report(1, ''),
      await report(1, `?actor=${stranger}`),
      await report(2, `?actor=${actor}`),
      await post(`${admin}/turn`, { turn: 2 }),
      await post(`${admin}/turn`, { turn: 3 }),
      await report(3, `?actor=${actor}`),
      await post('/api/v1/orders', { actor, orders: [] }),
      await get(`${admin}/status`),
    )
    expect(statuses).toEqual([
      200, 409, 409, 400, 413, 200, 200, 400, 403, 422, 200, 422, 200, 409, 400, 200, 400, 403, 404, 200, 200, 200, 409, 200,
    ])
  })
})

/** Returns the status when the document has it for this operation and the body is of its schema. */
function conforms(method: 'get' | 'post', template: string, path: string, answer: Answer): number {
  const schema = document.responseSchema(method, template, answer.status)
  const result = schema.safeParse(answer.body)
  expect(result.error, `${method} ${path} → ${answer.status} ${JSON.stringify(answer.body)}`).toBeUndefined()
  return answer.status
}

interface Tree {
  readonly [key: string]: Tree
}

function documentReader(root: Tree): {
  paths: Tree
  responseSchema: (method: string, path: string, status: number) => z.ZodType
} {
  return {
    paths: at(root, 'paths'),
    responseSchema: (method, path, status) => {
      const operation = at(at(at(root, 'paths'), path), method)
      const response = resolved(root, at(at(operation, 'responses'), String(status)))
      return z.fromJSONSchema(resolved(root, at(at(at(response, 'content'), 'application/json'), 'schema')))
    },
  }
}

/** Replaces every reference by what it refers to; the document has no recursive schema. */
function resolved(root: Tree, node: Tree): Tree {
  if (typeof node !== 'object' || node === null) return node
  const reference: unknown = node['$ref']
  if (typeof reference === 'string') return resolved(root, reference.slice(2).split('/').reduce(at, root))
  const entries = Object.entries(node).map(([key, value]) => [key, resolved(root, value)] as const)
  // An array keeps being one: its items in their order.
  return Array.isArray(node) ? (entries.map(([, value]) => value) as unknown as Tree) : Object.fromEntries(entries)
}

function at(node: Tree, key: string): Tree {
  const child = node[key]
  if (child === undefined) throw new Error(`the OpenAPI document has no ${key} in ${Object.keys(node).join(', ')}`)
  return child
}
