/** One message of the frontend/backend protocol 3, whole (PostgreSQL manual, "Message Formats"). */
export interface Message {
  /** One letter; empty for the untyped ones that begin a connection. */
  readonly type: string
  readonly bytes: Buffer
}

export type ReadMessages = (chunk: Buffer) => readonly Message[]

/** Cuts what a client sends into messages; its first one, and a request for TLS before it, have no type. */
export function readFrontend(): ReadMessages {
  let hasBegun = false
  return readMessages((rest) => {
    if (hasBegun) return 1
    const isStartup = rest.length >= 8 && rest.readInt32BE(4) >> 16 === PROTOCOL_MAJOR
    hasBegun = isStartup && rest.length >= rest.readInt32BE(0)
    return 0
  })
}

/** Cuts what a server sends into messages. */
export function readBackend(): ReadMessages {
  return readMessages(() => 1)
}

const PROTOCOL_MAJOR = 3
const TLS_REQUEST = 80_877_103

export function isTlsRequest({ type, bytes }: Message): boolean {
  return type === '' && bytes.length === 8 && bytes.readInt32BE(4) === TLS_REQUEST
}

/** Of the message that begins a connection: `application_name` and the like; null for any other. */
export function startupParameter({ type, bytes }: Message, name: string): string | null {
  if (type !== '' || isTlsRequest({ type, bytes })) return null
  const texts = bytes.subarray(8).toString().split('\0')
  const index = texts.findIndex((text, place) => place % 2 === 0 && text === name)
  return index === -1 ? null : (texts[index + 1] ?? null)
}

/** The SQL of a Parse or Query message. */
export function statementOf({ type, bytes }: Message): string | null {
  if (type === 'Q') return bytes.subarray(5, -1).toString()
  if (type !== 'P') return null
  const nameEnd = bytes.indexOf(0, 5)
  return bytes.subarray(nameEnd + 1, bytes.indexOf(0, nameEnd + 1)).toString()
}

/** The parameters of a Bind message, as texts; null where one is NULL. Clients here send no binary ones but `bytea`. */
export function parametersOf({ bytes }: Message): readonly (string | null)[] {
  let at = bytes.indexOf(0, bytes.indexOf(0, 5) + 1) + 1
  at += 2 + 2 * bytes.readInt16BE(at)
  const count = bytes.readInt16BE(at)
  at += 2
  return Array.from({ length: count }, () => {
    const length = bytes.readInt32BE(at)
    const text = length === -1 ? null : bytes.toString('utf8', at + 4, at + 4 + length)
    at += 4 + Math.max(length, 0)
    return text
  })
}

function readMessages(typeLengthOf: (rest: Buffer) => 0 | 1): ReadMessages {
  let rest: Buffer = Buffer.alloc(0)
  return (chunk) => {
    rest = Buffer.concat([rest, chunk])
    const messages: Message[] = []
    for (;;) {
      const typeLength = typeLengthOf(rest)
      if (rest.length < typeLength + 4) return messages
      const length = typeLength + rest.readInt32BE(typeLength)
      if (rest.length < length) return messages
      messages.push({ type: rest.toString('latin1', 0, typeLength), bytes: rest.subarray(0, length) })
      rest = rest.subarray(length)
    }
  }
}
