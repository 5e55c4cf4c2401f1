import { glob, readFile } from 'node:fs/promises'
import path from 'node:path'
import { FAULT_ROWS } from './fault-rows.ts'
import { type FaultTest, faultTestsIn, type World } from './fault-tests.ts'

const HEAD = `# Faults

Generated from the tests' names by \`npm run generate\`, which fails when a row has no test. Real: a real daemon, Postgres, engine or process. Simulator: the
whole controller, or its Docker adapter, on the [Docker simulator](simulator.md). Both: the row has tests of either kind, or one that runs on either. In memory: pure code, or an adapter
against recorded answers. How a test gets here is told in [CONTRIBUTING.md](../CONTRIBUTING.md#fault-table).

`

/**
 * The document about the fault table.
 *
 * @param root the project's folder, with a slash at its end
 * @throws {Error} naming the rows that no test is named after
 */
export async function faultTable(root: string): Promise<string> {
  const tests = await allFaultTests(root)
  const unknown = tests.find(({ rows }) => rows.some((row) => row < 1 || row > FAULT_ROWS.length))
  if (unknown !== undefined) throw new Error(`${unknown.file}: “${unknown.name}” is named after a row that does not exist`)
  const rows = FAULT_ROWS.map((fault, index) => ({ row: index + 1, fault, tests: tests.filter((test) => test.rows.includes(index + 1)) }))
  const bare = rows.filter((each) => each.tests.length === 0)
  if (bare.length > 0) throw new Error(`docs/faults.md: no test is named after row ${bare.map(({ row }) => row).join(', ')}`)
  return `${HEAD}${summary(rows)}\n${rows.map(section).join('\n')}`
}

interface Row {
  readonly row: number
  readonly fault: string
  readonly tests: readonly FaultTest[]
}

async function allFaultTests(root: string): Promise<readonly FaultTest[]> {
  const files = await Array.fromAsync(glob('test/**/*.ts', { cwd: root }))
  const each = files.sort().map(async (file) => faultTestsIn(file.split(path.sep).join('/'), await readFile(path.join(root, file), 'utf8')))
  return (await Promise.all(each)).flat()
}

function summary(rows: readonly Row[]): string {
  const lines = rows.map(({ row, fault, tests }) => {
    const on = (...worlds: readonly World[]) => tests.filter(({ world }) => worlds.includes(world)).length
    return `| ${row} | ${fault} | ${coverage(tests)} | ${on('real', 'both')} | ${on('simulator', 'both')} | ${on('in memory')} |\n`
  })
  return `| row | fault | covered | real | simulator | in memory |\n| --- | --- | --- | --- | --- | --- |\n${lines.join('')}`
}

function coverage(tests: readonly FaultTest[]): World {
  const worlds = new Set(tests.map(({ world }) => world))
  if (worlds.has('both') || (worlds.has('real') && worlds.has('simulator'))) return 'both'
  if (worlds.has('real')) return 'real'
  return worlds.has('simulator') ? 'simulator' : 'in memory'
}

function section({ row, fault, tests }: Row): string {
  const lines = tests.map(({ world, file, name }) => `- ${world}: \`${file}\` ${readable(name)}\n`)
  return `## ${row}: ${fault}\n\n${lines.join('')}`
}

/** What a table of cases or a variable fills in is shown as an ellipsis; what Markdown would take for markup, as it is. */
function readable(name: string): string {
  return name.replaceAll(/%[sioj]|\$\{[^}]*\}|\$\w+/g, '…').replaceAll(/[<>*_]/g, String.raw`\$&`)
}
