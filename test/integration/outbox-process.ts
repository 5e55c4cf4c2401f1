// A deliverer in a process of its own, so that it can be killed. Arguments: database URL, webhook URL, secret.
import { openPool } from '../../src/database/pool.ts'
import { deliverOutbox } from '../../src/outbox/deliver.ts'

const [url = '', webhookUrl = '', secret = ''] = process.argv.slice(2)
deliverOutbox({
  db: openPool({ url, applicationName: 'killed-outbox', max: 2 }).db,
  url,
  webhook: { url: webhookUrl, secrets: [secret], timeoutMs: 10_000, maxAttempts: 12 },
  pollMs: 5_000,
  nowMs: Date.now,
  random: Math.random,
  onAttempt: () => undefined,
  onFault: (error) => process.stderr.write(`${String(error)}\n`),
  signal: new AbortController().signal,
})
