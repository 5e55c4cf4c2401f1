import { type Container, isAlive } from '../world/container.ts'
import { destroy } from './destroy.ts'
import { type Answer, type CallContext, find, type Process, Refusal, settled, until } from './process.ts'
import { signalContainer } from './signal.ts'

/** `DELETE /containers/{id}`. */
export function* removeContainer(context: CallContext, reference: string, isForced: boolean): Process<Answer> {
  const container = yield* settled(context, find(context, reference))
  if (container.status === 'removing') throw inProgress(reference)
  if (isAlive(container) && !isForced) throw refusal(container)
  if (isAlive(container)) yield* kill(context, container)
  const ended = context.world.container(container.id)
  if (ended === undefined) return { status: 204 }
  if (ended.status === 'removing') throw inProgress(reference)
  yield* destroy(context, ended)
  return { status: 204 }
}

function* kill(context: CallContext, container: Container): Process<void> {
  yield* signalContainer(context, container, 'SIGKILL')
  yield* until(context, container.id, null, (now) => now === undefined || !isAlive(now))
}

function inProgress(reference: string): Refusal {
  return new Refusal(409, `removal of container ${reference} is already in progress`)
}

function refusal({ id, status }: Container): Refusal {
  const advice =
    status === 'paused'
      ? 'Unpause and then stop the container before attempting removal or force remove'
      : 'Stop the container before attempting removal or force remove'
  return new Refusal(409, `You cannot remove a ${status} container ${id}. ${advice}`)
}
