import { type DestinationStream, type Logger, type LoggerOptions, pino } from 'pino'
import { printable } from './model/printable.ts'

export type Log = Logger

/** Never written, wherever they stand; the word is in the path so that a reader sees that something was there. */
const SECRET_KEYS = [
  'password',
  'secret',
  'secrets',
  'token',
  'localTokenHash',
  'authorization',
  'registryAuth',
  'databaseUrl',
  'connectionString',
]

const MAX_MESSAGE = 2_000

const options: LoggerOptions = {
  base: null,
  timestamp: () => `,"time":"${new Date().toISOString()}"`,
  formatters: {
    level: (label) => ({ level: label }),
    log: (fields) => Object.fromEntries(Object.entries(fields).map(([key, value]) => [harmless(key), harmless(value)])),
  },
  redact: { paths: SECRET_KEYS.flatMap((key) => [key, `*.${key}`, `*.*.${key}`]), censor: '[hidden]' },
  serializers: { err: serializeError },
}

/** One JSON line per event, on the given stream or stdout. The message is static, everything else is a field. */
export function createLog(level: string, destination?: DestinationStream): Log {
  return destination === undefined ? pino({ ...options, level }) : pino({ ...options, level }, destination)
}

/** For a person at a terminal. Loaded only then: pino-pretty takes longer to load than pino. */
export async function createPrettyLog(level: string): Promise<Log> {
  const { default: pretty } = await import('pino-pretty')
  return createLog(level, pretty({ colorize: true, translateTime: 'SYS:HH:MM:ss.l', sync: true, destination: 2 }))
}

/** pino's own, with passwords in URLs taken out of messages and stacks. */
function serializeError(error: unknown): object {
  const serialized = error instanceof Error ? pino.stdSerializers.err(error) : { message: String(error) }
  const { message, stack, ...rest } = { stack: undefined, ...serialized }
  const shown = printable(withoutPasswords(message), MAX_MESSAGE)
  // The stack begins with the message, over as many lines as that has.
  const frames = stack?.split('\n').filter((line) => /^ {4}at /.test(line)) ?? []
  return { ...rest, message: shown, ...(stack === undefined ? {} : { stack: [shown, ...frames.map(withoutPasswords)].join('\n') }) }
}

/** What a terminal would obey, or a reader not see, as its escape: JSON escapes less. */
function harmless<T>(value: T): T | string {
  return typeof value === 'string' ? value.replace(OBEYED, (found) => `\\u{${found.codePointAt(0)?.toString(16)}}`) : value
}

const OBEYED = /(?![\n\t])[\p{Cc}\p{Cf}\u2028\u2029]/gu

/** `postgres://user:secret@host` → `postgres://user:***@host`, whatever the password holds but blanks. */
export function withoutPasswords(text: string): string {
  return text.replace(/(\b[a-z][a-z0-9+.-]*:\/\/[^\s:/@]*:)[^\s]+@/gi, '$1***@')
}
