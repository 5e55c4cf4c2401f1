/** A series that an expression asks for, with what its labels must be. */
export interface Selector {
  readonly name: string
  readonly matchers: readonly Matcher[]
}

export interface Matcher {
  readonly label: string
  readonly op: '=' | '!=' | '=~' | '!~'
  readonly value: string
}

const KEYWORDS = new Set(['and', 'or', 'unless', 'bool', 'offset', 'inf', 'nan'])
const GROUPING = /\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)/g
const SELECTOR = /([a-zA-Z_:][a-zA-Z0-9_:]*)\s*(?:\{([^}]*)\})?/g
const MATCHER = /([a-zA-Z_][a-zA-Z0-9_]*)\s*(=~|!~|!=|=)\s*"([^"]*)"/g

/** The selectors of a PromQL expression, as far as our own rules and panels use the language. */
export function selectorsOf(expression: string): readonly Selector[] {
  const bare = expression.replace(GROUPING, ' ').replace(/\[[^\]]*\]/g, ' ')
  // Functions are names before a bracket; a number such as 1e9 has no name in it.
  const names = bare.replace(/\b[a-zA-Z_][a-zA-Z0-9_]*\s*\(/g, '(').replace(/\b\d[\w.]*/g, ' ')
  return [...names.matchAll(SELECTOR)]
    .filter(([, name = '']) => !KEYWORDS.has(name))
    .map(([, name = '', matchers = '']) => ({
      name,
      // MATCHER has three groups, and its second is one of these.
      matchers: [...matchers.matchAll(MATCHER)].map(([, label = '', op, value = '']) => ({ label, op: op as Matcher['op'], value })),
    }))
}

export function matches(labels: Readonly<Record<string, string>>, { label, op, value }: Matcher): boolean {
  const found = labels[label] ?? ''
  switch (op) {
    case '=':
      return found === value
    case '!=':
      return found !== value
    case '=~':
      return new RegExp(`^(?:${value})$`).test(found)
    case '!~':
      return !new RegExp(`^(?:${value})$`).test(found)
  }
}
