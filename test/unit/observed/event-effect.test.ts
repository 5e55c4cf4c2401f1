import { describe, expect, it } from 'vitest'
import type { ObservedContainer } from '../../../src/model/observed.ts'
import type { ContainerEvent } from '../../../src/model/runtime-event.ts'
import { isReflected } from '../../../src/observed/event-effect.ts'
import { container, detail } from '../../support/planning.ts'
import { event, listed, neverStarted, ranFrom, runningSince } from './told.ts'

const health = (dockerHealth: 'healthy' | 'unhealthy'): ObservedContainer => container({ dockerHealth })

/** An event about a container, and what was known of that: does the snapshot show it already? */
const TABLE: readonly (readonly [event: ContainerEvent, known: string, container: ObservedContainer | undefined, isShown: boolean])[] = [
  [event('create', 10), 'unknown', undefined, false],
  [event('destroy', 10), 'unknown', undefined, true],
  [event('die', 10), 'unknown', undefined, false],
  [event('create', 10), 'created', neverStarted, true],
  [event('create', 10), 'running', runningSince(20), true],
  [event('destroy', 10), 'running', runningSince(5), false],

  [event('start', 10), 'created', neverStarted, false],
  [event('start', 10), 'running since just before', runningSince(9), true],
  [event('start', 10), 'running, as listed', listed(runningSince(9)), true],
  [event('start', 10), 'exited before it', ranFrom(1, 9), false],
  [event('start', 10), 'exited at the end of the life it began', ranFrom(9, 20), true],
  [event('start', 10), 'exited, of a later life', ranFrom(15, 20), true],
  [event('start', 10), 'exited, as listed', listed(ranFrom(9, 20)), false],

  [event('die', 10), 'running since before', runningSince(5), false],
  [event('die', 10), 'running again since', runningSince(15), true],
  [event('die', 10), 'running, as listed', listed(runningSince(5)), false],
  [event('die', 10), 'exited', ranFrom(1, 9), true],
  [event('die', 10), 'exited, as listed: how is not known', listed(ranFrom(1, 9)), false],
  [event('die', 10), 'created: its start failed', neverStarted, false],
  [event('die', 10), 'dead', ranFrom(1, 9, { state: 'dead' }), true],
  [event('die', 10), 'paused', runningSince(5, { state: 'paused' }), false],

  [event('oom', 10), 'running', runningSince(5), false],
  [event('oom', 10), 'known to have run out of memory', container({ detail: detail({ isOomKilled: true }) }), true],
  [event('oom', 10), 'running again since', runningSince(15), true],
  [event('oom', 10), 'running, as listed', listed(runningSince(5)), false],

  [event('rename', 10, { name: 'new' }), 'under the new name', container({ name: 'new' }), true],
  [event('rename', 10, { name: 'new' }), 'under the old name', container({ name: 'old' }), false],
  [event('pause', 10), 'running', runningSince(5), false],
  [event('pause', 10), 'paused', runningSince(5, { state: 'paused' }), true],
  [event('unpause', 10), 'paused', runningSince(5, { state: 'paused' }), false],
  [event('unpause', 10), 'running', runningSince(5), true],
  [event('update', 10), 'running: limits may differ', runningSince(5), false],

  [event('health_status: healthy', 10), 'healthy', health('healthy'), true],
  [event('health_status: healthy', 10), 'unhealthy', health('unhealthy'), false],
  [event('health_status: unhealthy', 10), 'unhealthy', health('unhealthy'), true],
  [event('health_status: unhealthy', 10), 'healthy', health('healthy'), false],
  [event('health_status: healthy', 10), 'healthy, as listed', listed(health('healthy')), true],
  [event('something new', 10), 'running', runningSince(5), false],
  [event('constructor', 10), 'running', runningSince(5), false],
]

describe('whether a snapshot shows an event', () => {
  it.each(TABLE.map(([told, known, snapshot, isShown]) => ({ action: told.action, known, isShown, told, snapshot })))(
    '$action, container $known: $isShown',
    ({ told, snapshot, isShown }) => {
      expect(isReflected(snapshot, told)).toBe(isShown)
    },
  )

  it.each(['kill', 'stop', 'restart', 'exec_create: sh', 'exec_die', 'attach', 'resize', 'top', 'health_status: starting'])(
    '%s says nothing that another event does not say',
    (action) => {
      for (const known of [undefined, neverStarted, runningSince(5), ranFrom(1, 9), listed(runningSince(5))])
        expect(isReflected(known, event(action, 10))).toBe(true)
    },
  )
})
