import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

export const ROOT = fileURLToPath(new URL('../../..', import.meta.url))

export interface Block {
  /** What stands behind the fence, such as `sh by hand`; `indented` for a block without one. */
  readonly info: string
  readonly text: string
  /** Of its first line, from 1. */
  readonly line: number
}

/** The code of a document of the project's, in its order. Fences within fences are not known here. */
export async function codeBlocks(file: string): Promise<readonly Block[]> {
  const lines = (await readFile(path.join(ROOT, file), 'utf8')).split('\n')
  const blocks: { info: string; text: string; line: number }[] = []
  let fenced = false
  lines.forEach((line, index) => {
    const last = blocks.at(-1)
    if (line.startsWith('```')) {
      fenced = !fenced
      if (fenced) blocks.push({ info: line.slice(3).trim(), text: '', line: index + 2 })
    } else if (fenced && last !== undefined) last.text += `${line}\n`
    else if (/^ {4}\S/.test(line)) {
      if (last?.info === 'indented' && last.line + last.text.split('\n').length - 1 === index + 1) last.text += `${line.slice(4)}\n`
      else blocks.push({ info: 'indented', text: `${line.slice(4)}\n`, line: index + 1 })
    } else if (line.startsWith('    ') && last?.info === 'indented') last.text += `${line.slice(4)}\n`
  })
  return blocks
}

/** What the document shows right after a block as its output; null when it shows none. */
export function shownOutput(blocks: readonly Block[], index: number): string | null {
  const next = blocks[index + 1]
  return next?.info === 'text' ? next.text : null
}

/**
 * The first shown line that the output lacks, each being looked for behind the one before; null when it has them all. `…` stands for anything within a line, the
 * spaces beside it included, and any white space for any other.
 */
export function missingLine(shown: string, output: string): string | null {
  const lines = output.split('\n').map(squeezed)
  let from = 0
  for (const line of shown.split('\n').map(squeezed)) {
    if (line === '') continue
    const pattern = new RegExp(`^${line.split(/ ?… ?/).map(escaped).join('.*')}$`)
    const at = lines.findIndex((candidate, index) => index >= from && pattern.test(candidate))
    if (at === -1) return line
    from = at + 1
  }
  return null
}

function squeezed(line: string): string {
  return line.trim().replaceAll(/\s+/g, ' ')
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')
}
