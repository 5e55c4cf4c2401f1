import type { Differences } from '../model/difference.ts'
import type { DesiredGame } from '../model/game.ts'
import type { HostImages } from '../model/image.ts'
import type { LogOptions } from '../model/log-options.ts'
import type { Orphan } from '../model/orphan.ts'
import type { QueuedOperation } from '../model/operation.ts'
import type { GameUsage } from '../model/usage.ts'
import type { PlayerDesk } from '../proxy/player-desk.ts'

/** What only the running controller knows; everything else the API reads from the database. */
export interface ControllerView {
  isLeader(): boolean
  /** What must be well for requests to be served; leadership is none of it. */
  readiness(): readonly ReadinessCheck[]
  /** What the controller would do about a game now, or if this row were there, and this operation queued. */
  planFor(gameId: string, hypothetical?: DesiredGame, queued?: QueuedOperation): Promise<PlanAnswer>
  /** What of a game is otherwise than asked for. @throws RuntimeFailure `service_unavailable` on a standby */
  compare(gameId: string): Promise<Comparison>
  /** Deletes what vanished from the watched folder and waits for a yes; answers with the names. Who says yes is in the log of each. */
  confirmPrune(askedBy: string): Promise<readonly string[]>
  /** @throws RuntimeFailure `not_found` where the game has no container; `service_unavailable` on a standby, or while Docker does not answer */
  openLogs(gameId: string, options: LogOptions, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>>
  /** Of all containers of games that run, by game. @throws RuntimeFailure `service_unavailable` as below */
  usage(): Promise<readonly GameUsage[]>
  /** As Docker lists them now. @throws RuntimeFailure `service_unavailable` on a standby, or while Docker does not answer */
  hostImages(): Promise<HostImages>
  /** Containers with our labels that are left alone. @throws RuntimeFailure `service_unavailable` on a standby */
  orphans(): Promise<readonly Orphan[]>
  /** Looks after what an adopted deployment has left, once that is recorded. @throws RuntimeFailure as `orphans` */
  lookAfterAdopted(): Promise<void>
  /** Only the active controller finds engines: elsewhere RuntimeFailure `service_unavailable`. */
  askAsPlayer: PlayerDesk['ask']
}

export interface ReadinessCheck {
  readonly name: string
  readonly ok: boolean
  readonly detail: string
}

export interface PlanAnswer {
  /** As `renderPlan` makes it. */
  readonly text: string
  readonly actions: number
}

export interface Comparison extends Differences {
  /** Why the plan is what it is. */
  readonly reason: string
  readonly plan: PlanAnswer
}
