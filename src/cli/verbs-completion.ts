import { Argument, type Command } from 'commander'
import type { Shell } from './completion/scripts.ts'
import { printLine, type Terminal } from './terminal.ts'

const SHELLS = ['bash', 'zsh'] as const

/** Longer than that nobody waits for a Tab. */
const DEADLINE_MS = 300

/** `galaxy completion`, and what its scripts ask. */
export function addCompletionVerbs(program: Command, terminal: Terminal): void {
  program
    .command('completion')
    .description(
      'print what makes the shell complete verbs, options and the names of games; for this shell: source <(galaxy completion bash)',
    )
    .addArgument(new Argument('<shell>', 'the shell').choices(SHELLS))
    .action(async (shell: Shell) => {
      const { completionScript } = await import('./completion/scripts.ts')
      terminal.stdout.write(completionScript(shell))
    })
  program
    .command('__complete', { hidden: true })
    .argument('[words...]')
    .action(async (words: string[]) => {
      const { complete } = await import('./completion/candidates.ts')
      const found = await complete(program, terminal, words, DEADLINE_MS)
      printLine(terminal, found.kind === 'files' ? 'files' : found.isOpen ? 'open' : 'words')
      if (found.kind === 'words') for (const { value, description } of found.words) printLine(terminal, `${value}\t${description}`)
    })
}
