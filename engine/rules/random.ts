import { createHash } from 'node:crypto'

/** Repeatable numbers: the same seed gives the same sequence on every machine. Each call gives one in 0..1, 1 excluded. */
export function randomFrom(seed: string): () => number {
  let word = createHash('sha256').update(seed).digest().readUInt32LE(0)
  return () => {
    // mulberry32 (public domain, Tommy Ettinger): 32 bits of state are plenty for laying out a map.
    word = (word + 0x6d2b79f5) | 0
    let mixed = Math.imul(word ^ (word >>> 15), word | 1)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** A uuid (version 8, RFC 9562: custom) made from words, so that a game made again from its seed has the same players. */
export function uuidFrom(...words: readonly string[]): string {
  const hex = createHash('sha256').update(JSON.stringify(words)).digest('hex')
  const parts = [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)]
  return parts.join('-')
}
