import { Readable, Writable } from 'node:stream'
import { runCli } from '../../src/cli/program.ts'
import type { DockerAddress } from '../../src/local/docker-address.ts'

export interface CliAnswer {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs `galaxy ARGS` in this process, without a terminal, with nothing but this environment. */
export async function galaxy(args: readonly string[], env: NodeJS.ProcessEnv, cwd: string): Promise<CliAnswer> {
  const texts = { stdout: '', stderr: '' }
  const into = (name: keyof typeof texts) =>
    new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        texts[name] += chunk.toString()
        done()
      },
    })
  const code = await runCli(args, {
    env,
    cwd,
    stdin: Readable.from([]),
    stdout: into('stdout'),
    stderr: into('stderr'),
    isStdoutTty: false,
    isStderrTty: false,
    columns: null,
  })
  return { code, ...texts }
}

/** As it stands in `DOCKER_HOST`. */
export function dockerHost(address: DockerAddress): string {
  return address.kind === 'socket' ? `unix://${address.socketPath}` : `tcp://${address.host}:${address.port}`
}
