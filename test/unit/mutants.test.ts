import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { MUTANTS } from '../../script/mutations/mutants.ts'

describe('the planted defects of `npm run mutations`', () => {
  it.each(MUTANTS)('$name: is found once in the source as it is', async ({ file, find, replace }) => {
    const text = await readFile(join(import.meta.dirname, '../..', file), 'utf8')
    expect(text.split(find)).toHaveLength(2)
    expect(replace).not.toBe(find)
  })
})
