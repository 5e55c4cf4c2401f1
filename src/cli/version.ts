import type { ApplyResult } from '../desired/apply.ts'
import type { ApiClient } from './client.ts'
import { plain } from './table.ts'
import { printLine, type Terminal, warnLine } from './terminal.ts'
import { specOf, type VersionFlags } from './version-flags.ts'

interface Answer {
  readonly outcome: ApplyResult['outcome']
  readonly warnings: readonly string[]
}

/** `galaxy version add VERSION...`: registers each with the same flags. */
export async function addVersions(
  terminal: Terminal,
  client: ApiClient,
  versions: readonly string[],
  { dryRun, engine, ...flags }: VersionFlags & VersionOptions,
): Promise<void> {
  for (const version of versions) {
    const spec = { engine, ...specOf(version, flags) }
    // The manifest's own kind of document: one schema and one admission for all doors.
    const document = { apiVersion: 'galaxy.dev/v1alpha1', kind: 'EngineVersion', metadata: { name: `${engine}-${version}` }, spec }
    const answer = await client.call<Answer>('POST', `/admin/engine-versions?dryRun=${dryRun}`, document)
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
    const answer = await client.call<Answer>('POST', addressOf(version, options, `/${verb}`))
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
    const answer = await client.call<Pick<Answer, 'warnings'>>('DELETE', addressOf(version, options, ''))
    say(terminal, `version/${options.engine}/${version} ${options.dryRun ? 'would be deleted (dry run)' : 'deleted'}`, answer.warnings)
  }
}

function addressOf(version: string, { engine, dryRun }: VersionOptions, verb: string): string {
  return `/admin/engine-versions/${encodeURIComponent(version)}${verb}?engine=${encodeURIComponent(engine)}&dryRun=${dryRun}`
}

function say(terminal: Terminal, line: string, warnings: readonly string[]): void {
  printLine(terminal, line)
  for (const warning of warnings) warnLine(terminal, `warning: ${plain(warning)}`)
}
