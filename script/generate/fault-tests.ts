import { basename } from 'node:path'

/** What a test runs on: a real daemon, server or process; the Docker simulator; the same test on either; or nothing outside its process. */
export type World = 'real' | 'simulator' | 'both' | 'in memory'

/** A test, or a block of tests, that is named after rows of the fault table. */
export interface FaultTest {
  readonly rows: readonly number[]
  /** Relative to the project's root. */
  readonly file: string
  /** With the block that it stands in, without its rows. */
  readonly name: string
  readonly world: World
}

/** The name as the first argument of `it`, `describe` or their like, or of what `each` gave. `it.skip` and `it.todo` are no tests. */
const TITLE = /^( *)(?:.*\)|it|describe|describeOnEachPostgres)\(\s*(['"`])((?:\\.|(?!\2).)+)\2,/gm

const ROWS = /^rows? (\d+(?:, \d+)*(?: and \d+)?)(?: and [^:]*)?: (.+)$/

/**
 * @param file a test file's path from the project's root
 * @throws {Error} on a name that begins like one of a row and is none, and on a file whose place belies what it runs on
 */
export function faultTestsIn(file: string, text: string): readonly FaultTest[] {
  const found = titlesIn(text).flatMap(({ title, block }): readonly FaultTest[] => {
    if (!/^rows? \d/i.test(title)) return []
    const [, rows, name] = ROWS.exec(title) ?? []
    if (rows === undefined || name === undefined) throw new Error(`${file}: “${title}” does not begin with “row N: ” or “rows N and M: ”`)
    return [{ rows: numbersIn(rows), file, name: block === null ? name : `${block} › ${name}`, world: worldOf(file) }]
  })
  if (found.some(({ world }) => world === 'real') && /^import .*\/simulat[^/]*\.ts'$/m.test(text))
    throw new Error(`${file} imports the simulator, and its name does not begin with “simulated-”`)
  return found
}

/** By place alone, so that who reads the name of a file knows (CONTRIBUTING.md, "Fault table"). */
export function worldOf(file: string): World {
  if (file.endsWith('-contract.ts')) return 'both'
  if (file.startsWith('test/chaos/') || basename(file).startsWith('simulat')) return 'simulator'
  return file.startsWith('test/unit/') ? 'in memory' : 'real'
}

interface Title {
  readonly title: string
  /** The innermost block around it; null at the file's top. */
  readonly block: string | null
}

function titlesIn(text: string): readonly Title[] {
  const around: { readonly indent: number; readonly title: string }[] = []
  const titles: Title[] = []
  for (const [matched, indentation = '', , quoted = ''] of text.matchAll(TITLE)) {
    const indent = indentation.length
    while ((around.at(-1)?.indent ?? -1) >= indent) around.pop()
    const title = quoted.replaceAll(/\\(.)/g, '$1')
    titles.push({ title, block: around.at(-1)?.title.replace(ROWS, '$2') ?? null })
    if (matched.trimStart().startsWith('describe')) around.push({ indent, title })
  }
  return titles
}

function numbersIn(rows: string): readonly number[] {
  return rows.split(/, | and /).map(Number)
}
