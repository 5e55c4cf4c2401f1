export type Environment = Readonly<Record<string, string | undefined>>

/** A variable of the environment that can't be used. `message` names it. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

/** Null when the variable is not set; throws {@link ConfigError} when it is no whole number within the bounds. */
export function wholeNumber(env: Environment, name: string, from: number, to: number): number | null {
  const value = env[name]
  if (value === undefined) return null
  const number = /^\d{1,9}$/.test(value) ? Number(value) : Number.NaN
  if (number >= from && number <= to) return number
  throw new ConfigError(`${name} must be a whole number from ${from} to ${to}, not ${JSON.stringify(value)}`)
}
