import { describe, expect, it } from 'vitest'
import { demultiplex } from '../../../src/docker/multiplexed.ts'

function frame(stream: number, text: string): Buffer {
  const content = Buffer.from(text)
  const header = Buffer.alloc(8)
  header[0] = stream
  header.writeUInt32BE(content.length, 4)
  return Buffer.concat([header, content])
}

async function read(chunks: readonly Uint8Array[]): Promise<string> {
  const content: Uint8Array[] = []
  for await (const chunk of demultiplex(feed(chunks))) content.push(chunk)
  return Buffer.concat(content).toString('utf8')
}

async function* feed(chunks: readonly Uint8Array[]) {
  yield* chunks
}

describe("Docker's frames around a log", () => {
  const whole = Buffer.concat([frame(1, 'out 1\n'), frame(2, 'errör\n'), frame(1, ''), frame(1, 'out 2\n')])

  it.each(Array.from({ length: whole.length }, (_, size) => size + 1))(
    'are taken away whatever pieces they come in: of %i bytes',
    async (size) => {
      const chunks = []
      for (let at = 0; at < whole.length; at += size) chunks.push(whole.subarray(at, at + size))
      expect(await read(chunks)).toBe('out 1\nerrör\nout 2\n')
    },
  )

  it('are passed on as they come, however much one claims to hold', async () => {
    const header = Buffer.from([1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff])
    const frames = demultiplex(feed([header, Buffer.from('the beginning')]))
    expect(Buffer.from((await frames.next()).value ?? []).toString()).toBe('the beginning')
    await frames.return()
  })

  it.each([
    ['none where one begins', Buffer.from('plain text of a terminal')],
    ['one that breaks off', frame(1, 'whole').subarray(0, 10)],
    ['a header that breaks off', frame(1, 'whole').subarray(0, 3)],
  ])('are not guessed: %s is an error', async (_case, chunk) => {
    await expect(read([chunk])).rejects.toThrow(/Docker's log stream/)
  })
})
