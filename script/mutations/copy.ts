import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import type { Mutant } from './mutants.ts'

/** A copy of the project that may be damaged. */
export interface ProjectCopy {
  readonly dir: string
  /** Plants the defect, runs `work` and mends it. @throws Error when the mutant's text is not there exactly once */
  withMutant<T>(mutant: Mutant, work: () => Promise<T>): Promise<T>
  remove(): Promise<void>
}

/** Copies what git knows or would take; the installed packages are shared. */
export async function copyProject(root: string): Promise<ProjectCopy> {
  const dir = await mkdtemp(path.join(tmpdir(), 'galaxy-mutations-'))
  for (const file of await projectFiles(root)) {
    await mkdir(path.dirname(path.join(dir, file)), { recursive: true })
    await cp(path.join(root, file), path.join(dir, file))
  }
  await symlink(path.join(root, 'node_modules'), path.join(dir, 'node_modules'))
  return {
    dir,
    withMutant: (mutant, work) => withMutant(dir, mutant, work),
    remove: () => rm(dir, { recursive: true }),
  }
}

async function projectFiles(root: string): Promise<readonly string[]> {
  const args = ['ls-files', '--cached', '--others', '--exclude-standard', '-z']
  const { stdout } = await promisify(execFile)('git', args, { cwd: root, maxBuffer: 2 ** 24 })
  return stdout.split('\0').filter((file) => file !== '')
}

async function withMutant<T>(dir: string, { name, file, find, replace }: Mutant, work: () => Promise<T>): Promise<T> {
  const target = path.join(dir, file)
  const sound = await readFile(target, 'utf8')
  const places = sound.split(find).length - 1
  if (places !== 1) throw new Error(`mutant "${name}": its text is in ${file} ${places} times; it has to be there once`)
  await writeFile(
    target,
    sound.replace(find, () => replace),
  )
  try {
    return await work()
  } finally {
    await writeFile(target, sound)
  }
}
