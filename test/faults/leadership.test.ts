import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { manyGames, type ManyGames } from '../e2e/many-games.ts'
import { createDeployment, type Deployment } from '../support/deployment.ts'
import { type DockerHistory, recordHistory } from '../support/docker-history.ts'
import { type EpochHistory, recordEpochs } from '../support/epochs.ts'
import { recordTerms, type TermHistory } from '../support/terms.ts'
import { until } from '../support/until.ts'

const LEASE_MS = 2_000
const RENEW_MS = 300
const TAKEOVERS = 10
const FLAPS = 100
const PATCHES = 5

/** Real processes on one database and one Docker; times are the database's. */
describe('leadership among controllers', () => {
  let deployment: Deployment
  let history: DockerHistory
  let games: ManyGames
  let epochs: EpochHistory
  let terms: TermHistory

  beforeEach(async () => {
    deployment = await createDeployment({ 'timings.lease': `${LEASE_MS}ms`, 'timings.leaseRenew': `${RENEW_MS}ms` })
    epochs = await recordEpochs(deployment)
    terms = await recordTerms(deployment)
    history = await recordHistory(deployment.docker, deployment.config.instance)
    games = manyGames(5, deployment, history)
  })
  afterEach(async () => {
    await history.stop()
    await deployment.dispose()
  })

  it.each(['SIGKILL', 'SIGTERM'] as const)(
    `row 42: ${TAKEOVERS} holders ended by %s are each followed within the lease time`,
    async (signal) => {
      let holder = deployment.spawn()
      await terms.begun(1)
      await games.start()
      await games.allRun('1.0.0')
      const tookMs: number[] = []
      for (let takeover = 1; takeover <= TAKEOVERS; takeover += 1) {
        const standby = deployment.spawn()
        await contending(2)
        const ended = once(holder, 'exit')
        const endedAtMs = await terms.nowMs()
        holder.kill(signal)
        tookMs.push((await terms.begun(takeover + 1)) - endedAtMs)
        await ended
        holder = standby
      }
      const sorted = tookMs.toSorted((a, b) => a - b)
      process.stdout.write(
        `takeover after ${signal}: median ${Math.round(sorted[sorted.length / 2] ?? 0)} ms, max ${Math.round(sorted.at(-1) ?? 0)} ms of ${TAKEOVERS}\n`,
      )
      // The rest of the lease, and until the standby asks again; a holder that is told to end gives it back.
      expect(Math.max(...tookMs)).toBeLessThanOrEqual(LEASE_MS + RENEW_MS)
      if (signal === 'SIGTERM') expect(Math.max(...tookMs)).toBeLessThanOrEqual(LEASE_MS / 2)
      expect(history.count('die')).toBe(0)
      await games.patch('1.0.1')
      await games.allRun('1.0.1')
      await games.everythingOnce()
      expect(await epochs.staleWrites()).toEqual([])
    },
  )

  it(`row 42: leadership that changes ${FLAPS} times in the middle of starts and patches: every operation once`, async () => {
    const controllers: readonly ChildProcess[] = [deployment.spawn(), deployment.spawn()]
    await contending(controllers.length)
    await terms.begun(1)
    await games.start()
    let wished = 0
    for (let flap = 1; flap <= FLAPS; flap += 1) {
      const latest = await terms.latest()
      await deployment.query("UPDATE controller_leases SET expires_at = '-infinity'")
      await terms.begun(latest + 1)
      await new Promise((resolve) => setTimeout(resolve, 50 * (flap % 5)))
      if (flap % Math.ceil(FLAPS / PATCHES) === 0 || wished === 0) {
        await games.allRun(version(wished))
        wished += 1
        await games.patch(version(wished))
      }
    }
    await games.allRun(version(wished))
    expect(await operations()).toEqual({
      'start succeeded': games.count,
      'patch succeeded': games.count * wished,
    })
    expect(history.mostAtOnce()).toBe(1)
    expect(history.count('create')).toBe(games.count * (1 + wished))
    expect(history.count('destroy')).toBe(games.count * wished)
    expect(await deployment.query('SELECT FROM operation_actions WHERE outcome IS NULL')).toEqual([])
    expect(await epochs.staleWrites()).toEqual([])
    expect(await terms.holders()).toBe(controllers.length)
    process.stdout.write(`flaps: ${FLAPS}, operations ${games.count * (1 + wished)}, each once\n`)
  })

  it('row 42: two controllers started at the same moment, five times: every operation once', async () => {
    for (let round = 0; round < 5; round += 1) {
      const both = [deployment.spawn(), deployment.spawn()]
      if (round === 0) await games.start()
      else await games.patch(version(round))
      await games.allRun(version(round))
      await Promise.all(
        both.map(async (each) => {
          const ended = once(each, 'exit')
          each.kill('SIGTERM')
          await ended
        }),
      )
    }
    expect(await operations()).toEqual({ 'start succeeded': games.count, 'patch succeeded': games.count * 4 })
    expect(history.mostAtOnce()).toBe(1)
    expect(await epochs.staleWrites()).toEqual([])
  })

  /** Waits until so many processes ask for the lease or hold it. */
  async function contending(count: number): Promise<void> {
    const sessions = () =>
      deployment.query("SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'drive-process'")
    await until(sessions, (rows) => rows.length >= count, `${count} processes contend`)
  }

  async function operations(): Promise<Readonly<Record<string, number>>> {
    const rows = await deployment.query<{ what: string; count: number }>(
      "SELECT op || coalesce('/' || op_detail, '') || ' ' || status AS what, count(*)::int FROM operation_log GROUP BY 1",
    )
    return Object.fromEntries(rows.map(({ what, count }) => [what, count]))
  }
})

function version(wish: number): string {
  return wish % 2 === 0 ? '1.0.0' : '1.0.1'
}
