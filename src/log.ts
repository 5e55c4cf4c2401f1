import { type DestinationStream, type Logger, type LoggerOptions, pino } from 'pino'

export type Log = Logger

/** Never written, wherever they stand; the word is in the path so that a reader sees that something was there. */
const SECRET_KEYS = ['password', 'token', 'tokenHash', 'authorization', 'databaseUrl', 'connectionString']

const options: LoggerOptions = {
  base: null,
  timestamp: () => `,"time":"${new Date().toISOString()}"`,
  formatters: { level: (label) => ({ level: label }) },
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
  return { ...rest, message: withoutPasswords(message), ...(stack === undefined ? {} : { stack: withoutPasswords(stack) }) }
}

/** `postgres://user:secret@host` → `postgres://user:***@host`. */
export function withoutPasswords(text: string): string {
  return text.replace(/(\b[a-z][a-z0-9+.-]*:\/\/[^\s:/@]+:)[^\s@/]+@/gi, '$1***@')
}
