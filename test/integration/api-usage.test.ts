import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { connectClient } from '../../src/cli/client.ts'
import { top } from '../../src/cli/top.ts'
import type { GameUsage } from '../../src/model/usage.ts'
import { recordedTerminal } from '../support/recorded-terminal.ts'
import { until } from '../support/until.ts'
import { type ApiUnderTest, startApiUnderTest } from './api-server.ts'

let api: ApiUnderTest
beforeEach(async () => {
  api = await startApiUnderTest()
  const startMs = Date.now()
  const readings = [reading('idle', 0, 64), reading('busy', 0.5, 8)]
  // Each reading is as long after the one before as time has passed.
  Object.defineProperty(api.view, 'usages', { get: () => readings.map((read) => read(startMs)) })
})
afterEach(() => api.stop())

/** One that uses so much of a core all the time. */
function reading(game: string, cores: number, memoryMi: number): (startMs: number) => GameUsage {
  return (startMs) => ({
    game,
    containerId: `container-of-${game}`,
    cpuSeconds: (cores * (Date.now() - startMs)) / 1_000,
    memoryBytes: memoryMi * 1024 ** 2,
    memoryLimitBytes: 256 * 1024 ** 2,
    pids: 3,
    receivedBytes: 0,
    sentBytes: 0,
    readAt: new Date(),
  })
}

describe('GET usage', () => {
  it('tells what each game has used so far', async () => {
    expect(await api.call('GET', '/api/v1/usage')).toMatchObject({
      status: 200,
      body: {
        kind: 'UsageList',
        items: [{ game: 'idle', memoryBytes: 67_108_864, readAt: expect.stringMatching(/^20/) }, { game: 'busy' }],
      },
    })
    api.view.leads = false
    expect(await api.call('GET', '/api/v1/usage')).toMatchObject({ status: 503, body: { code: 'service_unavailable' } })
  })

  it('asks Docker once for all who ask at the same time', async () => {
    const { usage } = api.view
    const gate = Promise.withResolvers<void>()
    api.view.usage = async function (this: typeof api.view) {
      await gate.promise
      return usage.call(this)
    }
    const asked = Array.from({ length: 20 }, () => api.call('GET', '/api/v1/usage'))
    setTimeout(gate.resolve, 200)
    expect((await Promise.all(asked)).map(({ status }) => status)).toEqual(asked.map(() => 200))
    expect(api.view.usagesAsked).toBeLessThanOrEqual(2)
  })
})

describe('galaxy top', () => {
  const run = (terminal: ReturnType<typeof recordedTerminal>, more: { names?: readonly string[]; signal?: AbortSignal } = {}) =>
    top(terminal, connectClient(api), { names: [], sortBy: 'cpu', output: 'table', isRedrawn: terminal.isStdoutTty, everyMs: 50, ...more })

  it('prints once where there is no terminal, the busiest first', async () => {
    const terminal = recordedTerminal()
    await run(terminal)
    const [head = '', busy = '', idle = ''] = terminal.printed().split('\n')
    expect(head).toMatch(/^NAME +CPU +MEMORY +LIMIT +PIDS/)
    expect(Number(/^busy +(\d+\.\d)% +8Mi +256Mi +3 /.exec(busy)?.[1])).toBeGreaterThan(10)
    expect(idle).toMatch(/^idle +0\.0% +64Mi/)
  })

  it('prints the named ones alone', async () => {
    const terminal = recordedTerminal()
    await run(terminal, { names: ['idle'] })
    expect(terminal.printed()).not.toContain('busy')
  })

  it('is drawn anew in its place on a terminal, until it is ended', async () => {
    const terminal = recordedTerminal({ isStdoutTty: true, columns: 100, rows: 20 })
    const stop = new AbortController()
    const running = run(terminal, { signal: stop.signal })
    await until(
      () => terminal.printed().split('\u001b[3A').length,
      (count) => count >= 3,
      'it is drawn thrice',
    )
    stop.abort()
    await running
  })
})
