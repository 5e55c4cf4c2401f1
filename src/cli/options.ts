import { InvalidArgumentError, Option } from 'commander'

export const OUTPUTS = ['table', 'wide', 'json', 'yaml', 'name'] as const
export type Output = (typeof OUTPUTS)[number]

export function outputOption(): Option {
  return new Option('-o, --output <format>', 'how to print').choices(OUTPUTS).default('table')
}

export function selectorOption(): Option {
  return new Option('-l, --selector <labels>', 'only games with these labels, such as tier=free,region!=eu')
}

export function fieldSelectorOption(): Option {
  return new Option('--field-selector <fields>', 'only games with these fields, such as status.ready=False,spec.engineVersion!=1.0.0')
}

export function positiveInteger(text: string): number {
  const value = Number(text)
  if (Number.isSafeInteger(value) && value > 0) return value
  throw new InvalidArgumentError('It must be a number from 1.')
}
