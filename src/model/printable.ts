import { stripVTControlCharacters } from 'node:util'

const SHOWN_CHARACTERS = 300
/** Escape sequences are searched in no more than this of a text. */
const LOOKED_AT = 4_096

/** At most `shown` characters of one line, 300 when left out: without escape sequences, control characters and marks that turn the direction of writing. */
export function printable(text: string, shown: number = SHOWN_CHARACTERS): string {
  const plain = stripVTControlCharacters(text.slice(0, LOOKED_AT))
    .toWellFormed()
    .replace(/[\s\p{Cc}\p{Cf}]+/gu, ' ')
    .trim()
  const characters = [...plain]
  return characters.length <= shown ? plain : `${characters.slice(0, shown - 1).join('')}…`
}
