/** One requirement on a game's labels; all of a selector's must hold. */
export type LabelRequirement =
  | { readonly kind: 'equals' | 'differs'; readonly key: string; readonly value: string }
  | { readonly kind: 'present' | 'absent'; readonly key: string }

/** `tier=free,region!=eu,vip,!test`, as in kubectl; null when it is none. */
export function parseLabelSelector(text: string): readonly LabelRequirement[] | null {
  const requirements = text.split(',').map((part) => parseRequirement(part.trim()))
  return requirements.every((requirement) => requirement !== null) ? requirements : null
}

function parseRequirement(text: string): LabelRequirement | null {
  const match = /^(!?)([A-Za-z0-9][A-Za-z0-9._/-]*)(?:(==?|!=)([A-Za-z0-9._-]*))?$/.exec(text)
  const [, not, key, operator, value = ''] = match ?? []
  if (key === undefined || (not === '!' && operator !== undefined)) return null
  if (operator === undefined) return { kind: not === '!' ? 'absent' : 'present', key }
  return { kind: operator === '!=' ? 'differs' : 'equals', key, value }
}
