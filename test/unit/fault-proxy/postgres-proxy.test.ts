import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import pg from 'pg'
import { readFrontend, statementOf } from '../../support/fault-proxy/postgres-messages.ts'
import { type PostgresFaultProxy, startPostgresFaultProxy } from '../../support/fault-proxy/postgres-proxy.ts'
import { until } from '../../support/until.ts'

/** Just enough of a server for a client to log in and to ask. */
describe('the fault proxy in front of Postgres', () => {
  let server: Server
  let proxy: PostgresFaultProxy
  let sessions: Socket[]
  let heard: string[]

  beforeEach(async () => {
    sessions = []
    heard = []
    server = createServer(serve).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error('no port')
    proxy = await startPostgresFaultProxy(`postgres://galaxy@127.0.0.1:${address.port}/x`)
  })
  afterEach(async () => {
    await proxy.close()
    server.close()
  })

  it('passes statements on, and keeps a record of them', async () => {
    const client = await newClient('one')
    await client.query('SELECT 1')
    await client.query('SELECT $1', ['x'])
    expect(heard).toEqual(['SELECT 1', 'SELECT $1'])
    expect(proxy.statements).toEqual([
      { applicationName: 'one', sql: 'SELECT 1', parameters: [], fault: null, isAnswered: true },
      { applicationName: 'one', sql: 'SELECT $1', parameters: ['x'], fault: null, isAnswered: true },
    ])
  })

  it.each([
    [{ kind: 'cut_before' }, 0],
    [{ kind: 'cut_within', bytes: 9 }, 0],
    [{ kind: 'lose_answer' }, 1],
  ] as const)('breaks the connection of a chosen statement: %o', async (fault, effects) => {
    const client = await newClient('one')
    const injection = proxy.inject({ containing: 'INTO log', nth: 2, fault })
    await client.query('INSERT INTO log', [])
    await expect(client.query('INSERT INTO log', [])).rejects.toThrow(/terminated|ended|ECONNRESET/)
    expect(injection.hits).toBe(1)
    expect(heard).toHaveLength(1 + effects)
    await (await newClient('two')).query('INSERT INTO log')
  })

  it.each(['before', 'after'] as const)('holds a statement about one thing, %s its effect, until it is lifted', async (effect) => {
    const [one, two] = [await newClient('one'), await newClient('two')]
    const injection = proxy.inject({
      containing: 'INTO log',
      where: ({ parameters }) => parameters[0] === 'a',
      fault: { kind: 'hold', effect },
    })
    await one.query('INSERT INTO log', ['b'])
    const held = two.query('INSERT INTO log', ['a'])
    await injection.hit
    await one.query('INSERT INTO log', ['c'])
    expect(heard).toHaveLength(effect === 'before' ? 2 : 3)
    injection.lift()
    await held
    expect(heard).toHaveLength(3)
  })

  it('cuts the connections of one name, refuses new ones, and stalls', async () => {
    const [one, two] = [await newClient('one'), await newClient('two')]
    proxy.cut('one')
    await expect(one.query('SELECT 1')).rejects.toThrow()
    const accept = proxy.disturb({ kind: 'refuse' })
    await expect(newClient('three')).rejects.toThrow()
    accept()
    const flow = proxy.disturb({ kind: 'stall' })
    let isAnswered = false
    const asked = two.query('SELECT 2').then(() => (isAnswered = true))
    await new Promise((resolve) => setTimeout(resolve, 30))
    expect(isAnswered).toBe(false)
    flow()
    await asked
  })

  it('loses notifications, and nothing else', async () => {
    const client = await newClient('one')
    const told: string[] = []
    client.on('notification', ({ channel }) => told.push(channel))
    const find = proxy.disturb({ kind: 'lose_notifications' })
    sessions[0]?.write(notification('lost'))
    await until(
      () => proxy.lostNotifications,
      (lost) => lost === 1,
      'one is lost',
    )
    find()
    sessions[0]?.write(notification('told'))
    await until(
      () => told,
      (seen) => seen.length > 0,
      'one is told',
    )
    expect(told).toEqual(['told'])
  })

  async function newClient(name: string): Promise<pg.Client> {
    const client = new pg.Client({ connectionString: proxy.urlOf('postgres://galaxy@nowhere:1/x'), application_name: name })
    client.on('error', () => {})
    await client.connect()
    return client
  }

  function serve(socket: Socket): void {
    sessions.push(socket)
    const read = readFrontend()
    socket.on('error', () => {})
    socket.on('data', (chunk: Buffer) => {
      for (const message of read(chunk)) {
        if (message.type === '') socket.write(Buffer.concat([frame('R', Buffer.alloc(4)), READY]))
        const sql = statementOf(message)
        if (sql !== null) heard.push(sql)
        if (message.type === 'Q' || message.type === 'S') socket.write(Buffer.concat([frame('C', Buffer.from('SELECT 0\0')), READY]))
      }
    })
  }
})

function frame(type: string, body: Buffer): Buffer {
  const head = Buffer.alloc(5)
  head.write(type)
  head.writeInt32BE(body.length + 4, 1)
  return Buffer.concat([head, body])
}

const READY = frame('Z', Buffer.from('I'))

function notification(channel: string): Buffer {
  return frame('A', Buffer.concat([Buffer.alloc(4), Buffer.from(`${channel}\0\0`)]))
}
