import type { Container } from './container.ts'
import type { Image } from './image.ts'
import type { Network } from './network.ts'

/**
 * The only thing that changes a world. `after` is what there is from now on, null when it is gone. `action` is Docker's word for it where there is one.
 */
export type Effect =
  | {
      readonly subject: 'container'
      readonly action: ContainerAction
      readonly id: string
      /** Null only where it was not to be seen before. */
      readonly before: Container | null
      readonly after: Container | null
      /** Told by the event beside name, image and labels. */
      readonly attributes: Readonly<Record<string, string>>
    }
  | {
      readonly subject: 'network'
      readonly action: NetworkAction
      readonly id: string
      readonly before: Network | null
      readonly after: Network | null
      readonly attributes: Readonly<Record<string, string>>
    }
  | {
      readonly subject: 'image'
      readonly action: ImageAction
      readonly id: string
      readonly after: Image | null
      readonly attributes: Readonly<Record<string, string>>
    }
  /** A name is taken before its container can be seen. */
  | { readonly subject: 'name'; readonly action: 'reserve' | 'free'; readonly id: string; readonly name: string }

/** Those after the line break are told by no event. */
export type ContainerAction =
  | 'create'
  | 'start'
  | 'die'
  | 'oom'
  | 'kill'
  | 'stop'
  | 'restart'
  | 'pause'
  | 'unpause'
  | 'rename'
  | 'update'
  | 'destroy'
  | 'health_status: healthy'
  | 'health_status: unhealthy'
  | 'start_failed'
  | 'attach'
  | 'mark_removing'
  | 'mark_dead'
  | 'mark_restarting'
  | 'begin_health'

export type NetworkAction = 'create' | 'connect' | 'disconnect' | 'destroy' | 'leave_ghost' | 'clear_ghost' | 'provide'
export type ImageAction = 'pull' | 'load' | 'tag' | 'untag' | 'delete' | 'provide'

const SILENT: ReadonlySet<string> = new Set([
  'start_failed',
  'attach',
  'mark_removing',
  'mark_dead',
  'mark_restarting',
  'begin_health',
  'leave_ghost',
  'clear_ghost',
  'provide',
  'reserve',
  'free',
])

/** Whether Docker's event stream tells it. */
export function isTold({ action }: Effect): boolean {
  return !SILENT.has(action)
}
