export interface ServerSentEvent {
  readonly event: string
  /** Null where the event names none. */
  readonly id: string | null
  readonly data: string
}

/** Longer than any event of ours. */
const MAX_LINE_CHARACTERS = 16 * 1024 ** 2

/** The events of a `text/event-stream` (WHATWG HTML, "Server-sent events"); one that has not come to its end is left out. */
export async function* readEvents(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<ServerSentEvent, void, undefined> {
  let event = 'message'
  let id: string | null = null
  let data: string[] = []
  for await (const line of readLines(chunks)) {
    if (line === '') {
      if (data.length > 0) yield { event, id, data: data.join('\n') }
      event = 'message'
      id = null
      data = []
      continue
    }
    const [, field = '', value = ''] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? []
    if (field === 'event') event = value
    else if (field === 'id') id = value
    else if (field === 'data') data.push(value)
  }
}

async function* readLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of chunks) {
    const text = decoder.decode(chunk, { stream: true })
    if (!text.includes('\n')) {
      rest += text
      if (rest.length > MAX_LINE_CHARACTERS) throw new Error('an event of the watch is too long')
      continue
    }
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) yield line.endsWith('\r') ? line.slice(0, -1) : line
  }
}
