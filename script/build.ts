// `npm run build`: what is packed and installed, in `dist/`. It is laid out as a clone is, so that every file finds the others where it finds them there.
import { execFile } from 'node:child_process'
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { programFiles } from '../engine/image/program.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const dist = path.join(root, 'dist')

async function main(): Promise<void> {
  await rm(dist, { recursive: true, force: true })
  await Promise.all([compile('tsconfig.build.json'), compile('tsconfig.lobby.json')])
  await Promise.all([finishDeclarations(), copyEngine(), copyFolder('migrations'), copyFolder('manifests')])
  const { version } = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8')) as { version: string } // npm wants one
  await writeFile(path.join(dist, 'package.json'), `${JSON.stringify({ type: 'module', version })}\n`)
}

async function copyFolder(name: string): Promise<void> {
  await cp(path.join(root, name), path.join(dist, name), { recursive: true })
}

async function compile(project: string): Promise<void> {
  const tsc = path.join(root, 'node_modules', '.bin', 'tsc')
  await promisify(execFile)(process.execPath, [tsc, '--project', path.join(root, project)]).catch((error: Error & { stdout?: string }) => {
    throw new Error(`${project} does not compile:\n${error.stdout ?? error.message}`, { cause: error })
  })
}

/** tsc leaves `.ts` in the imports of declarations, which compilers older than ours refuse. */
async function finishDeclarations(): Promise<void> {
  const names = (await readdir(dist, { recursive: true })).filter((name) => name.endsWith('.d.ts'))
  for (const file of names.map((name) => path.join(dist, name))) {
    const text = await readFile(file, 'utf8')
    await writeFile(file, text.replaceAll(/(from ['"]\.[^'"]+)\.ts(['"])/g, '$1.js$2'))
  }
}

/** As it stands in the clone: the engine's images are made of its sources, and are the same ones by whichever program they are made. */
async function copyEngine(): Promise<void> {
  for (const { path: name, source } of await programFiles()) {
    const file = path.join(dist, 'engine', name)
    await mkdir(path.dirname(file), { recursive: true })
    await writeFile(file, source)
  }
}

await main()
