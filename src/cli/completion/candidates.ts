import type { Argument, Command, Option } from 'commander'
import { LOCAL, readContexts } from '../contexts.ts'
import { openClientFor } from '../context.ts'
import { plain } from '../table.ts'
import type { Terminal } from '../terminal.ts'
import { type Cursor, cursorIn } from './cursor.ts'
import { type Source, sourceOf } from './sources.ts'

export interface Candidate {
  readonly value: string
  readonly description: string
}

export type Completion =
  | { readonly kind: 'files' }
  /** `isOpen`: what is chosen is gone on with, so that no space follows. */
  | { readonly kind: 'words'; readonly words: readonly Candidate[]; readonly isOpen: boolean }

/**
 * What may stand under the cursor, which is in the last word. Everything is read from the verbs' own definitions; names of what
 * there is are asked of the controller. Nobody who answers, or nobody in time, is nothing to complete with.
 */
export async function complete(program: Command, terminal: Terminal, words: readonly string[], deadlineMs: number): Promise<Completion> {
  const cursor = cursorIn(program, words)
  switch (cursor.at.kind) {
    case 'option':
      return matching(cursor, optionsOf(cursor))
    case 'value':
      return values(cursor, terminal, cursor.at.of, deadlineMs)
    case 'operand': {
      const verbs = cursor.operands.length > 0 ? [] : verbsOf(cursor.command)
      if (verbs.length > 0) return matching(cursor, verbs)
      return cursor.at.argument === null ? matching(cursor, []) : values(cursor, terminal, cursor.at.argument, deadlineMs)
    }
  }
}

function verbsOf(command: Command): readonly Candidate[] {
  return command
    .createHelp()
    .visibleCommands(command)
    .map((each) => ({ value: each.name(), description: each.description() }))
}

function optionsOf({ command, given }: Cursor): readonly Candidate[] {
  const again = (option: Option) => option.variadic || Array.isArray(option.defaultValue)
  return command
    .createHelp()
    .visibleOptions(command)
    .filter((option) => !given.has(option) || again(option))
    .map(({ long, short, description }) => ({ value: long ?? short ?? '', description }))
}

async function values(cursor: Cursor, terminal: Terminal, of: Argument | Option, deadlineMs: number): Promise<Completion> {
  const { typed, command, operands, context } = cursor
  const choices = of.argChoices
  const [, kind] = /^([a-z-]+)\//.exec(typed) ?? []
  // `KIND/NAME` in one word: where a kind is chosen, and where a game may be named so.
  if (kind !== undefined && choices !== undefined) return names(cursor, terminal, sourceOf('name', command.name(), [kind]), `${kind}/`)
  if (choices !== undefined) return matching(cursor, choices.map(bare))
  const name = nameOf(of)
  const slash = kind === 'game' && name === 'game' ? 'game/' : ''
  return names(cursor, terminal, sourceOf(name, command.name(), operands), slash)

  async function names(at: Cursor, asked: Terminal, source: Source | null, before: string): Promise<Completion> {
    if (source?.kind === 'files') return { kind: 'files' }
    const found = source === null ? [] : await candidatesOf(source, asked, context, deadlineMs)
    return matching(
      at,
      found.map((candidate) => ({ ...candidate, value: `${before}${candidate.value}` })),
    )
  }
}

/** `game` of `<game...>`: of an argument, and of an option's value. */
export function nameOf(of: Argument | Option): string {
  return 'flags' in of ? (/[<[]([\w-]+)[^>\]]*[>\]]/.exec(of.flags)?.[1] ?? '') : of.name()
}

async function candidatesOf(
  source: Exclude<Source, { kind: 'files' }>,
  terminal: Terminal,
  context: string | null,
  deadlineMs: number,
): Promise<readonly Candidate[]> {
  try {
    switch (source.kind) {
      case 'words':
        return source.words.map(bare)
      case 'contexts': {
        const { known } = await readContexts(terminal.env)
        return [LOCAL, ...known.keys()].map(bare)
      }
      case 'asked': {
        const client = await openClientFor(terminal, context)
        return await source.ask(client, AbortSignal.timeout(deadlineMs))
      }
    }
  } catch {
    return []
  }
}

function bare(value: string): Candidate {
  return { value, description: '' }
}

function matching({ typed, prefix }: Cursor, candidates: readonly Candidate[]): Completion {
  const words = candidates
    .filter(({ value }) => value.startsWith(typed))
    .map(({ value, description }) => ({ value: `${prefix}${plain(value)}`, description: plain(description) }))
  return { kind: 'words', words, isOpen: words.length > 0 && words.every(({ value }) => value.endsWith('=')) }
}
