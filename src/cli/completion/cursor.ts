import type { Argument, Command, Option } from 'commander'

/** Where in a command line the cursor stands. */
export interface Cursor {
  readonly command: Command
  /** Words before it that are neither verbs nor options. */
  readonly operands: readonly string[]
  /** What is typed of the word under the cursor; of `--output=js` it is `js`. */
  readonly typed: string
  /** What of the word stands before that, `--output=`. */
  readonly prefix: string
  readonly at: Place
  readonly given: ReadonlySet<Option>
  /** What `--context` names, wherever it stands. */
  readonly context: string | null
}

type Place =
  | { readonly kind: 'option' }
  | { readonly kind: 'value'; readonly of: Option }
  /** A verb, where there are some below the command and none was named, or an argument. */
  | { readonly kind: 'operand'; readonly argument: Argument | null }

/** Reads a command line as far as the cursor, which stands in the last of the words. */
export function cursorIn(program: Command, words: readonly string[]): Cursor {
  const reader = new WordReader(program)
  for (const word of words.slice(0, -1)) reader.read(word)
  return reader.at(words.at(-1) ?? '')
}

class WordReader {
  #command: Command
  #awaited: Option | null = null
  #hasOnlyOperands = false
  #context: string | null = null
  readonly #operands: string[] = []
  readonly #given = new Set<Option>()

  constructor(program: Command) {
    this.#command = program
  }

  read(word: string): void {
    if (this.#awaited !== null && !(this.#awaited.variadic && isOption(word))) return this.#takeValue(this.#awaited, word)
    this.#awaited = null
    if (this.#hasOnlyOperands || !isOption(word)) this.#takeOperand(word)
    else if (word === '--') this.#hasOnlyOperands = true
    else this.#takeOption(word)
  }

  at(word: string): Cursor {
    const [, name = '', typed = ''] = /^(--[\w-]+=)(.*)$/s.exec(word) ?? []
    const inline = name === '' ? null : this.#find(name.slice(0, -1))
    const known = { command: this.#command, operands: this.#operands, given: this.#given, context: this.#context, typed: word, prefix: '' }
    if (this.#awaited !== null && !(this.#awaited.variadic && isOption(word))) return { ...known, at: { kind: 'value', of: this.#awaited } }
    if (inline !== null && !this.#hasOnlyOperands) return { ...known, typed, prefix: name, at: { kind: 'value', of: inline } }
    if (!this.#hasOnlyOperands && word.startsWith('-')) return { ...known, at: { kind: 'option' } }
    return { ...known, at: { kind: 'operand', argument: this.#argument() } }
  }

  #argument(): Argument | null {
    const all = this.#command.registeredArguments
    const last = all.at(-1)
    return all[this.#operands.length] ?? (last?.variadic === true ? last : null)
  }

  #takeOperand(word: string): void {
    // `galaxy help VERB` is followed by what `galaxy VERB` is.
    if (this.#command.parent === null && word === 'help' && this.#operands.length === 0) return
    const verb = this.#operands.length > 0 ? undefined : this.#command.commands.find((each) => isCalled(each, word))
    if (verb === undefined) this.#operands.push(word)
    else this.#command = verb
  }

  #takeOption(word: string): void {
    const [name = '', ...value] = word.split('=')
    const option = this.#find(name)
    if (option === null) return
    this.#given.add(option)
    if (value.length > 0) this.#takeValue(option, value.join('='))
    else if (takesValue(option)) this.#awaited = option
  }

  #takeValue(option: Option, value: string): void {
    if (option.long === '--context') this.#context = value
    if (!option.variadic) this.#awaited = null
  }

  #find(name: string): Option | null {
    for (let command: Command | null = this.#command; command !== null; command = command.parent) {
      const found = command.options.find((option) => option.long === name || option.short === name)
      if (found !== undefined) return found
    }
    return null
  }
}

export function takesValue({ required, optional }: Option): boolean {
  return required || optional
}

function isCalled(command: Command, word: string): boolean {
  return command.name() === word || command.aliases().includes(word)
}

function isOption(word: string): boolean {
  return word.startsWith('-') && word !== '-'
}
