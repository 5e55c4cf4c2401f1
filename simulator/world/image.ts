import type { Behaviour, CommandBehaviour } from './behaviour.ts'

/** What the host or a registry has under some references. */
export interface Image {
  /** `sha256:…` */
  readonly id: string
  /** `repository:tag`; empty for one whose names went to others. */
  readonly tags: readonly string[]
  /** `repository@sha256:…` */
  readonly digests: readonly string[]
  readonly parentId: string
  readonly createdAtMs: number
  readonly sizeBytes: number
  readonly config: ImageConfig
  /** What a container of it does. */
  readonly behaviour: Behaviour
  /** The first that fits its command goes before `behaviour`. */
  readonly commands: readonly CommandBehaviour[]
}

/** Docker's spelling. */
export interface ImageConfig {
  readonly Entrypoint: readonly string[] | null
  readonly Cmd: readonly string[] | null
  readonly Env: readonly string[] | null
  readonly Labels: Readonly<Record<string, string>> | null
  readonly ExposedPorts: Readonly<Record<string, unknown>> | null
  readonly User: string
  readonly WorkingDir: string
  readonly StopSignal: string | null
  readonly Healthcheck: { readonly Test?: readonly string[] | null | undefined } | null
}

/** A reference with Docker's default tag; ids and digests stay as they are. */
export function withTag(reference: string): string {
  const isWhole = reference.includes('@') || reference.startsWith('sha256:') || /:[^/]+$/.test(reference)
  return isWhole ? reference : `${reference}:latest`
}

/** The familiar form, which Docker shows: without its own registry. */
export function familiar(reference: string): string {
  return reference.replace(/^(index\.)?docker\.io\/(library\/)?/, '')
}
