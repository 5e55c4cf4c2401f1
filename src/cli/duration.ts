import { parseDuration } from '../config/values.ts'
import { CliError, EXIT } from './exit.ts'

/** In milliseconds. @throws CliError naming the flag */
export function durationOf(flag: string, text: string): number {
  const ms = parseDuration(text)
  if (ms !== null) return ms
  throw new CliError(`${flag}=${text} is no duration such as 90s or 5m`, EXIT.usage)
}
