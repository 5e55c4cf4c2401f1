import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type GuideDeployment, startGuideDeployment } from '../support/guides/deployment.ts'
import { type Block, codeBlocks, missingLine, shownOutput } from '../support/guides/markdown.ts'
import { runInShell } from '../support/guides/shell.ts'

/** What a test can't do, and the reason. */
const BY_HAND: Readonly<Record<string, string>> = {
  'npm start': 'the test starts the deployment itself, on the simulator',
  'npm start -- --simulate': 'likewise',
  'npm run down': 'it would end what the other guides run on; test/e2e/down.test.ts',
  'npx galaxy logs settlers': 'the simulator’s containers print nothing; test/e2e/logs.test.ts',
}

let deployment: GuideDeployment
beforeAll(async () => {
  deployment = await startGuideDeployment()
})
afterAll(() => deployment?.stop())

describe('the commands of the documents, as they stand there', () => {
  it.each(['docs/guides/operator.md', 'docs/guides/lobby-developer.md', 'docs/guides/engine-author.md'])(
    '%s leads its reader through, and shows what is printed',
    async (file) => {
      const blocks = await codeBlocks(file)
      await expectToRun(blocks, file)
      for (const { info, text } of blocks.filter(({ info }) => info.startsWith('sh ')))
        expect(Object.keys(BY_HAND), `${info} in ${file}`).toContain(text.trim())
    },
  )
})

async function expectToRun(blocks: readonly Block[], file: string): Promise<void> {
  const commands = blocks.flatMap((block, index) => (block.info === 'sh' ? [{ ...block, shown: shownOutput(blocks, index) }] : []))
  const { env, folder, address } = deployment
  const ran = await runInShell(
    commands.map(({ text }) => text.replaceAll(/127\.0\.0\.1:742[01]/g, address)),
    env,
    folder,
  )
  commands.forEach(({ line, text, shown }, index) => {
    const { output = '', succeeded = false } = ran[index] ?? {}
    expect(succeeded, `${file}:${line}\n${text}\nprinted\n${output}`).toBe(true)
    const missing = shown === null ? null : missingLine(shown.replaceAll(/127\.0\.0\.1:742[01]/g, address), output)
    expect(missing, `not printed by ${file}:${line}\n${text}\nbut\n${output}`).toBeNull()
  })
}
