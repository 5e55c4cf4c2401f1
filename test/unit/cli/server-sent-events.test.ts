import { describe, expect, it } from 'vitest'
import { readEvents, type ServerSentEvent } from '../../../src/cli/server-sent-events.ts'

async function read(text: string, size: number): Promise<readonly ServerSentEvent[]> {
  const bytes = Buffer.from(text)
  const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) => bytes.subarray(index * size, (index + 1) * size))
  return Array.fromAsync(readEvents(feed(pieces)))
}

async function* feed(pieces: readonly Uint8Array[]) {
  yield* pieces
}

describe('server-sent events', () => {
  const text = ': a comment\n\nevent: game\nid: 7:9:\ndata: {"a":"ü"}\n\ndata: one\r\ndata:two\r\nretry: 5\r\n\r\nid: 8\n\ndata: cut off'

  it.each([1, 2, 3, 7, 1_000])('are read whatever pieces they come in: of %i bytes', async (size) => {
    expect(await read(text, size)).toEqual([
      { event: 'game', id: '7:9:', data: '{"a":"ü"}' },
      { event: 'message', id: null, data: 'one\ntwo' },
    ])
  })

  it('have a limit, so that nobody fills the memory with one of them', async () => {
    const endless = (async function* () {
      for (;;) yield Buffer.alloc(1024 ** 2, 'x')
    })()
    await expect(Array.fromAsync(readEvents(endless))).rejects.toThrow('too long')
  })
})
