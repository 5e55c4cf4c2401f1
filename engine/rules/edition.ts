export const ENGINE_VERSIONS = ['1.0.0', '1.0.1', '1.1.0'] as const

export type EngineVersion = (typeof ENGINE_VERSIONS)[number]

/** The newest format of the state file that any version writes. */
export type StateFormat = 1 | 2

/** What one released version of the engine does differently from the others. */
export interface Edition {
  readonly version: EngineVersion
  /** Written by this version; older formats are read and carried over, newer ones are refused. */
  readonly stateFormat: StateFormat
  /** 1.0.0 let the last step of growth overshoot a planet's size; from 1.0.1 on the size is a limit. */
  readonly growth: 'overshoots' | 'capped'
  /** From 1.1.0 on planets may produce research, which makes ships faster and stronger. */
  readonly research: boolean
}

export function editionOf(version: EngineVersion): Edition {
  return EDITIONS[version]
}

export function isEngineVersion(text: string): text is EngineVersion {
  return ENGINE_VERSIONS.some((version) => version === text)
}

const EDITIONS: Readonly<Record<EngineVersion, Edition>> = {
  '1.0.0': {
    version: '1.0.0',
    stateFormat: 1,
    growth: 'overshoots',
    research: false,
  },
  '1.0.1': {
    version: '1.0.1',
    stateFormat: 1,
    growth: 'capped',
    research: false,
  },
  '1.1.0': {
    version: '1.1.0',
    stateFormat: 2,
    growth: 'capped',
    research: true,
  },
}
