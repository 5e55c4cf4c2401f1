import { stripVTControlCharacters } from 'node:util'

/** Escape sequences are searched in no more than this at a time: the search takes longer than in proportion to its text. */
const PIECE_CHARACTERS = 1_024

/** Marks that turn the direction of writing, by which a line can show something else than it says. */
const HARMFUL = /[\p{Cc}\u200E\u200F\u202A-\u202E\u2066-\u2069]/gu

/**
 * Text of an engine as a terminal may show it: lines and tabs as they are, without escape sequences, every other control
 * character as �. Holds back no more than a piece of a line, which may be in the middle of an escape sequence or a character.
 */
export class ReadableText {
  readonly #decoder = new TextDecoder()
  #rest = ''

  push(bytes: Uint8Array): string {
    const lines = (this.#rest + this.#decoder.decode(bytes, { stream: true })).split('\n')
    this.#rest = lines.pop() ?? ''
    let shown = lines.map((line) => `${readable(line)}\n`).join('')
    for (; this.#rest.length > PIECE_CHARACTERS; this.#rest = this.#rest.slice(PIECE_CHARACTERS)) {
      shown += readable(this.#rest.slice(0, PIECE_CHARACTERS))
    }
    return shown
  }

  end(): string {
    const rest = readable(this.#rest + this.#decoder.decode())
    this.#rest = ''
    return rest
  }
}

function readable(line: string): string {
  let shown = ''
  for (let at = 0; at < line.length; at += PIECE_CHARACTERS) shown += stripVTControlCharacters(line.slice(at, at + PIECE_CHARACTERS))
  return shown.replace(/\r$/, '').replace(HARMFUL, (mark) => (mark === '\t' ? mark : '�'))
}
