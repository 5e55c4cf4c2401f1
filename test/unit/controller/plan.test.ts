import { describe, expect, it } from 'vitest'
import type { PlanInput } from '../../../src/controller/plan/input.ts'
import { planGame } from '../../../src/controller/plan/plan-game.ts'
import type { Backoff } from '../../../src/model/backoff.ts'
import { renderPlan } from '../../../src/model/plan.ts'
import { NEW_STATUS } from '../../../src/model/status.ts'
import { container, desired, detail, exited, input, NOW_MS, operation, record, spec } from '../../support/planning.ts'

const STATUS = input().status
const unstarted = { record: null, status: NEW_STATUS, containers: [] } as const
const stopped = desired({ state: 'stopped', stopReason: 'admin_request', generation: 2 })
const patched = {
  desired: desired({ engineVersion: '1.0.1', generation: 2 }),
  admission: { kind: 'accepted', spec: spec('1.0.1'), outdated: null, remarks: [] },
} as const
const successor = (over: Parameters<typeof container>[0] = {}) =>
  container({ id: 'c2', name: 'galaxy-game-g.next.op-1', version: '1.0.1', state: 'created', operationId: 'op-1', ...over })
const backoff = (over: Partial<Backoff> = {}): Backoff => ({
  kind: 'StartBackOff',
  failures: 1,
  notBeforeMs: NOW_MS + 1_000,
  delayMs: 1_000,
  message: 'it failed',
  operationId: 'op-0',
  countedAtMs: NOW_MS - 3_600_000,
  wish: 'wish',
  ...over,
})

/** Situation → what is planned, as an operator would read it. One row per row of the table in spec 3, and then some. */
const TABLE: readonly (readonly [situation: string, input: PlanInput, plan: string])[] = [
  ['running and matching', input(), 'g: settled: galaxy-game-g runs and matches'],
  [
    'docker unreachable',
    input({ observed: { ...input().observed, isKnown: false } }),
    'g: wait: the container runtime cannot be reached; nothing is changed until it can',
  ],
  [
    'desired running, nothing there',
    input(unstarted),
    `g: start: desired running since generation 1
  create_container galaxy-game-g: desired running since generation 1
  start_container the new container: desired running since generation 1`,
  ],
  [
    'its image is not on the host',
    input({ ...unstarted, admission: { kind: 'needs_image', imageRef: 'galaxy-engine:1.0.0', mayPull: true } }),
    `g: start: image galaxy-engine:1.0.0 is not on this host
  pull_image galaxy-engine:1.0.0: image galaxy-engine:1.0.0 is not on this host`,
  ],
  [
    'its image is not on the host and may not be pulled',
    input({ ...unstarted, admission: { kind: 'needs_image', imageRef: 'galaxy-engine:1.0.0', mayPull: false } }),
    'g: blocked: image galaxy-engine:1.0.0 is not on this host and the pull policy is "never"; load it (docker load, docker build) or change GALAXY_PULL_POLICY',
  ],
  [
    'the network is missing and may be created',
    input({ ...unstarted, network: 'missing', policy: { ...input().policy, mayCreateNetwork: true } }),
    `g: start: desired running since generation 1
  create_network galaxy: the network of the games is missing
  create_container galaxy-game-g: desired running since generation 1
  start_container the new container: desired running since generation 1`,
  ],
  [
    'the network is missing and may not be created',
    input({ ...unstarted, network: 'missing' }),
    'g: blocked: docker network galaxy is missing; create it (docker network create galaxy) or allow the controller to',
  ],
  [
    'exited',
    input({ containers: [exited()] }),
    `g: restart/crash_restart: container galaxy-game-g exited with code 1
  start_container galaxy-game-g (c1): container galaxy-game-g exited with code 1`,
  ],
  [
    'exit 137 without proof is a kill, not an OOM',
    input({ containers: [exited({ exitCode: 137 })] }),
    `g: restart/crash_restart: container galaxy-game-g was killed
  start_container galaxy-game-g (c1): container galaxy-game-g was killed`,
  ],
  [
    'out of memory',
    input({ containers: [exited({ exitCode: 137, isOomKilled: true })] }),
    `g: restart/crash_restart: container galaxy-game-g ran out of memory
  start_container galaxy-game-g (c1): container galaxy-game-g ran out of memory`,
  ],
  [
    'crashed again, within the delay',
    input({
      containers: [exited({ startedAtMs: NOW_MS - 500 })],
      status: { ...STATUS, backoff: backoff({ kind: 'CrashLoopBackOff', notBeforeMs: 0 }) },
    }),
    `g: wait: container galaxy-game-g exited with code 1, 1 restarts so far; started again at ${new Date(NOW_MS - 10 + 1_000).toISOString()}`,
  ],
  [
    'crashed again after ten healthy minutes',
    input({
      containers: [exited({ startedAtMs: NOW_MS - 700_000 })],
      status: { ...STATUS, backoff: backoff({ kind: 'CrashLoopBackOff', notBeforeMs: 0 }) },
    }),
    `g: restart/crash_restart: container galaxy-game-g exited with code 1
  start_container galaxy-game-g (c1): container galaxy-game-g exited with code 1`,
  ],
  [
    'went down with the daemon',
    input({
      observed: {
        isKnown: true,
        containers: [exited({ startedAtMs: NOW_MS - 500 })],
        foreignDeployments: [],
        outage: { fromMs: NOW_MS - 50, toMs: NOW_MS },
      },
      status: { ...STATUS, backoff: backoff({ kind: 'CrashLoopBackOff', notBeforeMs: 0 }) },
    }),
    `g: restart/crash_restart: container galaxy-game-g exited with code 1
  start_container galaxy-game-g (c1): container galaxy-game-g exited with code 1`,
  ],
  [
    'created and never started, matching',
    input({
      containers: [container({ state: 'created', operationId: 'op-1' })],
      record: record({ status: 'starting', containerId: null }),
      openOperation: operation(),
    }),
    `g: continue: container galaxy-game-g was created and never started
  start_container galaxy-game-g (c1): container galaxy-game-g was created and never started`,
  ],
  [
    'created and never started, not matching',
    input({ ...patched, containers: [container({ state: 'created' })], record: null, openOperation: null }),
    `g: patch: galaxy-engine:1.0.0 → galaxy-engine:1.0.1
  remove_container galaxy-game-g (c1): galaxy-engine:1.0.0 → galaxy-engine:1.0.1
  create_container galaxy-game-g: galaxy-engine:1.0.0 → galaxy-engine:1.0.1
  start_container the new container: galaxy-engine:1.0.0 → galaxy-engine:1.0.1`,
  ],
  [
    'missing',
    input({ containers: [] }),
    `g: start: its container is gone; it is created again
  create_container galaxy-game-g: its container is gone; it is created again
  start_container the new container: its container is gone; it is created again`,
  ],
  [
    'missing again, within the delay',
    input({ containers: [], status: { ...STATUS, backoff: backoff() } }),
    `g: wait: it failed; next attempt at ${new Date(NOW_MS + 1_000).toISOString()}`,
  ],
  [
    'a backoff made from another wish is void',
    input({ containers: [], status: { ...STATUS, backoff: backoff({ wish: 'other' }) } }),
    `g: start: its container is gone; it is created again
  create_container galaxy-game-g: its container is gone; it is created again
  start_container the new container: its container is gone; it is created again`,
  ],
  [
    'a terminal failure waits for another wish',
    input({ ...unstarted, status: { ...NEW_STATUS, backoff: backoff({ kind: 'StartConfigInvalid', notBeforeMs: null }) } }),
    'g: wait: it failed; not retried until the desired row, the registry or the configuration changes',
  ],
  [
    'spec hash differs',
    input(patched),
    `g: patch: galaxy-engine:1.0.0 → galaxy-engine:1.0.1
  create_container {successor}: the successor is made ready while the old container still runs
  stop_container galaxy-game-g (c1): galaxy-engine:1.0.0 → galaxy-engine:1.0.1
  remove_container galaxy-game-g (c1): galaxy-engine:1.0.0 → galaxy-engine:1.0.1
  rename_container the new container: the successor takes the canonical name
  start_container the new container: galaxy-engine:1.0.0 → galaxy-engine:1.0.1`,
  ],
  [
    'a crash left a usable successor beside the old container',
    input({ ...patched, containers: [container(), successor()], openOperation: operation({ op: 'patch' }) }),
    `g: continue: galaxy-engine:1.0.0 → galaxy-engine:1.0.1
  stop_container galaxy-game-g (c1): galaxy-engine:1.0.0 → galaxy-engine:1.0.1
  remove_container galaxy-game-g (c1): galaxy-engine:1.0.0 → galaxy-engine:1.0.1
  rename_container galaxy-game-g.next.op-1 (c2): the successor takes the canonical name
  start_container galaxy-game-g.next.op-1 (c2): galaxy-engine:1.0.0 → galaxy-engine:1.0.1`,
  ],
  [
    'a crash left the successor alone',
    input({ ...patched, containers: [successor()], openOperation: operation({ op: 'patch' }) }),
    `g: continue: its container differs from the accepted spec (galaxy-engine:1.0.1)
  rename_container galaxy-game-g.next.op-1 (c2): the successor takes the canonical name
  start_container galaxy-game-g.next.op-1 (c2): its container differs from the accepted spec (galaxy-engine:1.0.1)`,
  ],
  [
    'the row was reverted while the successor stood ready',
    input({ containers: [container(), successor()], openOperation: operation({ op: 'patch' }) }),
    'g: conclude: overtaken: the running container is what is asked for; the half-made successor is not needed',
  ],
  [
    'a needless successor is removed',
    input({ containers: [container(), successor()] }),
    `g: reconcile/duplicate: the running container is what is asked for; the half-made successor is not needed
  remove_container galaxy-game-g.next.op-1 (c2): the running container is what is asked for; the half-made successor is not needed`,
  ],
  [
    'a successor runs under its temporary name',
    input({ ...patched, containers: [successor({ state: 'running' })], openOperation: operation({ op: 'patch' }) }),
    `g: continue: a successor runs under its temporary name
  rename_container galaxy-game-g.next.op-1 (c2): the successor takes the canonical name`,
  ],
  [
    'only limits differ',
    input({
      admission: {
        kind: 'accepted',
        spec: spec('1.0.0', { limits: { cpus: 2, memoryBytes: 256 * 1024 ** 2, pids: 128 } }),
        outdated: null,
        remarks: [],
      },
    }),
    `g: patch/resize: its limits differ from the accepted ones
  update_limits galaxy-game-g (c1): its limits differ from the accepted ones`,
  ],
  [
    'the runtime refused to change limits in place',
    input({
      admission: {
        kind: 'accepted',
        spec: spec('1.0.0', { limits: { cpus: null, memoryBytes: null, pids: 128 } }),
        outdated: null,
        remarks: [],
      },
      resizeRefused: 'c1',
      openOperation: operation({ op: 'patch', detail: 'resize' }),
    }),
    `g: continue: its limits cannot be changed in place
  create_container {successor}: the successor is made ready while the old container still runs
  stop_container galaxy-game-g (c1): its limits cannot be changed in place
  remove_container galaxy-game-g (c1): its limits cannot be changed in place
  rename_container the new container: the successor takes the canonical name
  start_container the new container: its limits cannot be changed in place`,
  ],
  [
    'a new restart token',
    input({ desired: desired({ restartToken: 'again', generation: 2 }) }),
    `g: restart: a new restart token asks for a fresh container
  create_container {successor}: the successor is made ready while the old container still runs
  stop_container galaxy-game-g (c1): a new restart token asks for a fresh container
  remove_container galaxy-game-g (c1): a new restart token asks for a fresh container
  rename_container the new container: the successor takes the canonical name
  start_container the new container: a new restart token asks for a fresh container`,
  ],
  [
    'a restart token whose fresh container runs already',
    input({
      desired: desired({ restartToken: 'again', generation: 2 }),
      containers: [container({ operationId: 'op-1' })],
      openOperation: operation({ op: 'restart', sourceRef: 'restart_token:again' }),
    }),
    'g: conclude: the containers show that it is done',
  ],
  [
    'a restart token that was handled',
    input({ desired: desired({ restartToken: 'again' }), status: { ...STATUS, handledRestartToken: 'again' } }),
    'g: settled: galaxy-game-g runs and matches',
  ],
  [
    'desired stopped',
    input({ desired: stopped }),
    `g: stop: desired stopped (admin_request)
  stop_container galaxy-game-g (c1): desired stopped (admin_request)`,
  ],
  ['desired stopped, container gone', input({ desired: stopped, containers: [] }), 'g: settled: desired stopped (admin_request)'],
  [
    'stopped, within the cleanup time',
    input({ desired: stopped, containers: [exited()], record: record({ status: 'stopped', lastOpAt: new Date(NOW_MS) }) }),
    'g: settled: desired stopped (admin_request)',
  ],
  [
    'stopped for longer than the cleanup time',
    input({ desired: stopped, containers: [exited()], record: record({ status: 'stopped' }) }),
    `g: reconcile/cleanup: stopped for longer than the cleanup time
  remove_container galaxy-game-g (c1): stopped for longer than the cleanup time`,
  ],
  [
    'its container ended before it served',
    input({ containers: [exited()], record: record({ status: 'starting' }), openOperation: operation({ hasStarted: true }) }),
    'g: conclude: container galaxy-game-g exited with code 1 right after its start',
  ],
  [
    'a crash interrupted the restart of a crashed container before its start',
    input({
      containers: [exited({ finishedAtMs: NOW_MS - 1_000 })],
      openOperation: operation({ op: 'restart', detail: 'crash_restart', source: 'reconciler' }),
    }),
    `g: continue: container galaxy-game-g exited with code 1
  start_container galaxy-game-g (c1): container galaxy-game-g exited with code 1`,
  ],
  [
    'stopped, then desired running again',
    input({ containers: [exited()], record: record({ status: 'stopped' }) }),
    `g: start: desired running again
  start_container galaxy-game-g (c1): desired running again`,
  ],
  [
    'tombstone',
    input({ desired: desired({ deletedAt: new Date(NOW_MS), generation: 2 }) }),
    `g: stop/delete: its row was deleted
  stop_container galaxy-game-g (c1): the game is deleted
  remove_container galaxy-game-g (c1): the game is deleted`,
  ],
  [
    'tombstone with state',
    input({ desired: desired({ deletedAt: new Date(NOW_MS), purgeState: true, generation: 2 }), containers: [] }),
    `g: stop/delete: its row was deleted together with its state
  purge_state /state/g: the delete asked for its state directory to go`,
  ],
  [
    'tombstone of a game that never was',
    input({ ...unstarted, desired: desired({ deletedAt: new Date(NOW_MS) }) }),
    'g: forget: deleted, and nothing is left of it',
  ],
  [
    'unrecorded container of a desired game',
    input({ record: null }),
    'g: reconcile/reconcile_adopt: container galaxy-game-g runs and no record knows it; it is adopted as it is',
  ],
  [
    'a v1 container without our hash, same image',
    input({ containers: [container({ hash: null, operationId: null })] }),
    'g: settled: galaxy-game-g runs and matches',
  ],
  [
    'orphan',
    input({ desired: null, record: null }),
    'g: adopt_orphan: galaxy-game-g runs with our labels and nothing asks for it: a desired row is made for it',
  ],
  [
    'orphan that would remove itself',
    input({ desired: null, record: null, containers: [container({ detail: detail({ isAutoRemove: true }) })] }),
    'g: blocked: galaxy-game-g is left alone: Docker would remove it by itself when it stops (AutoRemove)',
  ],
  [
    'orphan with a forged state mount',
    input({ desired: null, record: null, containers: [container({ stateHostPath: '/etc' })] }),
    'g: blocked: galaxy-game-g is left alone: its state is mounted from /etc, not from /state/g',
  ],
  [
    'exited orphan',
    input({ desired: null, record: null, containers: [exited()] }),
    'g: blocked: galaxy-game-g is left alone: it does not run (exited), and an exited orphan is never started',
  ],
  [
    'our own leftover',
    input({ desired: null, record: null, leftovers: new Set(['c1']) }),
    `g: reconcile/reconcile_dispose: left over from an operation of ours on a game that is gone
  stop_container galaxy-game-g (c1): left over from an operation of ours on a game that is gone
  remove_container galaxy-game-g (c1): left over from an operation of ours on a game that is gone`,
  ],
  [
    'its desired row cannot be read',
    input({ desired: null, desiredProblem: 'players is no array' }),
    'g: wait: its desired row cannot be read (players is no array); nothing is changed until it can',
  ],
  [
    'record alone',
    input({ desired: null, containers: [] }),
    'g: reconcile/reconcile_dispose: its container is gone and no row asks for it',
  ],
  [
    'the desired set is suddenly empty',
    input({ desired: null }),
    'g: adopt_orphan: galaxy-game-g runs with our labels and nothing asks for it: a desired row is made for it',
  ],
  [
    'two containers run',
    input({
      containers: [
        container(),
        container({ id: 'c9', name: 'copy', createdAtMs: NOW_MS, detail: detail({ startedAtMs: NOW_MS - 1_000 }) }),
      ],
    }),
    `g: reconcile/duplicate: 2 containers of the game run at once; galaxy-game-g is kept
  stop_container copy (c9): second writer beside galaxy-game-g
  remove_container copy (c9): second writer beside galaxy-game-g`,
  ],
  [
    'dead',
    input({ containers: [container({ state: 'dead' })] }),
    `g: reconcile/reconcile_dispose: a container that is dead never runs again
  remove_container galaxy-game-g (c1): a container that is dead never runs again`,
  ],
  [
    'name held by another deployment',
    input({
      ...unstarted,
      observed: {
        isKnown: true,
        containers: [],
        foreignDeployments: [container({ labels: { ...container().labels, deployment: 'other' } })],
        outage: null,
      },
    }),
    "g: blocked: container galaxy-game-g belongs to deployment other; end that deployment's controller, then take its containers over (galaxy adopt --deployment other), or remove this one",
  ],
  [
    'paused by a human',
    input({ containers: [container({ state: 'paused' })] }),
    'g: blocked: container galaxy-game-g was paused by hand; unpause it to let the controller go on',
  ],
  [
    'paused by a human, desired stopped',
    input({ desired: stopped, containers: [container({ state: 'paused' })] }),
    'g: blocked: container galaxy-game-g was paused by hand; unpause it to let the controller go on',
  ],
  [
    'being removed by an open patch',
    input({ ...patched, containers: [container({ state: 'removing' }), successor()], openOperation: operation({ op: 'patch' }) }),
    `g: continue: a container that is removing never runs again
  remove_container galaxy-game-g (c1): a container that is removing never runs again`,
  ],
  [
    'being removed',
    input({ containers: [container({ state: 'removing' })] }),
    `g: reconcile/reconcile_dispose: somebody removed its container; what Docker has left of it is taken away
  remove_container galaxy-game-g (c1): somebody removed its container; what Docker has left of it is taken away`,
  ],
  ['renamed by a human', input({ containers: [container({ name: 'my-game' })] }), 'g: settled: my-game runs and matches'],
  [
    'a patch that failed waits, and the old container keeps running',
    input({ ...patched, status: { ...STATUS, backoff: backoff({ kind: 'PatchFailed' }) } }),
    `g: wait: it failed; next attempt at ${new Date(NOW_MS + 1_000).toISOString()}`,
  ],
  [
    'a refused row leaves the accepted spec in force',
    input({
      containers: [exited()],
      admission: { kind: 'refused', reason: 'InvalidSpec', code: 'start_config_invalid', message: 'no', inForce: spec() },
    }),
    `g: restart/crash_restart: container galaxy-game-g exited with code 1
  start_container galaxy-game-g (c1): container galaxy-game-g exited with code 1`,
  ],
  [
    'a refused row of a game that never ran',
    input({
      ...unstarted,
      admission: {
        kind: 'refused',
        reason: 'InvalidSpec',
        code: 'start_config_invalid',
        message: 'version 9.9.9 is unknown',
        inForce: null,
      },
    }),
    'g: blocked: version 9.9.9 is unknown',
  ],
  [
    'a refused row can still be stopped',
    input({
      desired: stopped,
      admission: { kind: 'refused', reason: 'InvalidSpec', code: 'start_config_invalid', message: 'no', inForce: null },
    }),
    `g: stop: desired stopped (admin_request)
  stop_container galaxy-game-g (c1): desired stopped (admin_request)`,
  ],
  [
    'started and not answering yet',
    input({ record: record({ status: 'starting' }), openOperation: operation(), health: { kind: 'pending', sinceMs: NOW_MS - 1_000 } }),
    'g: wait: waiting for galaxy-game-g to answer its probe',
  ],
  [
    'started and never answering',
    input({ record: record({ status: 'starting' }), openOperation: operation(), health: { kind: 'pending', sinceMs: NOW_MS - 30_000 } }),
    'g: conclude: the engine in galaxy-game-g is unreachable: it did not answer within 30 s',
  ],
  [
    'serving after a start',
    input({ record: record({ status: 'starting' }), openOperation: operation() }),
    'g: conclude: the containers show that it is done',
  ],
  [
    'the engine stops answering',
    input({ health: { kind: 'failing', containerId: 'c1', failures: 3, message: '3 probes in a row failed' } }),
    'g: settled: the engine in galaxy-game-g is unreachable: 3 probes in a row failed',
  ],
  [
    'the container was taken off its network',
    input({ containers: [container({ addresses: {} })] }),
    'g: settled: the engine in galaxy-game-g is unreachable: it is not attached to network galaxy; galaxy restart makes one that is',
  ],
  [
    'a stop overtakes a start that waits for its engine',
    input({ desired: stopped, record: record({ status: 'starting' }), openOperation: operation() }),
    'g: conclude: overtaken: desired stopped (admin_request)',
  ],
]

describe('the planner', () => {
  it.each(TABLE)('%s', (_situation, given, plan) => {
    expect(renderPlan(planGame(given))).toBe(plan)
  })

  it.each(TABLE)('decides the same twice, and freezes nothing: %s', (_situation, given) => {
    expect(planGame(given)).toEqual(planGame(structuredClone(given)))
  })
})
