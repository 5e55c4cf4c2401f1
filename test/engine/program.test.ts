import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { programEntries, programFiles } from '../../engine/image/program.ts'
import type { TarEntry } from '../../engine/image/tar.ts'

it('packs the engine as JavaScript whose imports name each other', async () => {
  const entries = await programEntries(await programFiles())
  const scripts = entries.filter(({ path }) => path.endsWith('.js'))
  expect(scripts.map(({ path }) => path)).toContain('engine/main.js')
  expect(entries.filter(({ path }) => path.endsWith('.ts') || path.startsWith('engine/image'))).toEqual([])

  const paths = new Set(scripts.map(({ path }) => path))
  for (const script of scripts) {
    const source = await textOf(script)
    expect(source).not.toMatch(/^(import type|export (type|interface)) /m)
    const imported = [...source.matchAll(/from\s+["'](\.[^"']+)["']/g)].map(([, target = '']) => target)
    for (const target of imported) expect(paths).toContain(new URL(target, `file:///${script.path}`).pathname.slice(1))
  }
})

it('packs it without a warning of Node on the operator’s screen', async () => {
  const program = new URL('../../engine/image/program.ts', import.meta.url).href
  const script = `const { programEntries, programFiles } = await import('${program}')
    console.log((await programEntries(await programFiles())).length > 20)`
  const { stdout, stderr } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script], { env: {} })
  expect([stdout, stderr]).toEqual(['true\n', ''])
})

async function textOf({ content }: TarEntry): Promise<string> {
  const chunks: Uint8Array[] = []
  for await (const chunk of content()) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}
