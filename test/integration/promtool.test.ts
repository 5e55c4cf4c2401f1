import { execFileSync, spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const EXAMPLES = fileURLToPath(new URL('../../monitoring/alerts.test.yaml', import.meta.url))
// Debian has it in its package prometheus.
const hasPromtool = spawnSync('promtool', ['--version']).status === 0

it.skipIf(!hasPromtool)('promtool finds that every alert fires in its example, and not before', () => {
  expect(execFileSync('promtool', ['test', 'rules', EXAMPLES], { encoding: 'utf8' })).toContain('SUCCESS')
})
