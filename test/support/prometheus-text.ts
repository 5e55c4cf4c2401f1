/** A line of Prometheus' text format: `name{label="value"} number`. */
export interface Sample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

export interface Exposition {
  /** Types by family, from the `# TYPE` lines. */
  readonly types: ReadonlyMap<string, string>
  readonly samples: readonly Sample[]
  /** The only sample of this name with these labels, and perhaps others; undefined when there is none. */
  value(name: string, labels?: Readonly<Record<string, string>>): number | undefined
  /** All samples of this name with these labels, added up. */
  sum(name: string, labels?: Readonly<Record<string, string>>): number
}

const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/gy

/** @throws for any line that is not of the format */
export function parseExposition(text: string): Exposition {
  const types = new Map<string, string>()
  const samples: Sample[] = []
  if (!text.endsWith('\n')) throw new Error('the last line has no end')
  for (const line of text.split('\n').filter((each) => each !== '')) {
    const [hash, keyword, name = '', type = ''] = line.split(' ')
    if (hash === '#' && keyword === 'TYPE') types.set(name, type)
    if (hash !== '#') samples.push(parseSample(line))
  }
  const having = (name: string, labels: Readonly<Record<string, string>>): readonly Sample[] =>
    samples.filter((each) => each.name === name && Object.entries(labels).every(([label, value]) => each.labels[label] === value))
  return {
    types,
    samples,
    value: (name, labels = {}) => {
      const [found, ...others] = having(name, labels)
      if (others.length > 0) throw new Error(`${name} has ${others.length + 1} samples with ${JSON.stringify(labels)}`)
      return found?.value
    },
    sum: (name, labels = {}) => having(name, labels).reduce((total, { value }) => total + value, 0),
  }
}

function parseSample(line: string): Sample {
  const [, name, labels = '', value] = SAMPLE.exec(line) ?? []
  if (name === undefined || value === undefined) throw new Error(`not a sample: ${line}`)
  const found = [...labels.matchAll(LABEL)]
  if (found.map(([whole]) => whole).join('') !== labels) throw new Error(`not labels: ${line}`)
  return { name, labels: Object.fromEntries(found.map(([, label = '', text = '']) => [label, text])), value: numberOf(value) }
}

function numberOf(text: string): number {
  if (text === '+Inf') return Infinity
  if (text === '-Inf') return -Infinity
  const number = Number(text)
  if (Number.isNaN(number) && text !== 'NaN' && text !== 'Nan') throw new Error(`not a number: ${text}`)
  return number
}
