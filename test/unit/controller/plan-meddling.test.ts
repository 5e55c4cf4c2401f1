import { describe, expect, it } from 'vitest'
import type { PlanInput } from '../../../src/controller/plan/input.ts'
import { planGame } from '../../../src/controller/plan/plan-game.ts'
import type { Backoff, BackoffKind } from '../../../src/model/backoff.ts'
import type { ObservedContainer } from '../../../src/model/observed.ts'
import { renderPlan } from '../../../src/model/plan.ts'
import { container, detail, exited, input, LIMITS, NOW_MS, operation } from '../../support/planning.ts'

function heldBack(kind: BackoffKind): Backoff {
  return {
    kind,
    failures: 1,
    notBeforeMs: NOW_MS + 1_000,
    delayMs: 1_000,
    message: 'Docker refused',
    operationId: 'op-before',
    countedAtMs: NOW_MS,
    wish: input().wish,
  }
}

/** What another deployment's mid-patch container would be, were its database lost: not named as the game is. */
const THEIRS = container({ id: 'c9', name: 'galaxy-game-g.next.op-9', labels: { ...container().labels, deployment: 'other' } })

function besideTheirs(theirs: ObservedContainer, over: Parameters<typeof input>[0] = {}): PlanInput {
  const from = input(over)
  return { ...from, observed: { ...from.observed, foreignDeployments: [theirs] } }
}

const TAKEN = `g: blocked: container galaxy-game-g.next.op-9 belongs to deployment other and runs on this game's state; end that deployment's controller, then take its containers over (galaxy adopt --deployment other), or remove this one`

/** What somebody else did to a game's container → what is planned. */
const TABLE: readonly (readonly [situation: string, input: PlanInput, plan: string])[] = [
  [
    'somebody else changed its limits',
    input({ containers: [container({ detail: detail({ limits: { ...LIMITS, cpus: 0.1 } }) })] }),
    `g: patch/resize: its limits were changed from outside
  update_limits galaxy-game-g (c1): its limits were changed from outside`,
  ],
  ['another deployment runs it under another name', besideTheirs(THEIRS, { containers: [], record: null }), TAKEN],
  ['another deployment runs it, and ours has ended', besideTheirs(THEIRS, { containers: [exited()] }), TAKEN],
  ['another deployment runs it beside ours', besideTheirs(THEIRS), 'g: settled: galaxy-game-g runs and matches'],
  [
    'another deployment had it, and ours has ended',
    besideTheirs({ ...THEIRS, state: 'exited' }, { containers: [exited({ startedAtMs: NOW_MS - 3_600_000 })] }),
    `g: restart/crash_restart: container galaxy-game-g exited with code 1
  start_container galaxy-game-g (c1): container galaxy-game-g exited with code 1`,
  ],
  [
    'another deployment runs one on other state, and ours has ended',
    besideTheirs({ ...THEIRS, stateHostPath: '/other' }, { containers: [exited()] }),
    `g: restart/crash_restart: container galaxy-game-g exited with code 1
  start_container galaxy-game-g (c1): container galaxy-game-g exited with code 1`,
  ],
  [
    'somebody runs a container of its labels with --rm',
    input({ containers: [container({ detail: detail({ isAutoRemove: true }), version: '1.1.0' })], record: null }),
    `g: blocked: container galaxy-game-g was run by hand with --rm under this game's labels and is left alone; stop it (docker stop galaxy-game-g) to let the controller go on`,
  ],
  [
    'somebody paused a second container',
    input({ containers: [container(), container({ id: 'c2', name: 'copy', state: 'paused' })] }),
    'g: blocked: container copy was paused by hand; unpause it to let the controller go on',
  ],
  [
    'somebody paused a second container while a third one runs',
    input({
      containers: [
        container(),
        container({ id: 'c2', name: 'copy', state: 'paused' }),
        container({ id: 'c3', name: 'third', detail: detail({ startedAtMs: NOW_MS }) }),
      ],
    }),
    `g: reconcile/duplicate: 3 containers of the game run at once; galaxy-game-g is kept
  stop_container third (c3): second writer beside galaxy-game-g
  remove_container third (c3): second writer beside galaxy-game-g`,
  ],
  [
    'a second container was to be ended, and Docker has just refused that',
    input({
      containers: [container(), container({ id: 'c2', name: 'copy', detail: detail({ startedAtMs: NOW_MS }) })],
      status: { ...input().status, backoff: heldBack('ReconcileBackOff') },
    }),
    'g: wait: Docker refused; next attempt at 2026-01-01T12:00:01.000Z',
  ],
  [
    'a second container is there, while the game waits for something else',
    input({
      containers: [container(), container({ id: 'c2', name: 'copy', detail: detail({ startedAtMs: NOW_MS }) })],
      status: { ...input().status, backoff: heldBack('StartBackOff') },
    }),
    `g: reconcile/duplicate: 2 containers of the game run at once; galaxy-game-g is kept
  stop_container copy (c2): second writer beside galaxy-game-g
  remove_container copy (c2): second writer beside galaxy-game-g`,
  ],
  [
    'he has taken away the second container, the row cannot be run, and a crash left its removal open',
    input({
      containers: [],
      admission: { kind: 'refused', reason: 'InvalidSpec', code: 'start_config_invalid', message: 'no such version', inForce: null },
      openOperation: operation({ op: 'reconcile', detail: 'duplicate', source: 'reconciler' }),
    }),
    'g: conclude: the containers show that it is done',
  ],
  [
    'he made the row one that cannot be run, and a crash left its start open',
    input({
      containers: [],
      admission: { kind: 'refused', reason: 'InvalidSpec', code: 'start_config_invalid', message: 'no such version', inForce: null },
      openOperation: operation({ op: 'start' }),
    }),
    'g: conclude: no such version',
  ],
  [
    'its engine has been silent for as long as a restart is configured for',
    input({
      health: { kind: 'failing', containerId: 'c1', failures: 10, message: '10 probes in a row failed' },
      policy: { ...input().policy, restartAfter: 10 },
    }),
    `g: restart/crash_restart: its engine is silent: 10 probes in a row failed
  stop_container galaxy-game-g (c1): its engine is silent: 10 probes in a row failed
  start_container galaxy-game-g (c1): its engine is silent: 10 probes in a row failed`,
  ],
  [
    'its engine is silent, and not for that long yet',
    input({
      health: { kind: 'failing', containerId: 'c1', failures: 9, message: '9 probes in a row failed' },
      policy: { ...input().policy, restartAfter: 10 },
    }),
    'g: settled: the engine in galaxy-game-g is unreachable: 9 probes in a row failed',
  ],
  [
    'the network is there twice, since a crash came before one was removed again',
    input({ containers: [exited()], network: 'ambiguous', policy: { ...input().policy, mayCreateNetwork: true } }),
    `g: restart/crash_restart: container galaxy-game-g exited with code 1
  create_network galaxy: the network of the games is there more than once
  start_container galaxy-game-g (c1): container galaxy-game-g exited with code 1`,
  ],
  [
    'the network is there twice and is not the controller’s to mend',
    input({ containers: [], network: 'ambiguous' }),
    'g: blocked: there are several docker networks galaxy; remove all but one (docker network rm, by id)',
  ],
]

describe('the planner, where somebody meddled', () => {
  it.each(TABLE)('%s', (_situation, given, plan) => {
    expect(renderPlan(planGame(given))).toBe(plan)
  })
})
