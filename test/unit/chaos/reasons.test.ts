import { describe, expect, it } from 'vitest'
import { judgeReasons } from '../../chaos/judge/reasons.ts'
import type { Row } from '../../chaos/judge/testimony.ts'
import { container, Forgery, OTHER_ID, row } from './forgery.ts'

const REGISTRY: readonly Row[] = ['1.0.0', '1.0.1', '1.1.0'].map((version) => ({ engine: 'galaxy', version, enabled: true }))
const running = container()

/** Game alpha is asked for, made and started. */
function served(): Forgery {
  return new Forgery()
    .write('desired_games', null, row())
    .intent('op-1', 'create_container', 'galaxy-game-alpha')
    .effect('container_create', 'create', null, container({ status: 'created', lives: 0 }))
    .effect('container_start', 'start', container({ status: 'created', lives: 0 }), running)
    .pass(120)
}

function stopped(forgery: Forgery): readonly unknown[] {
  return judgeReasons(forgery.effect('container_stop', 'kill', running, running).testimony, REGISTRY)
}

describe('the judge of S3', () => {
  it('catches a stop that nobody asked for', () => {
    expect(stopped(served())).toMatchObject([{ promise: 'S3' }])
  })

  it('catches the removal of a game that ended by itself and is to be started again', () => {
    const exited = container({ status: 'exited' })
    const { testimony } = served().effect('container_remove', 'destroy', exited, null)
    expect(judgeReasons(testimony, REGISTRY)).toHaveLength(1)
  })

  it('catches the stop of a game that no row ever named', () => {
    const orphan = container({}, { 'com.galaxy.operation_id': 'unheard-of' })
    const { testimony } = new Forgery().effect('container_stop', 'kill', orphan, orphan)
    expect(judgeReasons(testimony, REGISTRY)).toHaveLength(1)
  })

  it.each<[string, Row]>([
    ['the schedule', { turn_schedule: '0 0 * * *' }],
    ['pausing', { paused: true }],
    ['an unknown version', { engine_version: '9.9.9' }],
    ['an incompatible version', { engine_version: '1.1.0' }],
  ])('catches a stop after a change of %s', (_, change) => {
    expect(stopped(served().write('desired_games', row(), row({ ...change, generation: 2 })))).toHaveLength(1)
  })

  it.each<[string, Row]>([
    ['stopped', { state: 'stopped', stop_reason: 'timeout' }],
    ['deleted', { deleted_at: 'now' }],
    ['another version', { engine_version: '1.0.1' }],
    ['another version by the operator’s word', { engine_version: '1.1.0', allow_incompatible_to: '1.1.0' }],
    ['a restart', { restart_token: 'again' }],
  ])('lets pass a stop where the row says %s', (_, change) => {
    expect(stopped(served().write('desired_games', row(), row({ ...change, generation: 2 })))).toEqual([])
  })

  it('catches a stop for a wish that was taken back long before', () => {
    const forgery = served()
      .write('desired_games', row(), row({ state: 'stopped', stop_reason: 'timeout', generation: 2 }))
      .write('desired_games', row(), row({ generation: 3 }))
      .pass(300)
    expect(stopped(forgery)).toHaveLength(1)
  })

  it('lets pass a stop for other limits where Docker has refused to change them in place, and no other', () => {
    const asked = () => served().write('desired_games', row(), row({ memory: '64Mi', generation: 2 }))
    expect(stopped(asked())).toHaveLength(1)
    expect(stopped(asked().look('container_update', running.id, null))).toHaveLength(1)
    expect(stopped(asked().look('container_update', running.id, 404))).toHaveLength(1)
    expect(stopped(asked().look('container_update', running.id, 500))).toEqual([])
  })

  it('lets pass a stop for limits that a human gave it where Docker has refused to change them back since', () => {
    const change = (forgery: Forgery) => forgery.effect('container_update', 'update', running, running, 'control')
    expect(stopped(change(served()).look('container_update', running.id, 500))).toEqual([])
    expect(stopped(change(served().look('container_update', running.id, 500)))).toHaveLength(1)
  })

  it('lets pass the removal of one that Docker refuses to start again, and no other', () => {
    const exited = container({ status: 'exited' })
    const removed = (forgery: Forgery) => judgeReasons(forgery.effect('container_remove', 'destroy', exited, null).testimony, REGISTRY)
    const end = (forgery: Forgery) => forgery.effect('container_kill', 'die', running, exited, 'control')
    expect(removed(end(served()).look('container_start', running.id, 500))).toEqual([])
    expect(removed(end(served()).look('container_start', running.id, null))).toHaveLength(1)
    expect(removed(end(served().look('container_start', running.id, 500)))).toHaveLength(1)
  })

  it('lets pass the end of a game that has finished, until it is begun anew', () => {
    const finished = served().write('runtime_records', null, { game_id: 'alpha', status: 'finished' })
    expect(stopped(finished)).toEqual([])
    const anew = served()
      .write('runtime_records', null, { game_id: 'alpha', status: 'finished' })
      .write('runtime_records', { game_id: 'alpha', status: 'finished' }, { game_id: 'alpha', status: 'running' })
    expect(stopped(anew)).toHaveLength(1)
  })

  it('catches a restart for a token that the container was started with, and lets pass one where the row has changed since', () => {
    const token = { restart_token: 'again' }
    const began = () =>
      new Forgery()
        .write('desired_games', null, row(token))
        .intent('op-1', 'create_container', 'galaxy-game-alpha')
        .effect('container_create', 'create', null, container({ status: 'created', lives: 0 }))
        .pass(120)
    expect(stopped(began())).toHaveLength(1)
    expect(stopped(began().write('desired_games', row(token), row({ ...token, paused: true, generation: 2 })))).toEqual([])
  })

  describe('of what somebody else made', () => {
    const theirs = container({}, { 'com.galaxy.operation_id': 'unheard-of' })
    const stop = (change: Row) =>
      judgeReasons(
        new Forgery()
          .write('desired_games', null, row())
          .pass(120)
          .write('desired_games', row(), row({ ...change, generation: 2 }))
          .pass(120)
          .effect('container_stop', 'kill', theirs, theirs).testimony,
        REGISTRY,
      )

    it('lets pass a stop for another image', () => {
      expect(stop({ engine_version: '1.0.1' })).toEqual([])
    })

    it('catches a stop for a version that nobody knows', () => {
      expect(stop({ engine_version: '9.9.9' })).toHaveLength(1)
    })
  })

  describe('of a game with players', () => {
    const players = [{ raceName: 'Terran' }]
    const changed = { players: [{ raceName: 'Orion' }], engine_version: '1.0.1', generation: 2 }
    const begun = () =>
      new Forgery()
        .write('desired_games', null, row({ players }))
        .intent('op-1', 'create_container', 'galaxy-game-alpha')
        .effect('container_create', 'create', null, container({ status: 'created', lives: 0 }))
        .pass(120)
    const answer = { game_id: 'alpha', engine_state: { players } }

    it('catches a stop for a row that changes the races of a game that has begun', () => {
      const forgery = begun().write('health_snapshots', null, answer).write('desired_games', row({ players }), row(changed))
      expect(stopped(forgery)).toHaveLength(1)
    })

    it('lets pass one where it was not known to have begun', () => {
      const forgery = begun().write('desired_games', row({ players }), row(changed)).write('health_snapshots', null, answer)
      expect(stopped(forgery)).toEqual([])
    })
  })

  it('catches a stop for a wish that came after it was planned, and one for a wish that was taken back long before', () => {
    const stop = row({ state: 'stopped', stop_reason: 'timeout', generation: 2 })
    const late = served().intent('op-2', 'stop_container', running.id).write('desired_games', row(), stop)
    expect(stopped(late)).toHaveLength(1)
    const old = served()
      .write('desired_games', row(), stop)
      .write('desired_games', stop, row({ generation: 3 }))
      .pass(45)
      .intent('op-2', 'stop_container', running.id)
    expect(stopped(old)).toHaveLength(1)
  })

  it('lets pass a stop that is carried out long after it was planned', () => {
    const stop = row({ state: 'stopped', stop_reason: 'timeout', generation: 2 })
    const forgery = served()
      .write('desired_games', row(), stop)
      .intent('op-2', 'stop_container', running.id)
      .write('desired_games', stop, row({ generation: 3 }))
      .pass(100)
    expect(stopped(forgery)).toEqual([])
  })

  it('catches a stop for a version that was disabled long before it was asked for', () => {
    const known = { engine: 'galaxy', version: '1.0.1', enabled: true }
    const asked = (pauseSeconds: number) =>
      stopped(
        served()
          .write('engine_versions', known, { ...known, enabled: false })
          .look('container_list', '')
          .pass(pauseSeconds)
          .write('desired_games', row(), row({ engine_version: '1.0.1', generation: 2 })),
      )
    expect(asked(60)).toHaveLength(1)
    expect(asked(10)).toEqual([])
  })

  it('catches the stop of what an earlier row of the game has left where the new one asks for the same', () => {
    const anew = (change: Row) =>
      stopped(
        served()
          .write('desired_games', row({ deleted_at: 'now', generation: 2 }), null)
          .write('desired_games', null, row(change))
          .pass(120)
          .intent('op-2', 'stop_container', running.id),
      )
    expect(anew({})).toHaveLength(1)
    expect(anew({ engine_version: '1.0.1' })).toEqual([])
  })

  it('lets pass the stop of a second writer', () => {
    expect(stopped(served().effect('container_start', 'start', null, container({ id: OTHER_ID }), 'control'))).toEqual([])
  })

  describe('where the other one has ended', () => {
    const copy = container({ id: OTHER_ID, name: 'copy' })
    const began = () => served().effect('container_start', 'start', null, copy, 'control')
    const ended = container({ id: OTHER_ID, name: 'copy', status: 'exited' })

    it('catches the stop of the only one that runs', () => {
      expect(stopped(began().effect('container_kill', 'die', copy, ended, 'control'))).toHaveLength(1)
      const longAgo = began().look('container_inspect', OTHER_ID).effect('container_kill', 'die', copy, ended, 'control').pass(10)
      expect(stopped(longAgo)).toHaveLength(1)
      const notAsked = began().look('container_list', '').effect('container_kill', 'die', copy, ended, 'control')
      expect(stopped(notAsked)).toHaveLength(1)
    })

    it('lets pass a stop on the way to which it was seen to run', () => {
      expect(stopped(began().look('container_inspect', OTHER_ID).effect('container_kill', 'die', copy, ended, 'control'))).toEqual([])
      const slowly = began().look('container_inspect', OTHER_ID).effect('container_kill', 'die', copy, ended, 'control')
      expect(stopped(slowly.pass(3).look('container_inspect', running.id).pass(3))).toEqual([])
    })
  })

  it('does not take another deployment’s container for a second writer', () => {
    const theirs = container({ id: OTHER_ID }, { 'com.galaxy.deployment': '22222222-2222-4222-8222-222222222222' })
    expect(stopped(served().effect('container_start', 'start', null, theirs, 'control'))).toHaveLength(1)
  })

  it('catches the removal of both of two that have ended, and lets pass that of one', () => {
    const [first, second] = [container({ status: 'exited' }), container({ id: OTHER_ID, status: 'exited' })]
    const one = served()
      .effect('container_start', 'die', container({ id: OTHER_ID }), second, 'control')
      .effect('container_remove', 'destroy', second, null)
    expect(judgeReasons(one.testimony, REGISTRY)).toEqual([])
    expect(judgeReasons(one.effect('container_remove', 'destroy', first, null).testimony, REGISTRY)).toHaveLength(1)
  })
})
