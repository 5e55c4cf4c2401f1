import type { EngineVersionManifest } from './api-types.ts'
import type { ApiClient } from './client.ts'
import { plain } from './table.ts'
import { printLine, type Terminal, warnLine } from './terminal.ts'
import { specOf, type VersionFlags } from './version-flags.ts'

/** `galaxy version add VERSION...`: registers each with the same flags. */
export async function addVersions(
  terminal: Terminal,
  client: ApiClient,
  versions: readonly string[],
  { dryRun, engine, ...flags }: VersionFlags & VersionOptions,
): Promise<void> {
  for (const version of versions) {
    // What a flag says as JSON is sent unread: the API judges it.
    const spec = { engine, ...specOf(version, flags) } as EngineVersionManifest['spec']
    // The manifest's own kind of document: one schema and one admission for all doors.
    const body: EngineVersionManifest = {
      apiVersion: 'galaxy.dev/v1alpha1',
      kind: 'EngineVersion',
      metadata: { name: `${engine}-${version}` },
      spec,
    }
    const answer = await client.call('POST /admin/engine-versions', { query: { dryRun }, body })
    say(terminal, `version/${engine}/${version} ${dryRun ? 'would be registered (dry run)' : 'registered'}`, answer.warnings)
  }
}

export interface VersionOptions {
  readonly engine: string
  readonly dryRun: boolean
}

/** `galaxy version enable|disable VERSION...` */
export async function switchVersions(
  terminal: Terminal,
  client: ApiClient,
  versions: readonly string[],
  { verb, ...options }: VersionOptions & { readonly verb: 'enable' | 'disable' },
): Promise<void> {
  for (const version of versions) {
    const answer = await client.call(`POST /admin/engine-versions/{version}/${verb}`, addressOf(version, options))
    const done = answer.outcome === 'unchanged' ? `is ${verb}d already` : options.dryRun ? `would be ${verb}d (dry run)` : `${verb}d`
    say(terminal, `version/${options.engine}/${version} ${done}`, answer.warnings)
  }
}

/** `galaxy version delete VERSION...` */
export async function deleteVersions(
  terminal: Terminal,
  client: ApiClient,
  versions: readonly string[],
  options: VersionOptions,
): Promise<void> {
  for (const version of versions) {
    const answer = await client.call('DELETE /admin/engine-versions/{version}', addressOf(version, options))
    say(terminal, `version/${options.engine}/${version} ${options.dryRun ? 'would be deleted (dry run)' : 'deleted'}`, answer.warnings)
  }
}

function addressOf(version: string, { engine, dryRun }: VersionOptions) {
  return { path: { version }, query: { engine, dryRun } }
}

function say(terminal: Terminal, line: string, warnings: readonly string[]): void {
  printLine(terminal, line)
  for (const warning of warnings) warnLine(terminal, `warning: ${plain(warning)}`)
}
