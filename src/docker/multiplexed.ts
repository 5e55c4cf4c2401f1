const HEADER_BYTES = 8

/**
 * What a container wrote, out of the frames that Docker wraps around it (Docker API, "Attach to a container", "Stream format"):
 * one byte for the stream, three zeros, four for the length, big endian. Both streams come as one, in Docker's order. A frame's
 * content is passed on as it arrives, so that no length it claims takes memory.
 */
export async function* demultiplex(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  let header = Buffer.alloc(0)
  let left = 0
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length; ) {
      if (left === 0) {
        const part = chunk.subarray(at, at + HEADER_BYTES - header.length)
        header = Buffer.concat([header, part])
        at += part.length
        if (header.length < HEADER_BYTES) break
        left = lengthIn(header)
        header = Buffer.alloc(0)
        continue
      }
      const content = chunk.subarray(at, at + left)
      at += content.length
      left -= content.length
      yield content
    }
  }
  if (left > 0 || header.length > 0) throw new Error("Docker's log stream ended within a frame")
}

function lengthIn(header: Buffer): number {
  const [stream = 0] = header
  if (stream > 2 || header.readUIntBE(1, 3) !== 0)
    throw new Error(`Docker's log stream has no frame where one begins: ${header.toString('hex')}`)
  return header.readUInt32BE(4)
}
