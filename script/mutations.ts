// `npm run mutations -- [--only TEXT]`: plants one defect after the other in a copy of the project and shows which test catches it, the quick
// suites first. Ends with 0 when every defect is caught, 1 when one is not, 2 when it could not be tried.
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { copyProject, type ProjectCopy } from './mutations/copy.ts'
import { type Mutant, MUTANTS } from './mutations/mutants.ts'
import { runSuite } from './mutations/suite.ts'

const SUITES = ['unit', 'chaos', 'integration', 'e2e'] as const

const { values } = parseArgs({ options: { only: { type: 'string', default: '' } } })
const abort = new AbortController()
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, () => abort.abort(new Error(`interrupted by ${name}`)))

try {
  process.exitCode = await main(MUTANTS.filter(({ name }) => name.includes(values.only)))
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 2
}

async function main(mutants: readonly Mutant[]): Promise<number> {
  if (mutants.length === 0) throw new Error(`no mutant's name has "${values.only}" in it`)
  const copy = await copyProject(fileURLToPath(new URL('..', import.meta.url)))
  try {
    const sound = new Set<string>()
    let caught = 0
    for (const mutant of mutants) if (await tryMutant(copy, mutant, sound)) caught += 1
    process.stdout.write(`\n${mutants.length} mutants, ${caught} caught, ${mutants.length - caught} missed\n`)
    return caught === mutants.length ? 0 : 1
  } finally {
    await copy.remove()
  }
}

/** The quick suite first; each other one only where those before it miss. */
async function tryMutant(copy: ProjectCopy, mutant: Mutant, sound: Set<string>): Promise<boolean> {
  process.stdout.write(`${mutant.name} (${mutant.breaks})\n`)
  for (const suite of SUITES) {
    if (!sound.has(suite)) await assertSound(copy, suite)
    sound.add(suite)
    const verdict = await copy.withMutant(mutant, () => runSuite(copy.dir, suite, abort.signal))
    process.stdout.write(`  ${suite.padEnd(11)}  ${verdict.kind === 'failed' ? `caught by ${verdict.by}` : 'missed'}\n`)
    if (verdict.kind === 'failed') return true
  }
  return false
}

/** A suite that fails without a defect would catch every one. */
async function assertSound({ dir }: ProjectCopy, suite: string): Promise<void> {
  const verdict = await runSuite(dir, suite, abort.signal)
  if (verdict.kind === 'failed') throw new Error(`without any mutant, ${suite} fails already: ${verdict.by}`)
}
