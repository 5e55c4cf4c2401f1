import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import type { Injection } from './docker-fault.ts'
import { type Armed, Injections } from './injections.ts'
import { isTlsRequest, type Message, readBackend, readFrontend, startupParameter, statementOf } from './postgres-messages.ts'

/** What goes wrong with one statement, as data. */
export type StatementFault =
  /** The server never hears of it: the connection breaks first. */
  | { readonly kind: 'cut_before' }
  /** The connection breaks when the server has so many of its bytes. */
  | { readonly kind: 'cut_within'; readonly bytes: number }
  /** Done and committed; the connection breaks before the client hears of it. */
  | { readonly kind: 'lose_answer' }

/** What goes wrong with all connections while it is in force. */
export type ConnectionFault =
  /** New connections break at once. */
  | { readonly kind: 'refuse' }
  /** Nothing gets through, in either direction; it does once this is over. */
  | { readonly kind: 'stall' }
  /** What NOTIFY sent does not arrive. */
  | { readonly kind: 'lose_notifications' }

export interface StatementRule {
  /** Part of its SQL. */
  readonly containing: string
  readonly nth?: number
  readonly times?: number
  readonly fault: StatementFault
}

/** Stands in front of a real server: passes everything on, except what it was told to spoil. */
export interface PostgresFaultProxy {
  /** The same database, through the proxy. */
  urlOf(databaseUrl: string): string
  /** Statements that reached the server whole. */
  readonly statements: readonly PassedStatement[]
  readonly lostNotifications: number
  readonly connectionCount: number
  inject(rule: StatementRule): Injection
  /** Until the returned function is called. */
  disturb(fault: ConnectionFault): () => void
  /** Breaks all connections, or those of one `application_name`. */
  cut(applicationName?: string): void
  close(): Promise<void>
}

export interface PassedStatement {
  readonly applicationName: string
  readonly sql: string
  readonly fault: string | null
}

interface Connection {
  applicationName: string
  readonly client: Socket
  readonly server: Socket
}

/** @param serverUrl of any database of the server; without TLS */
export async function startPostgresFaultProxy(serverUrl: string): Promise<PostgresFaultProxy> {
  const { hostname, port } = new URL(serverUrl)
  const connections = new Set<Connection>()
  const statements: PassedStatement[] = []
  const injections = new Injections<string, StatementFault>()
  const faults = new Set<ConnectionFault>()
  let lostNotifications = 0
  const isOn = (kind: ConnectionFault['kind']): boolean => [...faults].some((fault) => fault.kind === kind)

  const carry = (client: Socket): void => {
    const connection: Connection = { applicationName: '', client, server: connect(Number(port), hostname) }
    const { server } = connection
    connections.add(connection)
    let lost: Armed<StatementFault> | null = null
    const fromClient = readFrontend()
    const fromServer = readBackend()
    const forward = (message: Message): void => {
      if (isTlsRequest(message)) return void client.write('N')
      connection.applicationName = startupParameter(message, 'application_name') ?? connection.applicationName
      const sql = statementOf(message)
      const armed = sql === null ? null : injections.take(sql)
      if (armed?.fault.kind === 'cut_before') return breakOff(connection)
      if (armed?.fault.kind === 'cut_within') {
        connections.delete(connection)
        return void server.write(message.bytes.subarray(0, armed.fault.bytes), () => breakOff(connection))
      }
      if (armed !== null) lost = armed
      if (sql !== null) statements.push({ applicationName: connection.applicationName, sql, fault: armed?.fault.kind ?? null })
      server.write(message.bytes)
    }
    client.on('data', (chunk: Buffer) => {
      for (const message of fromClient(chunk)) if (connections.has(connection)) forward(message)
    })
    server.on('data', (chunk: Buffer) => {
      for (const { type, bytes } of fromServer(chunk)) {
        // "Ready for the next query" comes after the commit, and is the last word on a statement.
        if (lost !== null && type === 'Z') breakOff(connection)
        if (lost !== null) continue
        if (type === 'A' && isOn('lose_notifications')) lostNotifications += 1
        else client.write(bytes)
      }
    })
    for (const side of [client, server]) {
      side.on('error', () => breakOff(connection)).on('close', () => breakOff(connection))
      if (isOn('stall')) side.pause()
    }
  }

  const breakOff = (connection: Connection): void => {
    connections.delete(connection)
    connection.client.destroy()
    connection.server.destroy()
  }

  const listener = createServer((client) => (isOn('refuse') ? void client.resetAndDestroy() : carry(client)))
  listener.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const address = listener.address()
  if (address === null || typeof address === 'string') throw new Error('no port')

  return {
    urlOf: (databaseUrl) => {
      const url = new URL(databaseUrl)
      url.hostname = '127.0.0.1'
      url.port = String(address.port)
      return url.href
    },
    statements,
    get lostNotifications() {
      return lostNotifications
    },
    get connectionCount() {
      return connections.size
    },
    inject: ({ containing, fault, ...share }) => injections.inject((sql) => sql.includes(containing), share, fault),
    disturb: (fault) => {
      faults.add(fault)
      flow(connections, isOn('stall'))
      return () => {
        faults.delete(fault)
        flow(connections, isOn('stall'))
      }
    },
    cut: (applicationName) => {
      for (const connection of connections)
        if (applicationName === undefined || applicationName === connection.applicationName) breakOff(connection)
    },
    close: async () => {
      injections.liftAll()
      const closed = once(listener, 'close')
      listener.close()
      for (const connection of connections) breakOff(connection)
      await closed
    },
  }
}

function flow(connections: Iterable<Connection>, isStalled: boolean): void {
  for (const { client, server } of connections) {
    for (const side of [client, server]) {
      if (isStalled) side.pause()
      else side.resume()
    }
  }
}
