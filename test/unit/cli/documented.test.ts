import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { galaxy } from '../../support/galaxy.ts'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))

describe('the commands that the documents name in passing', () => {
  it('are verbs and flags that the program has', async () => {
    const documents = ['README.md', ...(await markdownIn('docs')), ...(await markdownIn('docs/guides'))]
    const unknown: string[] = []
    for (const document of documents) {
      const text = await readFile(path.join(ROOT, document), 'utf8')
      for (const [, command = ''] of text.matchAll(/`(?:npx )?galaxy ([a-z][^`]*)`/g))
        if (!(await isKnown(command))) unknown.push(`${document}: galaxy ${command}`)
    }
    expect(unknown).toEqual([])
  })
})

const GROUPS = ['context', 'outbox', 'token', 'version']

/** By the help of its verb: that verb is there, and tells of each flag. */
async function isKnown(command: string): Promise<boolean> {
  const [verb = '', sub = ''] = command.split(/[\s[]+/)
  const known = await helpOf(GROUPS.includes(verb) && /^[a-z]+$/.test(sub) ? [verb, sub] : [verb])
  const flags = [...command.matchAll(/(?<=[\s[])--?[a-z][a-z-]*/g)].map(([flag]) => flag)
  return known !== null && flags.every((flag) => new RegExp(`(^|[\\s,])${flag}(?![a-z-])`, 'm').test(known))
}

const helps = new Map<string, Promise<string | null>>()

function helpOf(words: readonly string[]): Promise<string | null> {
  const key = words.join(' ')
  // Of a word that is no verb the program tells its own help.
  const asked = () =>
    galaxy([...words, '--help'], {}, ROOT).then(({ stdout }) =>
      withoutAliases(stdout).startsWith(`Usage: galaxy ${key} `) ? stdout : null,
    )
  const known = helps.get(key) ?? asked()
  helps.set(key, known)
  return known
}

/** A verb may have a second name: `list|ls`. */
function withoutAliases(help: string): string {
  return help.replace(/^Usage: .*/, (usage) => usage.replaceAll(/\|[a-z]+/g, ''))
}

async function markdownIn(folder: string): Promise<readonly string[]> {
  return (await readdir(path.join(ROOT, folder))).filter((file) => file.endsWith('.md')).map((file) => `${folder}/${file}`)
}
