import { type Answer, type CallContext, changed, effects, type Process, Refusal, sleep } from '../calls/process.ts'
import type { Container } from '../world/container.ts'
import type { CallFault } from './rule.ts'

/** What a struck call needs beside its context. */
export interface Struck {
  readonly context: CallContext
  /** The container it is about; a create has none yet. */
  readonly container: Container | undefined
  /** The name a create asks for. */
  readonly newName: string | null
  /** The world of that long ago. */
  past(ms: number): CallContext
  cutStreams(): void
  restart(fault: Extract<CallFault, { kind: 'restart_daemon' }>): void
}

/** A call with its faults around it: those before its effect, the call itself, those after. */
export function* withFaults(struck: Struck, faults: readonly CallFault[], run: (context: CallContext) => Process<Answer>): Process<Answer> {
  for (const fault of faults) yield* before(struck, fault)
  const stale = faults.find((fault) => fault.kind === 'stale')
  const answer = yield* run(stale === undefined ? struck.context : struck.past(stale.ms))
  for (const fault of faults) {
    if (fault.kind === 'hang' && fault.at === 'after') yield { kind: 'hang' }
    if (fault.kind === 'restart_daemon' && fault.at === 'after') {
      struck.restart(fault)
      yield { kind: 'hang' }
    }
  }
  return answer
}

function* before(struck: Struck, fault: CallFault): Process<void> {
  switch (fault.kind) {
    case 'delay':
      return yield sleep(fault.ms)
    case 'refuse':
      throw new Refusal(fault.status, fault.message)
    case 'disk_full':
      throw new Refusal(500, 'mkdir /var/lib/docker/overlay2/simulated: no space left on device')
    case 'hang':
      return fault.at === 'before' ? yield { kind: 'hang' } : undefined
    case 'cut_streams':
      return struck.cutStreams()
    case 'name_ghost':
      return yield* haunt(struck)
    case 'endpoint_ghost':
      return yield* leaveEndpoint(struck)
    case 'leave_dead':
      return yield* leaveDead(struck)
    case 'restart_daemon':
      if (fault.at === 'after') return
      struck.restart(fault)
      return yield { kind: 'hang' }
    case 'drop_answer':
    case 'stale':
      return
  }
}

function* haunt({ context, newName }: Struck): Process<void> {
  if (newName === null || context.world.nameHolder(newName) !== undefined) return
  yield effects({ subject: 'name', action: 'reserve', id: context.newId(), name: newName })
}

function* leaveEndpoint({ context, container }: Struck): Process<void> {
  if (container === undefined) return
  const networks = context.world
    .networks()
    .filter(({ name, id }) => Object.hasOwn(container.endpoints, name) || Object.hasOwn(container.endpoints, id))
  const attributes = { container: container.name }
  yield effects(
    ...networks.map((network) => {
      const after = { ...network, ghosts: [...network.ghosts, container.name] }
      return { subject: 'network', action: 'leave_ghost', id: network.id, before: network, after, attributes } as const
    }),
  )
}

function* leaveDead({ container }: Struck): Process<void> {
  if (container === undefined || container.status === 'running' || container.status === 'paused') return
  yield effects(changed(container, 'mark_dead', { status: 'dead' }))
  throw new Refusal(500, `container ${container.id}: driver "overlay2" failed to remove root filesystem: unlinkat: device or resource busy`)
}
