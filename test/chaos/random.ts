/** A stream of chances; the same seed and name give the same stream. */
export interface Random {
  /** Uniform in [0, 1). */
  next(): number
  /** A whole number from 0, below `count`. */
  below(count: number): number
  /** One of them. @throws for none */
  pick<T>(choices: readonly T[]): T
  /** True with this probability. */
  chance(probability: number): boolean
}

/** sfc32 (public domain, by Chris Doty-Humphrey), seeded by a hash of seed and name so that streams do not resemble each other. */
export function random(seed: number, name: string): Random {
  let [a, b, c, counter] = [hash(`${seed} ${name} a`), hash(`${seed} ${name} b`), hash(`${seed} ${name} c`), 1]
  const next = (): number => {
    const sum = (a + b + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = ((c << 21) | (c >>> 11)) + sum
    c |= 0
    return (sum >>> 0) / 4_294_967_296
  }
  for (let round = 0; round < 15; round += 1) next()
  const below = (count: number): number => Math.floor(next() * count)
  return {
    next,
    below,
    chance: (probability) => next() < probability,
    pick: (choices) => {
      const chosen = choices[below(choices.length)]
      if (chosen === undefined) throw new RangeError('there is nothing to pick from')
      return chosen
    },
  }
}

/** FNV-1a, with a last stir. */
function hash(text: string): number {
  let value = 2_166_136_261
  for (let at = 0; at < text.length; at += 1) value = Math.imul(value ^ text.charCodeAt(at), 16_777_619)
  value = Math.imul(value ^ (value >>> 16), 2_246_822_507)
  return (value ^ (value >>> 13)) | 0
}
