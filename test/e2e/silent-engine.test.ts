import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createDeployment, type Deployment } from '../support/deployment.ts'
import { playedGames } from '../support/played-games.ts'
import { registerReferenceEngine } from '../support/reference-engine.ts'
import { until } from '../support/until.ts'

describe('an engine that served and then is silent', () => {
  let deployment: Deployment

  beforeAll(async () => {
    const quickly = { 'timings.probeInterval': '200ms', 'timings.probeTimeout': '200ms', 'timings.probeRestartAfter': '12' }
    deployment = await createDeployment(quickly)
    await registerReferenceEngine(deployment)
    await deployment.start()
  }, 120_000)
  afterAll(() => deployment.dispose())

  it('is unreachable after three misses, and serves again at its next answer', async () => {
    const pid = await running('brief')
    process.kill(pid, 'SIGSTOP')
    await deployment.untilStatus('brief', 'engine_unreachable')
    process.kill(pid, 'SIGCONT')
    await deployment.untilStatus('brief', 'running')
    expect(await events('brief')).toEqual(['container_started', 'probe_failed', 'probe_recovered'])
  })

  it('is restarted when it stays so, where that is configured, and goes on with its game', async () => {
    process.kill(await running('long'), 'SIGSTOP')
    await until(
      () => playedGames(deployment).log('long'),
      (log) => log.includes('restart/crash_restart succeeded'),
      'it is restarted',
    )
    await deployment.untilStatus('long', 'running')
    expect(await events('long')).toEqual(expect.arrayContaining(['container_started', 'probe_failed']))
    expect(await deployment.query("SELECT current_turn FROM runtime_records WHERE game_id = 'long'")).toEqual([{ current_turn: 0 }])
  })

  /** @returns the engine's process on this host */
  async function running(gameId: string): Promise<number> {
    await playedGames(deployment).want(gameId, { engine: 'reference' })
    await deployment.untilStatus(gameId, 'running')
    const found = (await deployment.containers()).find(({ Labels }) => Labels['com.galaxy.game_id'] === gameId)
    const { State } = await deployment.docker.getContainer(found?.Id ?? '').inspect()
    // Its first process is Docker's init, which passes no SIGSTOP on.
    const children = await readFile(`/proc/${State.Pid}/task/${State.Pid}/children`, 'utf8')
    const pid = Number(children.trim().split(' ')[0])
    if (!(pid > 1)) throw new Error(`no engine below process ${State.Pid}`)
    return pid
  }

  async function events(gameId: string): Promise<readonly string[]> {
    const rows = await deployment.query<{ type: string }>('SELECT type FROM health_events WHERE game_id = $1 ORDER BY id', [gameId])
    return rows.map(({ type }) => type)
  }
})
