import type { EngineVersion, Probe } from '../../model/game.ts'
import type { GameCandidate } from '../admission.ts'
import type { Problem } from '../problem.ts'
import type { GameSpec, VersionSpec } from './schema.ts'

interface Place {
  /** As the reader named the file; `-` for standard input. */
  readonly path: string
  /** Where the document begins, from 1. */
  readonly line: number
}

export interface GameDocument extends Place {
  readonly kind: 'Game'
  /** The game's id. */
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly spec: GameSpec
}

export interface VersionDocument extends Place {
  readonly kind: 'EngineVersion'
  /** Any name. */
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly spec: VersionSpec
}

export type ManifestDocument = GameDocument | VersionDocument

export interface ManifestProblem extends Problem {
  readonly file: string
  /** From 1; the file's beginning when it is meant as a whole. */
  readonly line: number
  readonly column: number
}

export const DEFAULT_ENGINE = 'galaxy'

/** What a document is about: the game's id, or `engine/version`. Unique among all files of a root. */
export function subjectOf(document: ManifestDocument): string {
  return document.kind === 'Game' ? document.name : `${document.spec.engine ?? DEFAULT_ENGINE}/${document.spec.version}`
}

/** `file:line:column: message`, as compilers and editors understand it. */
export function renderProblem({ file, line, column, message }: ManifestProblem): string {
  return `${file}:${line}:${column}: ${message}`
}

/** The document's game with every default written out, as admission judges it. */
export function toCandidate(name: string, spec: GameSpec): GameCandidate {
  return {
    gameId: name,
    engine: spec.engine ?? DEFAULT_ENGINE,
    engineVersion: spec.engineVersion ?? null,
    imageRef: spec.image ?? null,
    ...stateOf(spec),
    turnSchedule: spec.turnSchedule ?? null,
    timeZone: spec.timeZone ?? 'UTC',
    players: spec.players ?? [],
    ...limitsOf(spec.resources ?? {}),
    allowIncompatibleTo: spec.allowIncompatibleTo ?? null,
  }
}

function stateOf({ state, stopReason }: GameSpec): Pick<GameCandidate, 'state' | 'stopReason'> {
  return state === 'Stopped' ? { state: 'stopped', stopReason: stopReason ?? null } : { state: 'running', stopReason: null }
}

function limitsOf({ cpus, memory, pids }: NonNullable<GameSpec['resources']>): Pick<GameCandidate, 'cpus' | 'memory' | 'pids'> {
  return { cpus: cpus ?? null, memory: memory ?? null, pids: pids ?? null }
}

/** The document's engine version with every default written out. */
export function toVersion(spec: VersionSpec): EngineVersion {
  return {
    engine: spec.engine ?? DEFAULT_ENGINE,
    version: spec.version,
    imageRef: spec.image ?? null,
    enabled: spec.enabled ?? true,
    protocol: spec.protocol ?? 'galaxy',
    probe: toProbe(spec.probe),
    port: spec.port ?? 8080,
    command: spec.command ?? null,
    env: spec.env ?? {},
    publish: (spec.publish ?? []).map((port) => ({
      containerPort: port.containerPort,
      hostPort: port.hostPort,
      protocol: port.protocol ?? 'tcp',
      hostIp: port.hostIp ?? '127.0.0.1',
    })),
    relax: spec.relax ?? {},
  }
}

function toProbe(probe: VersionSpec['probe']): Probe | null {
  if (probe === undefined) return null
  if (probe.http !== undefined) return { http: probe.http }
  if (probe.tcp !== undefined) return { tcp: probe.tcp }
  return probe.docker === true ? { docker: true } : { none: true }
}
