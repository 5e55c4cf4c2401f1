import { type Behaviour, QUIET } from '../world/behaviour.ts'
import { commandOf, type Container } from '../world/container.ts'
import type { CallContext } from './process.ts'

/** What its image says of a container with its command. */
export function behaviourOf({ world }: Pick<CallContext, 'world'>, container: Container): Behaviour {
  const image = world.image(container.imageId)
  if (image === undefined) return QUIET
  const command = commandOf(container).join(' ')
  return image.commands.find(({ contains }) => command.includes(contains))?.behaviour ?? image.behaviour
}
