import type { ContainerLabels } from './observed.ts'

export const OWNER = 'rtmanager'
export const KIND = 'game-engine'
export const DEFAULT_INSTANCE = 'default'

export const LABEL = {
  owner: 'com.galaxy.owner',
  kind: 'com.galaxy.kind',
  gameId: 'com.galaxy.game_id',
  imageRef: 'com.galaxy.engine_image_ref',
  startedAtMs: 'com.galaxy.started_at_ms',
  instance: 'com.galaxy.instance',
  deployment: 'com.galaxy.deployment',
  engine: 'com.galaxy.engine',
  engineVersion: 'com.galaxy.engine_version',
  specHash: 'com.galaxy.spec_hash',
  operationId: 'com.galaxy.operation_id',
} as const

/** Which controller deployment is asking: its instance name and its database's id. */
export interface Identity {
  readonly instance: string
  readonly deployment: string
  /** Other deployments that an operator has taken over; it only grows. */
  readonly adopted?: ReadonlySet<string>
}

export type Ownership = 'ours' | 'other_deployment' | 'not_ours'

/**
 * Whose a container is, by its labels alone: the one test before anything is stopped, removed or changed (S2).
 * A missing instance label means the default instance; a missing deployment label is nobody's claim; an adopted deployment's is ours.
 */
export function ownershipOf(labels: Readonly<Record<string, string>>, identity: Identity): Ownership {
  if (labels[LABEL.owner] !== OWNER || labels[LABEL.kind] !== KIND) return 'not_ours'
  if ((labels[LABEL.instance] ?? DEFAULT_INSTANCE) !== identity.instance) return 'not_ours'
  return isOurDeployment(labels[LABEL.deployment] ?? null, identity) ? 'ours' : 'other_deployment'
}

/** Whether a container of our instance with this deployment's id, null for none, is ours. */
export function isOurDeployment(deployment: string | null, { deployment: own, adopted }: Identity): boolean {
  return deployment === null || deployment === own || adopted?.has(deployment) === true
}

export function parseLabels(labels: Readonly<Record<string, string>>): ContainerLabels {
  const startedAtMs = Number(labels[LABEL.startedAtMs] ?? Number.NaN)
  return {
    instance: labels[LABEL.instance] ?? DEFAULT_INSTANCE,
    deployment: labels[LABEL.deployment] ?? null,
    engine: labels[LABEL.engine] ?? null,
    engineVersion: labels[LABEL.engineVersion] ?? null,
    engineImageRef: labels[LABEL.imageRef] ?? null,
    specHash: labels[LABEL.specHash] ?? null,
    operationId: labels[LABEL.operationId] ?? null,
    startedAtMs: Number.isSafeInteger(startedAtMs) ? startedAtMs : null,
  }
}

/** Host name and network alias: the same for every life of the game, so its endpoint never changes. */
export function hostName(gameId: string): string {
  return `galaxy-game-${gameId}`
}

/** Container name; other instances than the default prefix theirs, so that they can share a Docker host. */
export function containerName(instance: string, gameId: string): string {
  return instance === DEFAULT_INSTANCE ? hostName(gameId) : `${instance}.${hostName(gameId)}`
}

/** Name of a patch's successor until it takes the canonical one. */
export function successorName(canonicalName: string, operationId: string): string {
  return `${canonicalName}.next.${operationId}`
}

/** The operation that made a successor of this name, or null for any other name. */
export function successorOperation(canonicalName: string, name: string): string | null {
  const prefix = `${canonicalName}.next.`
  return name.startsWith(prefix) ? name.slice(prefix.length) : null
}
