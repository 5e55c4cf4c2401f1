// `npm run image [-- --base REFERENCE] [--tag REFERENCE]`: the controller's container image. Without a base it needs no registry.
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFile, mkdir, mkdtemp, readFile, rename, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'
import { buildLocalBase } from './image/local-base.ts'

const root = fileURLToPath(new URL('..', import.meta.url))

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { base: { type: 'string' }, tag: { type: 'string' } } })
  const { version } = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8')) as { version: string } // npm wants one
  const tag = values.tag ?? `galaxy-runtime:${version}`
  const base = values.base ?? (await buildLocalBase(AbortSignal.timeout(300_000)))
  const context = await mkdtemp(path.join(tmpdir(), 'galaxy-image-'))
  try {
    await prepareContext(context)
    const options = ['--file', path.join(root, 'deploy', 'Dockerfile'), '--build-arg', `BASE=${base}`, '--build-arg', `VERSION=${version}`]
    await run('docker', ['build', '--quiet', ...options, '--tag', tag, context], root)
    process.stdout.write(`${tag}, around ${base}\n`)
  } finally {
    await rm(context, { recursive: true })
  }
}

/** What an installation holds, but for what only another Node or the embedded database needs. */
async function prepareContext(context: string): Promise<void> {
  await Promise.all(['data', 'links'].map((name) => mkdir(path.join(context, name), { mode: 0o755 })))
  await symlink('/opt/galaxy/bin/galaxy.mjs', path.join(context, 'links', 'galaxy'))
  const { stdout } = await promisify(execFile)('npm', ['pack', '--silent', '--pack-destination', context], { cwd: root })
  const archive = path.join(context, stdout.trim())
  await run('tar', ['-xzf', archive], context)
  await rm(archive)
  const program = path.join(context, 'program')
  await rename(path.join(context, 'package'), program)
  const lock = path.join(program, 'package-lock.json')
  await copyFile(path.join(root, 'package-lock.json'), lock)
  await run('npm', ['ci', '--silent', '--omit=dev', '--omit=optional', '--ignore-scripts'], program)
  // Only a clone has one.
  await rm(lock)
}

async function run(command: string, args: readonly string[], cwd: string): Promise<void> {
  const [code] = await once(spawn(command, args, { cwd, stdio: ['ignore', 'inherit', 'inherit'] }), 'exit')
  if (code !== 0) throw new Error(`${command} ${args[0]} ended with ${String(code)}`)
}

await main()
