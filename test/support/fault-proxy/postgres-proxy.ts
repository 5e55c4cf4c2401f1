import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import type { Injection } from './docker-fault.ts'
import { type Armed, Injections } from './injections.ts'
import { isTlsRequest, type Message, parametersOf, readBackend, readFrontend, startupParameter, statementOf } from './postgres-messages.ts'

/** What goes wrong with one statement, as data. */
export type StatementFault =
  /** The server never hears of it: the connection breaks first. */
  | { readonly kind: 'cut_before' }
  /** The connection breaks when the server has so many of its bytes. */
  | { readonly kind: 'cut_within'; readonly bytes: number }
  /** Done and committed; the connection breaks before the client hears of it. */
  | { readonly kind: 'lose_answer' }
  /** Nothing more passes on its connection until lifted: `before` the server has heard of it, or `after` it is committed. */
  | { readonly kind: 'hold'; readonly effect: 'before' | 'after' }

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
  /** What else must be so; nothing unless given. */
  where?(statement: Statement): boolean
  readonly nth?: number
  readonly times?: number
  readonly fault: StatementFault
}

/** Stands in front of a real server: passes everything on, except what it was told to spoil. */
export interface PostgresFaultProxy {
  /** The same database, through the proxy. */
  urlOf(databaseUrl: string): string
  /** Statements that reached the server whole, or will when they are no longer held. */
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

export interface Statement {
  readonly sql: string
  readonly parameters: readonly (string | null)[]
}

export interface PassedStatement extends Statement {
  readonly applicationName: string
  readonly fault: string | null
  /** The server has said its last word on it. */
  readonly isAnswered: boolean
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
  const injections = new Injections<Statement, StatementFault>()
  const faults = new Set<ConnectionFault>()
  let lostNotifications = 0
  const isOn = (kind: ConnectionFault['kind']): boolean => [...faults].some((fault) => fault.kind === kind)

  const carry = (client: Socket): void => {
    const connection: Connection = { applicationName: '', client, server: connect(Number(port), hostname) }
    const { server } = connection
    connections.add(connection)
    let lost: Armed<StatementFault> | null = null
    let parse: Message | null = null
    let asked: number | null = null
    const toServer = holdable<Message>(({ bytes }) => void server.write(bytes))
    const toClient = holdable<Buffer>((bytes) => void client.write(bytes))
    const fromClient = readFrontend()
    const fromServer = readBackend()
    const forward = (statement: Statement | null, ...messages: readonly Message[]): void => {
      const armed = statement === null ? null : injections.take(statement)
      if (armed?.fault.kind === 'cut_before') return breakOff(connection)
      if (armed?.fault.kind === 'cut_within') {
        connections.delete(connection)
        return void server.write(Buffer.concat(messages.map(({ bytes }) => bytes)).subarray(0, armed.fault.bytes), () =>
          breakOff(connection),
        )
      }
      if (armed?.fault.kind === 'lose_answer') lost = armed
      if (armed?.fault.kind === 'hold') {
        const side = armed.fault.effect === 'before' ? toServer : toClient
        side.hold()
        armed.onLift(side.release)
      }
      if (statement !== null) {
        const { applicationName } = connection
        asked = statements.push({ applicationName, ...statement, fault: armed?.fault.kind ?? null, isAnswered: false }) - 1
      }
      for (const message of messages) toServer.send(message)
    }
    /** A Parse waits for its Bind, which has the parameters; pg sends both at once. */
    const hear = (message: Message): void => {
      if (isTlsRequest(message)) return void client.write('N')
      connection.applicationName = startupParameter(message, 'application_name') ?? connection.applicationName
      if (parse !== null) {
        const [first, sql] = [parse, statementOf(parse) ?? '']
        parse = null
        return forward({ sql, parameters: message.type === 'B' ? parametersOf(message) : [] }, first, message)
      }
      if (message.type === 'P') parse = message
      else forward(message.type === 'Q' ? { sql: statementOf(message) ?? '', parameters: [] } : null, message)
    }
    client.on('data', (chunk: Buffer) => {
      for (const message of fromClient(chunk)) if (connections.has(connection)) hear(message)
    })
    server.on('data', (chunk: Buffer) => {
      for (const { type, bytes } of fromServer(chunk)) {
        // "Ready for the next query" comes after the commit, and is the last word on a statement.
        const statement = type === 'Z' && asked !== null ? statements[asked] : undefined
        if (asked !== null && statement !== undefined) statements[asked] = { ...statement, isAnswered: true }
        if (lost !== null && type === 'Z') breakOff(connection)
        if (lost !== null) continue
        if (type === 'A' && isOn('lose_notifications')) lostNotifications += 1
        else toClient.send(bytes)
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
    inject: ({ containing, where = () => true, fault, ...share }) =>
      injections.inject((statement) => statement.sql.includes(containing) && where(statement), share, fault),
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

/** Sends on what it is given, in order, except while it is held. */
function holdable<Item>(send: (item: Item) => void): { send(item: Item): void; hold(): void; release(): void } {
  const waiting: Item[] = []
  let isHeld = false
  return {
    send: (item) => (isHeld ? void waiting.push(item) : send(item)),
    hold: () => {
      isHeld = true
    },
    release: () => {
      isHeld = false
      for (const item of waiting.splice(0)) send(item)
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
