/** One requirement on a game's fields; all of a selector's must hold. A field without a value equals the empty text, as in kubectl. */
export interface FieldRequirement {
  readonly field: GameField
  readonly kind: 'equals' | 'differs'
  readonly value: string
}

/** Fields that games can be selected by, as their envelope names them. */
export const GAME_FIELDS = [
  'metadata.name',
  'metadata.managedBy',
  'spec.engine',
  'spec.engineVersion',
  'spec.image',
  'spec.state',
  'spec.stopReason',
  'spec.paused',
  'status.status',
  'status.ready',
  'status.engineHealth',
  'status.engineVersion',
  'status.image',
  'status.containerId',
  'status.currentTurn',
  'status.fresh',
] as const
export type GameField = (typeof GAME_FIELDS)[number]

export type ParsedFieldSelector =
  | { readonly kind: 'selector'; readonly requirements: readonly FieldRequirement[] }
  | { readonly kind: 'problem'; readonly message: string }

/** `status.ready!=True,spec.engineVersion=1.0.0`, as in kubectl; a backslash keeps a comma, an equals sign or a backslash in a value. */
export function parseFieldSelector(text: string): ParsedFieldSelector {
  const requirements: FieldRequirement[] = []
  for (const term of text.match(/(?:\\.|[^,\\])+/gs) ?? ['']) {
    const match = /^\s*([^=!\\\s]*)\s*(==?|!=)((?:\\[\\,=]|[^\\=])*)$/s.exec(term)
    if (match === null) return { kind: 'problem', message: `is no field selector such as status.ready=False: ${JSON.stringify(term)}` }
    const [, name = '', operator = '', value = ''] = match
    const field = GAME_FIELDS.find((known) => known === name)
    if (field === undefined)
      return { kind: 'problem', message: `names no field to select by: ${JSON.stringify(name)}; known are ${GAME_FIELDS.join(', ')}` }
    requirements.push({ field, kind: operator === '!=' ? 'differs' : 'equals', value: value.trim().replace(/\\(.)/gs, '$1') })
  }
  return { kind: 'selector', requirements }
}
