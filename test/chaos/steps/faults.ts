import type { Rule } from '../../../simulator/faults/rule.ts'
import type { Random } from '../random.ts'
import type { Stage, Step } from './step.ts'

/** Steps that make calls, events, statements, engines and the controller itself fail. */
export const FAULTS: readonly Step[] = [
  { weight: 10, run: dockerCall },
  { weight: 4, run: dockerEvent },
  { weight: 5, run: database },
  { weight: 3, run: engine },
  { weight: 2, run: daemonRestart },
  { weight: 1, run: daemonDown },
  { weight: 4, run: crashAtEffect },
  { weight: 2, run: killNow },
  { weight: 1, run: killTwice },
]

const WRITES = [
  'container_create',
  'container_start',
  'container_stop',
  'container_remove',
  'container_rename',
  'container_update',
] as const
const LOOKS = ['container_list', 'container_inspect'] as const

type CallFault = Extract<Rule, { match: { call: string } }>['do']

/** Every kind of fault that the simulator knows of a call, on the calls that it can strike. */
const CALL_FAULTS: readonly ((random: Random) => { readonly call: string; readonly fault: CallFault })[] = [
  (random) => ({ call: random.pick([...WRITES, ...LOOKS]), fault: { kind: 'delay', ms: random.pick([50, 900, 8_000, 40_000]) } }),
  (random) => ({
    call: random.pick(WRITES),
    fault: { kind: 'refuse', status: 409, message: 'removal of container is already in progress' },
  }),
  // Of a removal this would be a lie that no daemon tells: a container that it cannot find is not there.
  (random) => ({
    call: random.pick(['container_start', 'container_stop', 'container_rename', 'container_update'] as const),
    fault: { kind: 'refuse', status: 404, message: 'No such container: it is gone' },
  }),
  (random) => ({
    call: random.pick([...WRITES, ...LOOKS]),
    fault: { kind: 'refuse', status: 500, message: 'something went wrong inside' },
  }),
  (random) => ({ call: random.pick([...WRITES, ...LOOKS, 'network_create']), fault: { kind: 'drop_answer' } }),
  (random) => ({ call: random.pick([...WRITES, ...LOOKS]), fault: { kind: 'hang', at: random.pick(['before', 'after'] as const) } }),
  (random) => ({ call: 'container_list', fault: { kind: 'stale', ms: random.pick([100, 3_000, 60_000]) } }),
  () => ({ call: 'container_create', fault: { kind: 'disk_full' } }),
  () => ({ call: 'container_create', fault: { kind: 'name_ghost' } }),
  () => ({ call: 'container_start', fault: { kind: 'endpoint_ghost' } }),
  () => ({ call: 'container_remove', fault: { kind: 'leave_dead' } }),
  (random) => ({ call: random.pick([...WRITES, ...LOOKS]), fault: { kind: 'cut_streams' } }),
  (random) => ({
    call: random.pick(WRITES),
    fault: {
      kind: 'restart_daemon',
      at: random.pick(['before', 'after'] as const),
      downMs: 2_000,
      isGraceful: random.chance(0.5),
      isLiveRestore: random.chance(0.3),
    },
  }),
]

async function dockerCall(stage: Stage): Promise<void> {
  const { random } = stage
  const { call, fault } = random.pick(CALL_FAULTS)(random)
  const rule: Rule = {
    match: { call, ...(random.chance(0.5) && { game: random.pick(stage.games) }) },
    nth: 1,
    times: 1 + random.below(3),
    do: fault,
  }
  stage.world.daemon.rules.set(rule)
  stage.did('rule', `${fault.kind} ${'status' in fault ? fault.status : ''} on ${call} x${rule.times}`)
}

const EVENTS = ['*', 'start', 'die', 'destroy', 'create', 'stop'] as const

async function dockerEvent(stage: Stage): Promise<void> {
  const { random } = stage
  const fault = random.pick([
    { kind: 'lose' } as const,
    { kind: 'double' } as const,
    { kind: 'late', ms: random.pick([100, 5_000, 60_000]) } as const,
    { kind: 'cut_streams' } as const,
  ])
  const event = random.pick(EVENTS)
  const times = 1 + random.below(20)
  stage.world.daemon.rules.set({ match: { event }, nth: 1, times, do: fault })
  stage.did('rule', `${fault.kind} event ${event} x${times}`)
}

async function database(stage: Stage): Promise<void> {
  const { random } = stage
  const kind = random.pick(['killed', 'answer_lost', 'read_only', 'notify_lost', 'listen_lost'] as const)
  const times = kind === 'read_only' ? 1 + random.below(5) : 1 + random.below(2)
  stage.world.databaseFault({ kind, writes: random.chance(0.7), nth: 1 + random.below(4), times })
  stage.did('database', `${kind} x${times}`)
}

async function engine(stage: Stage): Promise<void> {
  const { random } = stage
  const fault = {
    game: random.pick(stage.games),
    on: random.pick(['init', 'status', 'turn', 'turn', 'health'] as const),
    kind: random.pick(['lost', 'hangs', 'refuses', 'crashes', 'crashes_after'] as const),
  }
  stage.world.engineFault(fault)
  stage.did('engine', `${fault.kind} on ${fault.on} of ${fault.game}`)
}

async function daemonRestart(stage: Stage): Promise<void> {
  const { random } = stage
  const restart = { downMs: random.pick([500, 5_000]), isGraceful: random.chance(0.5), isLiveRestore: random.chance(0.3) }
  stage.world.daemon.restart(restart)
  stage.struck('daemon restart', 1)
  stage.did('daemon restart', JSON.stringify(restart))
}

/** Long enough for every view to grow old. */
async function daemonDown(stage: Stage): Promise<void> {
  const downMs = stage.random.pick([60_000, 180_000, 600_000])
  stage.world.daemon.restart({ downMs, isGraceful: false, isLiveRestore: stage.random.chance(0.5) })
  stage.struck('daemon down', 1)
  stage.did('daemon down', `${downMs / 60_000} min`)
  await stage.world.pass(downMs / 2)
}

/** kill -9 before, in or after one of the next effects; the next life begins when the history comes to it. */
async function crashAtEffect(stage: Stage): Promise<void> {
  const { world, random } = stage
  const effect = world.effects.length + 1 + random.below(8)
  const moment = random.pick(['before', 'after', 'answered'] as const)
  world.crashAt({ effect, moment })
  stage.did('crash set', `${moment} effect ${effect}`)
}

async function killNow(stage: Stage): Promise<void> {
  if (!stage.world.isAlive) return
  stage.world.kill()
  stage.did('kill', `of epoch ${stage.world.epoch}`)
}

/** Two lives in a row, the second of which never comes far. */
async function killTwice(stage: Stage): Promise<void> {
  const { world, random } = stage
  if (!world.isAlive) return
  world.kill()
  stage.did('kill', `of epoch ${world.epoch}`)
  world.crashAt({ effect: world.effects.length + 1 + random.below(3), moment: random.pick(['before', 'after', 'answered'] as const) })
  await stage.begin()
  await world.pass(random.pick([10, 1_000]))
}
