import type { ContainerState } from './observed.ts'

/** A container with our labels that the controller does nothing about: nobody asks for its game, or it is another deployment's. */
export interface Orphan {
  readonly game: string
  /** Its name. */
  readonly container: string
  readonly containerId: string
  readonly state: ContainerState
  /** Another deployment's id; null for one that is not claimed by another. */
  readonly deployment: string | null
  readonly engine: string | null
  readonly engineVersion: string | null
  readonly image: string
  /** Where on the host its state is; null when it has none mounted. */
  readonly stateFolder: string | null
  readonly adoption: Adoption
  /** What makes the adoption so, and what may be done, in an operator's words. */
  readonly why: string
}

/** How an orphan can be taken over. */
export const ADOPTIONS = ['by_itself', 'on_request', 'with_deployment', 'refused'] as const
export type Adoption = (typeof ADOPTIONS)[number]
