import { spawn } from 'node:child_process'

export interface Ran {
  readonly output: string
  /** False for the block in which a command failed or took too long, and for those behind it. */
  readonly succeeded: boolean
}

const MARK = '\u001e'
const TIMEOUT_MS = 90_000

/** Runs blocks one after the other in one bash, as a reader does who copies them: what one exports the next has. The first command that fails ends it. */
export async function runInShell(blocks: readonly string[], env: NodeJS.ProcessEnv, cwd: string): Promise<readonly Ran[]> {
  const script = ['set -e', 'exec 2>&1', ...blocks.map((block) => `printf '${MARK}'\n${block}`), `printf '${MARK}'`].join('\n')
  const printed = await outputOf(script, env, cwd)
  const [, ...parts] = printed.split(MARK)
  return blocks.map((_, index) => ({ output: parts[index] ?? '', succeeded: parts.length > index + 1 }))
}

function outputOf(script: string, env: NodeJS.ProcessEnv, cwd: string): Promise<string> {
  return new Promise((resolve, reject) => {
    // A group of its own, so that what a block left running can be ended with it.
    const shell = spawn('bash', ['-c', script], { cwd, env, stdio: ['ignore', 'pipe', 'ignore'], detached: true })
    const endAll = () => {
      try {
        if (shell.pid !== undefined) process.kill(-shell.pid, 'SIGKILL')
      } catch {
        // Nothing of it is left.
      }
    }
    const timer = setTimeout(endAll, TIMEOUT_MS)
    let printed = ''
    shell.stdout.on('data', (chunk: Buffer) => (printed += chunk.toString()))
    shell.once('error', reject)
    shell.once('exit', endAll)
    shell.once('close', () => {
      clearTimeout(timer)
      resolve(printed)
    })
  })
}
