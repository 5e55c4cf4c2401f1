import type { Terminal } from './terminal.ts'

const HEIGHT_IF_UNKNOWN = 24

/** Text that is drawn anew in its own place on a terminal; what is above it stays. */
export class Redrawn {
  readonly #terminal: Terminal
  #height = 0

  constructor(terminal: Terminal) {
    this.#terminal = terminal
  }

  /** As many lines as fit; a line is as wide as the caller made it. */
  draw(lines: readonly string[]): void {
    const room = Math.max(1, (this.#terminal.rows ?? HEIGHT_IF_UNKNOWN) - 1)
    const shown = lines.length <= room ? lines : [...lines.slice(0, room - 1), `… and ${lines.length - room + 1} more`]
    const back = this.#height === 0 ? '' : `\u001b[${this.#height}A`
    // A line that is too long for the terminal is clipped by it: wrapped, it would take two, and the next drawing begin too low.
    // Each line is cleared after it is written, and what is left of the former text at the end: nothing flickers.
    this.#terminal.stdout.write(`${back}\u001b[?7l${shown.map((line) => `${line}\u001b[K\n`).join('')}\u001b[?7h\u001b[J`)
    this.#height = shown.length
  }
}
