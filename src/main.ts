import { runCli } from './cli/program.ts'

process.exitCode = await runCli(process.argv.slice(2), {
  env: process.env,
  cwd: process.cwd(),
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  isStdoutTty: process.stdout.isTTY === true,
  isStderrTty: process.stderr.isTTY === true,
  columns: process.stdout.columns ?? null,
  ...(process.stdout.rows !== undefined && { rows: process.stdout.rows }),
})
