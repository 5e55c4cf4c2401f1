import type { Config } from '../config.ts'
import { checkController } from './doctor/controller.ts'
import { checkDatabase } from './doctor/database.ts'
import { checkDocker } from './doctor/docker.ts'
import { checkFolders } from './doctor/folders.ts'
import { type Finding, ok } from './doctor/finding.ts'
import { CliError } from './exit.ts'
import { paint, tableStyle, toText } from './output.ts'
import { SIMULATED } from './simulated.ts'
import { plain } from './table.ts'
import { printLine, type Terminal } from './terminal.ts'

export type DoctorOutput = 'table' | 'json' | 'yaml'

/**
 * `galaxy doctor`: looks at the controller and everything it stands on, and says what to do. Needs no controller; changes nothing
 * but a probe file that it removes.
 * @throws CliError, which makes the exit code 1, when something fails; a warning is none
 */
export async function doctor(terminal: Terminal, config: Config, output: DoctorOutput): Promise<void> {
  const database = await checkDatabase(config)
  const findings = [
    ...(config.simulate ? [ok('simulation', SIMULATED)] : []),
    await checkController(config),
    ...database.findings,
    ...(await checkDocker(terminal.env, config, database)),
    ...(await checkFolders(config)),
  ]
  if (output === 'table') printFindings(terminal, findings)
  else printLine(terminal, await toText(findings, output))
  const failed = findings.filter(({ level }) => level === 'fail').length
  if (failed > 0) throw new CliError(`${failed} of ${findings.length} checks failed`)
}

const MARK = { ok: 'ok  ', warn: 'warn', fail: 'FAIL', skip: 'skip' } as const
const COLOR = { ok: paint.green, warn: paint.yellow, fail: paint.red, skip: paint.dim } as const

function printFindings(terminal: Terminal, findings: readonly Finding[]): void {
  const { hasColor } = tableStyle(terminal, false)
  const width = Math.max(...findings.map(({ check }) => check.length))
  for (const { level, check, detail, advice } of findings) {
    const mark = hasColor ? COLOR[level](MARK[level]) : MARK[level]
    printLine(terminal, `${mark}  ${check.padEnd(width)}  ${plain(detail)}`)
    if (advice !== null) printLine(terminal, `${' '.repeat(width + 8)}→ ${plain(advice)}`)
  }
}
