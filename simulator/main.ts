// `node simulator/main.ts --socket PATH [--control PATH] [--setup FILE] [--real-time] [--until-stdin-ends]`: a Docker daemon without containers. docs/simulator.md
import { parseArgs } from 'node:util'
import { startSimulator } from './simulator.ts'
import { readSetup } from './setup.ts'

const USAGE = 'usage: node simulator/main.ts --socket PATH [--control PATH] [--setup FILE] [--real-time] [--until-stdin-ends]\n'

process.exitCode = await main()

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      socket: { type: 'string' },
      control: { type: 'string' },
      setup: { type: 'string' },
      'real-time': { type: 'boolean', default: false },
      // Ends with whoever holds the other end, however that one ends.
      'until-stdin-ends': { type: 'boolean', default: false },
    },
  })
  if (values.socket === undefined) {
    process.stderr.write(USAGE)
    return 64
  }
  const simulator = await startSimulator({
    socketPath: values.socket,
    controlPath: values.control ?? null,
    isRealTime: values['real-time'],
    setup: await readSetup(values.setup ?? null),
    onProblem: (message) => process.stderr.write(`${message}\n`),
  })
  process.stdout.write(`listening on ${values.socket}\n`)
  await new Promise<void>((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, () => resolve())
    if (values['until-stdin-ends'])
      process.stdin
        .on('close', () => resolve())
        .on('error', () => resolve())
        .resume()
  })
  await simulator.stop()
  return 0
}
