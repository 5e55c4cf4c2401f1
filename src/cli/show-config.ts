import type { LoadedConfig } from '../config.ts'
import { effectiveSettings } from '../config/report.ts'
import type { Output } from './options.ts'
import { printListing } from './output.ts'
import type { Terminal } from './terminal.ts'

/** `galaxy config`: the settings that apply, each with its origin; secrets hidden. */
export function showConfig(terminal: Terminal, loaded: LoadedConfig, output: Output): Promise<void> {
  const rows = effectiveSettings(loaded)
  return printListing(terminal, output, {
    answer: rows,
    rows,
    columns: [
      { title: 'SETTING', value: ({ setting }) => setting },
      { title: 'VALUE', value: ({ value }) => value },
      { title: 'ORIGIN', value: ({ origin }) => origin },
      { title: 'VARIABLE', value: ({ env }) => env },
    ],
    name: ({ setting }) => setting,
    empty: 'no settings',
  })
}
