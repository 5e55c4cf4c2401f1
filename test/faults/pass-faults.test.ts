import { mkdir, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { LABEL } from '../../src/model/labels.ts'
import { createDeployment } from '../support/deployment.ts'
import { createRig, type Rig } from '../support/fault-proxy/rig.ts'
import { type PlayedGames, playedGames } from '../support/played-games.ts'
import { until } from '../support/until.ts'

/** Rows of the specification's table of faults that hit one game's pass; the other games are not to notice. */
describe('a pass in which something goes wrong that nobody foresaw', () => {
  let rig: Rig
  let games: PlayedGames
  let others = 0

  beforeAll(async () => {
    rig = await createRig()
    games = playedGames(rig.deployment)
    await rig.deployment.query(`CREATE FUNCTION test_bug() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN RAISE EXCEPTION 'nobody foresaw this' USING ERRCODE = 'XX001'; END $$`)
  })
  afterAll(() => rig.dispose())

  it.each([
    ['operation_log', 'INSERT', 'before anything is done'],
    ['runtime_records', 'INSERT OR UPDATE', 'before anything is done'],
    ['operation_log', 'UPDATE', 'after its container was started'],
    ['health_events', 'INSERT', 'after its container was started'],
  ] as const)('row 49: thrown by a write to %s (%s), %s: it backs off alone, and is done once later', async (table, writes, when) => {
    const gameId = `row-49-${table.replaceAll('_', '-')}-${writes.toLowerCase().replaceAll(' ', '-')}`
    const trigger = `CREATE TRIGGER test_bug BEFORE ${writes} ON ${table} FOR EACH ROW WHEN (NEW.game_id = '${gameId}') EXECUTE FUNCTION test_bug()`
    await rig.deployment.query(trigger)
    await rig.ask(gameId)
    await othersGoOn()
    expect(await rig.containers(gameId)).toHaveLength(when === 'before anything is done' ? 0 : 1)
    const callsBefore = rig.docker.record.calls.filter((call) => call.gameId === gameId).length
    await othersGoOn()
    // Half a minute's pause, whatever woke it meanwhile: no tight loop.
    expect(rig.docker.record.calls.filter((call) => call.gameId === gameId).length - callsBefore).toBeLessThan(10)
    await rig.deployment.query(`DROP TRIGGER test_bug ON ${table}`)
    await rig.runs(gameId, '1.0.0', 45_000)
    expect(rig.docker.record.effects(gameId)).toEqual(['container_create', 'container_start'])
    expect(await rig.operations(gameId)).toEqual(['start succeeded'])
    await rig.comesToRest()
  })

  it('row 49: an answer of Docker that makes no sense: it backs off alone, and is done once later', async () => {
    const { lift } = rig.docker.inject({
      on: 'container_inspect',
      gameId: 'row-49-docker',
      times: 1_000,
      fault: { kind: 'answer', status: 200, body: '{"Id": 7}' },
    })
    await rig.ask('row-49-docker')
    await othersGoOn()
    await othersGoOn()
    lift()
    await rig.runs('row-49-docker', '1.0.0', 45_000)
    expect(rig.docker.record.effects('row-49-docker').filter((kind) => kind === 'container_create')).toHaveLength(1)
    await rig.comesToRest()
  })

  it('row 50: a link planted where its state folder would be: start_config_invalid, nothing behind it is touched, and others go on', async () => {
    const { root } = rig.deployment.config.state
    const elsewhere = path.join(inject('runFolder'), 'elsewhere')
    await mkdir(elsewhere, { recursive: true })
    await writeFile(path.join(elsewhere, 'precious'), '')
    await mkdir(root, { recursive: true })
    await symlink(elsewhere, path.join(root, 'row-50-planted'))
    await rig.ask('row-50-planted')
    await games.untilLog('row-50-planted', 'start failed start_config_invalid')
    await games.untilCondition('row-50-planted', 'Ready', 'StartConfigInvalid')
    expect(await rig.containers('row-50-planted')).toEqual([])
    await othersGoOn()
    await rig.deployment.query("UPDATE desired_games SET deleted_at = now(), purge_state = true WHERE game_id = 'row-50-planted'")
    await othersGoOn()
    expect(await readdir(elsewhere)).toEqual(['precious'])
    await rm(path.join(root, 'row-50-planted'))
    await until(
      () => rig.deployment.query("SELECT FROM desired_games WHERE game_id = 'row-50-planted'"),
      (rows) => rows.length === 0,
      'the game is deleted once the link is gone',
      60_000,
    )
    await rig.comesToRest()
  })

  it('row 50: a state root that cannot be written: start_config_invalid, and it starts with another wish once the root is mended', async () => {
    const root = path.join(inject('runFolder'), 'no-folder')
    await writeFile(root, '')
    const broken = await createDeployment({ 'state.root': root })
    await broken.start()
    await broken.query("INSERT INTO desired_games (game_id, engine_version) VALUES ('row-50', '1.0.0')")
    const { untilLog, log } = playedGames(broken)
    await untilLog('row-50', 'start failed start_config_invalid')
    expect(await broken.containers()).toEqual([])
    await rm(root)
    await broken.query("UPDATE desired_games SET restart_token = 'mended'")
    await broken.untilStatus('row-50', 'running')
    expect((await log('row-50')).at(-1)).toMatch(/^(start|restart) succeeded$/)
    await broken.dispose()
  })

  it.each(['arrives late', 'is answered to nobody'] as const)(
    'row 51: DELETE, twice, while a create is in flight that %s: removed once, and never back',
    async (fate) => {
      const gameId = `row-51-${fate.replaceAll(' ', '-')}`
      const fault = fate === 'arrives late' ? ({ kind: 'delay', delayMs: 4_000 } as const) : ({ kind: 'drop_answer' } as const)
      const { hit } = rig.docker.inject({ on: 'container_create', gameId, fault })
      await rig.ask(gameId)
      await hit
      await rig.deployment.query('DELETE FROM desired_games WHERE game_id = $1', [gameId])
      await rig.deployment.query('DELETE FROM desired_games WHERE game_id = $1', [gameId])
      await expect(rig.ask(gameId)).rejects.toThrow(`game ${gameId} is being deleted`)
      const left = async (): Promise<number> =>
        (await rig.deployment.query('SELECT FROM desired_games WHERE game_id = $1', [gameId])).length +
        (await rig.containers(gameId)).length
      await until(left, (count) => count === 0, 'row and container are gone', 30_000)
      await othersGoOn()
      await rig.comesToRest()
      expect(await rig.containers(gameId)).toEqual([])
      expect(rig.history.events.filter((event) => event.gameId === gameId && event.action === 'destroy').length).toBeLessThanOrEqual(1)
      expect((await rig.operations(gameId)).filter((operation) => operation === 'stop/delete succeeded')).toHaveLength(1)
      // The name is free for another life.
      await rig.ask(gameId)
      await rig.runs(gameId)
    },
  )

  /** A new game is there within the time it takes without any trouble, and is patched. */
  async function othersGoOn(): Promise<void> {
    const gameId = `other-${++others}`
    const askedAtMs = performance.now()
    await rig.ask(gameId)
    await rig.runs(gameId)
    expect(performance.now() - askedAtMs).toBeLessThan(OTHERS_MS)
    expect((await rig.deployment.containers()).filter(({ Labels }) => Labels[LABEL.gameId] === gameId)).toHaveLength(1)
  }
})

const OTHERS_MS = 8_000
