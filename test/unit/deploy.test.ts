import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { listSettings } from '../../src/config/schema.ts'

// What deploy/ ships, held to the settings that there are, to the guide and to the release.

const read = (file: string): Promise<string> => readFile(new URL(`../../${file}`, import.meta.url), 'utf8')
const [compose, unit, dockerfile, guide] = await Promise.all([
  read('deploy/compose.yaml'),
  read('deploy/galaxy-controller.service'),
  read('deploy/Dockerfile'),
  read('docs/installing.md'),
])
const { version } = z.object({ version: z.string() }).parse(JSON.parse(await read('package.json')))
const composeSchema = z.object({ services: z.object({ controller: z.object({ environment: z.record(z.string(), z.string()) }) }) })

const given = {
  'compose.yaml': Object.keys(composeSchema.parse(parse(compose)).services.controller.environment),
  'galaxy-controller.service': namesIn(unit, /^Environment=(\w+)=/gm),
  Dockerfile: namesIn(dockerfile, /(GALAXY_\w+)=/g),
}

describe('deploy/', () => {
  it.each(Object.entries(given))('%s gives the program settings that it has', (_, names) => {
    const known = new Set([...listSettings().map(({ meta }) => meta.env), 'HOME'])
    expect(names).not.toEqual([])
    expect(names.filter((name) => !known.has(name))).toEqual([])
  })

  it.each(namesIn(compose, /\$\{(\w+)/g))('compose.yaml takes %s, which the guide tells', (name) => {
    expect(guide).toContain(name)
  })

  it('names this release', () => {
    expect(compose).toContain(`galaxy-runtime:${version}}`)
    expect(new Set(namesIn(guide, /galaxy-runtime[:-](\d+\.\d+\.\d+)/g))).toEqual(new Set([version]))
  })
})

function namesIn(text: string, pattern: RegExp): readonly string[] {
  return [...new Set([...text.matchAll(pattern)].map(([, name = '']) => name))]
}
