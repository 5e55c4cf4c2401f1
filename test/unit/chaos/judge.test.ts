import { describe, expect, it } from 'vitest'
import { type End, judgeConvergence } from '../../chaos/judge/convergence.ts'
import { judgeEpochs } from '../../chaos/judge/epochs.ts'
import { judgeFolders } from '../../chaos/judge/folders.ts'
import { judgeIntents, judgeOutcomes } from '../../chaos/judge/intents.ts'
import { judgeStatus } from '../../chaos/judge/status.ts'
import { judgeLedger, judgeOpenTurns, judgeTurns } from '../../chaos/judge/turns.ts'
import { judgeUntouched } from '../../chaos/judge/untouched.ts'
import { judgeWriters } from '../../chaos/judge/writers.ts'
import { container, Forgery, OTHER_ID, row } from './forgery.ts'

const running = container()
const exited = container({ status: 'exited' })
const second = container({ id: OTHER_ID, name: 'second' })

describe('the judge of S1', () => {
  it('catches a second container that the controller starts', () => {
    const { testimony } = new Forgery()
      .effect('container_start', 'start', exited, running)
      .effect('container_start', 'start', container({ id: OTHER_ID, status: 'exited' }), second)
    expect(judgeWriters(testimony)).toMatchObject([{ promise: 'S1', seq: 2 }])
  })

  it('catches one that is started beside what a human started and the controller could see', () => {
    const { testimony } = new Forgery()
      .effect('container_start', 'start', container({ id: OTHER_ID, status: 'exited' }), second, 'control')
      .look('container_list', '')
      .effect('container_start', 'start', exited, running)
    expect(judgeWriters(testimony)).toHaveLength(1)
  })

  it('catches one that is started beside what an inspect has shown to run', () => {
    const beside = (inspected: string) =>
      new Forgery()
        .effect('container_start', 'start', container({ id: OTHER_ID, status: 'exited' }), second, 'control')
        .look('container_inspect', inspected)
        .effect('container_start', 'start', exited, running)
    expect(judgeWriters(beside(OTHER_ID).testimony)).toHaveLength(1)
    expect(judgeWriters(beside(running.id).testimony)).toEqual([])
  })

  it('lets pass what a human starts, and what nobody could know', () => {
    const byHand = new Forgery()
      .effect('container_start', 'start', exited, running)
      .effect('container_start', 'start', null, second, 'control')
    expect(judgeWriters(byHand.testimony)).toEqual([])
    const unseen = new Forgery()
      .look('container_list', '')
      .effect('container_start', 'start', container({ id: OTHER_ID, status: 'exited' }), second, 'control')
      .effect('container_start', 'start', exited, running)
    expect(judgeWriters(unseen.testimony)).toEqual([])
  })
})

describe('the judge of S2', () => {
  const foreign = container({}, { 'com.galaxy.owner': 'somebody' })
  const forged = container({}, { 'com.galaxy.deployment': '22222222-2222-4222-8222-222222222222' })

  it.each([
    ['a foreign container', foreign],
    ['another deployment’s', forged],
  ])('catches a stop of %s', (_, theirs) => {
    const { testimony } = new Forgery().effect('container_stop', 'kill', theirs, theirs)
    expect(judgeUntouched(testimony)).toMatchObject([{ promise: 'S2', seq: 1 }])
  })

  it('catches the removal of one that was run with --rm', () => {
    const { hostConfig } = running
    const borrowed = container({ hostConfig: { ...hostConfig, AutoRemove: true } })
    expect(judgeUntouched(new Forgery().effect('container_remove', 'destroy', borrowed, null).testimony)).toHaveLength(1)
  })

  it('lets pass the stop of one that was run with --rm beside one that runs, and nothing else of it', () => {
    const borrowed = container({ id: OTHER_ID, hostConfig: { ...running.hostConfig, AutoRemove: true } })
    const beside = () =>
      new Forgery().effect('container_start', 'start', exited, running).effect('container_start', 'start', null, borrowed, 'control')
    expect(judgeUntouched(beside().effect('container_stop', 'kill', borrowed, borrowed).testimony)).toEqual([])
    expect(judgeUntouched(beside().effect('container_rename', 'rename', borrowed, borrowed).testimony)).toHaveLength(1)
    const later = beside()
      .effect('container_kill', 'die', running, exited, 'control')
      .pass(10)
      .effect('container_stop', 'kill', borrowed, borrowed)
    expect(judgeUntouched(later.testimony)).toHaveLength(1)
  })

  it('lets pass what is ours, and what a human does', () => {
    const { testimony } = new Forgery()
      .effect('container_stop', 'kill', running, running)
      .effect('container_remove', 'destroy', foreign, null, 'control')
    expect(judgeUntouched(testimony)).toEqual([])
  })
})

describe('the judge of S4', () => {
  it('catches a call without an intent', () => {
    const { testimony } = new Forgery()
      .intent('op-1', 'create_container', 'galaxy-game-alpha')
      .effect('container_stop', 'kill', running, running)
    expect(judgeIntents(testimony)).toMatchObject([{ promise: 'S4', seq: 1 }])
  })

  it('catches an intent that is committed after the call', () => {
    const { testimony } = new Forgery().effect('container_stop', 'kill', running, running).intent('op-1', 'stop_container', running.id)
    expect(judgeIntents(testimony)).toHaveLength(1)
  })

  it('catches an intent for another container and one for another game', () => {
    const another = new Forgery().intent('op-1', 'stop_container', OTHER_ID).effect('container_stop', 'kill', running, running)
    expect(judgeIntents(another.testimony)).toHaveLength(1)
    const beta = new Forgery().intent('op-1', 'stop_container', running.id, 'beta').effect('container_stop', 'kill', running, running)
    expect(judgeIntents(beta.testimony)).toHaveLength(1)
  })

  it('catches a call that begins after its intent has got its outcome', () => {
    const announced = new Forgery().intent('op-1', 'stop_container', running.id).effect('container_stop', 'kill', running, running)
    expect(judgeIntents(announced.testimony)).toEqual([])
    const again = announced
      .outcome('op-1', 'stop_container', running.id)
      .pass(1)
      .effect('container_list', 'create', null, running, 'control')
    expect(judgeIntents(again.effect('container_stop', 'kill', running, running).testimony)).toMatchObject([{ promise: 'S4', seq: 3 }])
  })

  it('catches a removal of what was to be created or renamed', () => {
    const { testimony } = new Forgery()
      .intent('op-1', 'create_container', 'galaxy-game-alpha')
      .intent('op-1', 'rename_container', running.id)
      .effect('container_remove', 'destroy', exited, null)
    expect(judgeIntents(testimony)).toHaveLength(1)
  })

  it('lets pass what was announced', () => {
    const { testimony } = new Forgery()
      .intent('op-1', 'create_container', 'galaxy-game-alpha')
      .intent('op-1', 'start_container', 'created')
      .effect('container_create', 'create', null, container({ status: 'created' }))
      .effect('container_start', 'start', container({ status: 'created' }), running)
    expect(judgeIntents(testimony)).toEqual([])
  })

  it('catches an intent without an outcome, and an operation that never ends', () => {
    const findings = judgeOutcomes([{ kind: 'stop_container', outcome: null }], [{ op: 'start', game_id: 'alpha', status: 'running' }])
    expect(findings.map(({ promise }) => promise)).toEqual(['S4', 'S4'])
  })
})

describe('the judge of S5', () => {
  const there = { realMs: 1, game: 'alpha', isThere: true, turn: 3 }

  it('catches a folder that is gone, and one that is emptier', () => {
    expect(judgeFolders([there, { ...there, realMs: 2, isThere: false, turn: null }], [])).toMatchObject([{ promise: 'S5' }])
    expect(judgeFolders([there, { ...there, realMs: 2, turn: null }], [])).toHaveLength(1)
    expect(judgeFolders([there, { ...there, realMs: 2, turn: 2 }], [])).toHaveLength(1)
  })

  it('is not appeased by a delete that does not ask for the state', () => {
    const { testimony } = new Forgery().write('desired_games', row(), row({ deleted_at: 'now' }))
    expect(judgeFolders([there, { ...there, realMs: 9_000, isThere: false, turn: null }], testimony.writes)).toHaveLength(1)
  })

  it('is not appeased by a purge of an earlier life of the game', () => {
    const { testimony } = new Forgery()
      .write('desired_games', row(), row({ deleted_at: 'now', purge_state: true }))
      .write('desired_games', row({ deleted_at: 'now', purge_state: true }), null)
      .write('desired_games', null, row())
    const again = { ...there, realMs: 4_000 }
    expect(judgeFolders([again, { ...again, realMs: 9_000, isThere: false, turn: null }], testimony.writes)).toHaveLength(1)
  })

  it('lets pass a purge', () => {
    const { testimony } = new Forgery().write('desired_games', row(), row({ deleted_at: 'now', purge_state: true }))
    expect(judgeFolders([there, { ...there, realMs: 9_000, isThere: false, turn: null }], testimony.writes)).toEqual([])
  })
})

describe('the judge of S6', () => {
  const turn = (number: number, incarnation = 1) => ({ game: 'alpha', incarnation, turn: number, containerId: running.id })

  it('catches a turn that is computed twice, and one that is left out', () => {
    expect(judgeTurns([turn(0), turn(1), turn(1)])).toMatchObject([{ promise: 'S6' }])
    expect(judgeTurns([turn(0), turn(2)])).toHaveLength(1)
  })

  it('catches a turn that no tick and no token asked for', () => {
    const { testimony } = new Forgery().write('turns', null, { id: 'one', game_id: 'alpha', incarnation: 1, turn: 1, status: 'succeeded' })
    expect(judgeLedger([turn(0), turn(1), turn(2)], testimony.writes)).toMatchObject([{ promise: 'S6' }])
  })

  it('catches two ticks that were answered with one turn', () => {
    const { testimony } = new Forgery()
      .write('turns', null, { id: 'one', game_id: 'alpha', incarnation: 1, turn: 1, status: 'succeeded' })
      .write('turns', null, { id: 'two', game_id: 'alpha', incarnation: 1, turn: 1, status: 'succeeded' })
    expect(judgeLedger([turn(0), turn(1)], testimony.writes)).toHaveLength(1)
  })

  it('catches two ticks of one life that were answered with one turn, also beside another life', () => {
    const { testimony } = new Forgery()
      .write('turns', null, { id: 'one', game_id: 'alpha', incarnation: 1, turn: 1, status: 'succeeded' })
      .write('turns', null, { id: 'two', game_id: 'alpha', incarnation: 1, turn: 1, status: 'succeeded' })
      .write('turns', null, { id: 'three', game_id: 'alpha', incarnation: 2, turn: 1, status: 'failed' })
    expect(judgeLedger([turn(0), turn(1), turn(0, 2), turn(1, 2)], testimony.writes)).toHaveLength(1)
  })

  it('does not take a skipped tick for the one that a turn was computed for', () => {
    const { testimony } = new Forgery().write('turns', null, { id: 'one', game_id: 'alpha', incarnation: 1, turn: 1, status: 'skipped' })
    expect(judgeLedger([turn(0), turn(1)], testimony.writes)).toHaveLength(1)
  })

  it('lets pass a game that begins anew after a purge', () => {
    expect(judgeTurns([turn(0), turn(1), turn(0, 2), turn(1, 2)])).toEqual([])
  })
})

describe('the judge of S7', () => {
  it('catches a write under an epoch that is over, and one under none', () => {
    const { testimony } = new Forgery()
      .write('game_status', null, {}, { claimed: 1, current: 2 })
      .write('runtime_records', null, {}, { claimed: null, current: 2 })
    expect(judgeEpochs(testimony).map(({ promise }) => promise)).toEqual(['S7', 'S7'])
  })

  it('catches a row of the doors’ that is written in the name of an epoch that is over', () => {
    const { testimony } = new Forgery().write('desired_games', row(), null, { claimed: 1, current: 2 })
    expect(judgeEpochs(testimony)).toMatchObject([{ promise: 'S7' }])
  })

  it('catches a call that begins after its life was killed', () => {
    const { testimony } = new Forgery().kill().effect('container_stop', 'kill', running, running)
    expect(judgeEpochs(testimony)).toMatchObject([{ promise: 'S7', seq: 1 }])
  })

  it('lets pass the doors’ writes', () => {
    const { testimony } = new Forgery()
      .write('desired_games', null, row(), { claimed: null, current: 2 })
      .write('operation_log', null, { status: 'queued' }, { claimed: null, current: 2 })
    expect(judgeEpochs(testimony)).toEqual([])
  })
})

describe('the judge of S8', () => {
  const { testimony } = new Forgery()
    .effect('container_start', 'start', exited, running)
    .effect('container_kill', 'die', running, exited, 'control')

  it('catches Ready of a container that has long ended', () => {
    expect(judgeStatus(testimony, [{ game: 'alpha', ready: 'True', atMs: 100_000 }])).toMatchObject([{ promise: 'S8' }])
  })

  it('catches Ready of one that has long been paused', () => {
    const paused = new Forgery()
      .effect('container_start', 'start', exited, running)
      .effect('container_pause', 'pause', running, container({ status: 'paused' }), 'control').testimony
    expect(judgeStatus(paused, [{ game: 'alpha', ready: 'True', atMs: 100_000 }])).toHaveLength(1)
    expect(judgeStatus(paused, [{ game: 'alpha', ready: 'True', atMs: 10_000 }])).toEqual([])
  })

  it('is not appeased by another deployment’s container of that game', () => {
    const theirs = container({ id: OTHER_ID }, { 'com.galaxy.deployment': '22222222-2222-4222-8222-222222222222' })
    const forged = new Forgery().effect('container_start', 'start', null, theirs, 'control').testimony
    expect(judgeStatus(forged, [{ game: 'alpha', ready: 'True', atMs: 2_000 }])).toHaveLength(1)
  })

  it('lets pass Ready of one that runs, and of one that has just ended', () => {
    expect(judgeStatus(testimony, [{ game: 'alpha', ready: 'True', atMs: 1_500 }])).toEqual([])
    expect(judgeStatus(testimony, [{ game: 'alpha', ready: 'True', atMs: 10_000 }])).toEqual([])
  })
})

describe('the judge of L1', () => {
  const asked = new Forgery().write('desired_games', null, row()).intent('op-1', 'create_container', 'galaxy-game-alpha').testimony

  function end(changes: Partial<End> = {}): End {
    return {
      containers: [running],
      rows: [row()],
      records: [{ game_id: 'alpha', status: 'running', current_container_id: running.id }],
      versions: (_, version) => (version === '9.9.9' ? 'unknown' : 'enabled'),
      imageLabels: () => ({}),
      defaults: { cpus: 1, memoryBytes: 256 * 1024 ** 2, pids: 128 },
      ...changes,
    }
  }

  it('is content with a game that runs as it was asked for', () => {
    expect(judgeConvergence(asked, end())).toEqual([])
  })

  it.each([
    ['a game that does not run', end({ containers: [exited] })],
    ['a game without a container', end({ containers: [] })],
    ['two containers of a game', end({ containers: [running, second] })],
    ['a game that was to be stopped', end({ rows: [row({ state: 'stopped', stop_reason: 'timeout' })] })],
    ['a row that was deleted', end({ rows: [row({ deleted_at: 'now' })] })],
    [
      'another version than the row’s',
      end({ containers: [container({}, { 'com.galaxy.engine_image_ref': 'galaxy-engine:1.0.1' })].map(withImage) }),
    ],
    ['other limits than the row’s', end({ rows: [row({ pids: 64 })] })],
    ['a record of another container', end({ records: [{ game_id: 'alpha', current_container_id: OTHER_ID }] })],
    ['a leftover', end({ containers: [running, container({ id: OTHER_ID, status: 'exited' })] })],
    ['our own container that nobody asks for', end({ rows: [], records: [] })],
  ])('catches %s', (_, wrong) => {
    expect(judgeConvergence(asked, wrong).map(({ promise }) => promise)).toContain('L1')
  })

  it('catches a game whose engine is on its network and is not reached', () => {
    const attached = { endpointId: 'e', address: '172.18.0.2', gateway: '172.18.0.1' }
    const served = container({ endpoints: { galaxy: { aliases: null, networkId: 'n', attached } } })
    const record = { game_id: 'alpha', status: 'engine_unreachable', current_container_id: running.id, docker_network: 'galaxy' }
    expect(judgeConvergence(asked, end({ containers: [served], records: [record] }))).toHaveLength(1)
    expect(judgeConvergence(asked, end({ containers: [served], records: [{ ...record, status: 'starting' }] }))).toEqual([])
    const taken = container({ endpoints: { galaxy: { aliases: null, networkId: 'n', attached: null } } })
    expect(judgeConvergence(asked, end({ containers: [taken], records: [record] }))).toEqual([])
  })

  it('catches a turn without an end, unless its engine is out of reach', () => {
    const { testimony } = new Forgery().write('turns', null, { id: 'one', game_id: 'alpha', turn: 1, status: 'in_progress' })
    expect(judgeOpenTurns(testimony.writes, [{ game_id: 'alpha', status: 'running' }])).toMatchObject([{ promise: 'L1' }])
    expect(judgeOpenTurns(testimony.writes, [{ game_id: 'alpha', status: 'engine_unreachable' }])).toEqual([])
  })

  it('lets run what was taken over an old state of other players, where rows of those players were refused for their version', () => {
    const [old, others] = [[{ raceName: 'Terran' }, { raceName: 'Vulcan' }], [{ raceName: 'Terran' }]]
    const made = container({}, { 'com.galaxy.engine_version': '1.1.0', 'com.galaxy.engine_image_ref': 'galaxy-engine:1.1.0' })
    const first = row({ players: old })
    const taken = row({ players: others, engine_version: '1.1.0', generation: 2 })
    const last = row({ players: others, generation: 3 })
    const { testimony } = new Forgery()
      .write('health_snapshots', null, { game_id: 'alpha', engine_state: { players: old } })
      .effect('container_start', 'start', null, made)
      .write('desired_games', null, first)
      .write('desired_games', first, taken)
      .write('desired_games', taken, last)
      .intent('op-1', 'create_container', 'galaxy-game-alpha')
    expect(judgeConvergence(testimony, end({ containers: [made], rows: [last] }))).toEqual([])
    expect(judgeConvergence(testimony, end({ containers: [running], rows: [last] }))).toHaveLength(1)
  })

  it('catches a game that is stopped and whose record is running', () => {
    const rows = [row({ state: 'stopped', stop_reason: 'timeout' })]
    const stopped = end({ containers: [], rows })
    expect(judgeConvergence(asked, stopped)).toHaveLength(1)
    expect(judgeConvergence(asked, { ...stopped, records: [{ game_id: 'alpha', status: 'stopped' }] })).toEqual([])
  })

  it('catches a game that was said to be accepted and does not run, although its last row is refused', () => {
    const refused = () =>
      new Forgery().write('desired_games', null, row()).write('desired_games', row(), row({ engine_version: '9.9.9', generation: 2 }))
    const idle = end({ containers: [], rows: [row({ engine_version: '9.9.9', generation: 2 })], records: [] })
    expect(judgeConvergence(refused().testimony, idle)).toEqual([])
    const { testimony } = refused().write('game_status', null, { game_id: 'alpha', accepted_generation: 1 })
    expect(judgeConvergence(testimony, idle)).toHaveLength(1)
  })

  it('lets memory be that a human has changed, until the container is inspected; nothing else', () => {
    const small = container({ hostConfig: { ...running.hostConfig, Memory: 64 * 1024 ** 2, MemorySwap: 64 * 1024 ** 2 } })
    const changed = () => new Forgery().write('desired_games', null, row()).effect('container_update', 'update', running, small, 'control')
    expect(judgeConvergence(changed().testimony, end({ containers: [small] }))).toEqual([])
    expect(judgeConvergence(changed().look('container_inspect', small.id).testimony, end({ containers: [small] }))).toHaveLength(2)
    const fewer = container({ hostConfig: { ...small.hostConfig, PidsLimit: 32 } })
    expect(judgeConvergence(changed().testimony, end({ containers: [fewer] }))).toHaveLength(1)
  })

  it('lets an earlier version run on where the last row asks for one that nobody knows', () => {
    const refused = new Forgery()
      .write('desired_games', null, row())
      .write('desired_games', row(), row({ engine_version: '9.9.9', generation: 2 }))
    expect(judgeConvergence(refused.testimony, end({ rows: [row({ engine_version: '9.9.9', generation: 2 })] }))).toEqual([])
  })
})

function withImage(each: ReturnType<typeof container>): ReturnType<typeof container> {
  return { ...each, config: { ...each.config, Image: 'galaxy-engine:1.0.1' } }
}
