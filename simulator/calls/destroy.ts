import type { Container } from '../world/container.ts'
import { again, type CallContext, changed, effects, type Process, sleep } from './process.ts'

/** Removes a container that does not run: it is marked first, and gone a little later. Its name is free only then. */
export function* destroy(context: CallContext, container: Container): Process<void> {
  yield effects(changed(container, 'mark_removing', { status: 'removing' }))
  yield sleep(context.settings.latency.removeMs)
  const before = again(context, container)
  yield effects({ subject: 'container', action: 'destroy', id: container.id, before, after: null, attributes: {} })
}

/** What AutoRemove makes of a container that ended. */
export function* removeNow(context: CallContext, id: string): Process<void> {
  const container = context.world.container(id)
  if (container !== undefined && container.status !== 'removing') yield* destroy(context, container)
}
