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
    ['other limits', { memory: '64Mi' }],
    ['a restart', { restart_token: 'again' }],
  ])('lets pass a stop where the row says %s', (_, change) => {
    expect(stopped(served().write('desired_games', row(), row({ ...change, generation: 2 })))).toEqual([])
  })

  it('catches a stop for a wish that was taken back long before', () => {
    const forgery = served()
      .write('desired_games', row(), row({ state: 'stopped', stop_reason: 'timeout', generation: 2 }))
      .write('desired_games', row(), row({ generation: 3 }))
      .effect('container_list', 'create', null, container({ id: OTHER_ID, status: 'created' }, { 'com.galaxy.game_id': 'beta' }))
      .pass(300)
    expect(stopped(forgery)).toHaveLength(1)
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
