import path from 'node:path'
import { z } from 'zod'
import { readHost } from '../local/docker-host.ts'
import { parseMemory } from '../model/limits.ts'

// Every value can come as an environment variable's text or as YAML's own type, so each schema takes both.

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** The longest delay a Node timer can wait; a longer one would fire at once. */
const MAX_DURATION_MS = 2 ** 31 - 1

/** Milliseconds of `10s`, `1m30s`, `250ms` or a bare number of milliseconds; null when it is none. */
export function parseDuration(value: string | number): number | null {
  const text = String(value).trim()
  if (/^\d+$/.test(text)) return inRange(Number(text))
  if (!/^(\d+(\.\d+)?(ms|s|m|h|d))+$/.test(text)) return null
  let totalMs = 0
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g))
    totalMs += Number(amount) * (UNIT_MS[unit ?? ''] ?? Number.NaN)
  return inRange(Math.round(totalMs))
}

function inRange(durationMs: number): number | null {
  return durationMs <= MAX_DURATION_MS ? durationMs : null
}

const scalar = z.union([z.string(), z.number()])

/** A schema from a function that answers null for what it doesn't understand; the setting itself says what is expected. */
function parsed<T>(parse: (value: string | number) => T | null) {
  return scalar.transform((value, context): T => {
    const result = parse(value)
    if (result !== null) return result
    context.addIssue({ code: 'custom', message: 'not understood' })
    return z.NEVER
  })
}

export const duration = parsed((value) => parseDuration(value) || null)
export const durationOrZero = parsed(parseDuration)
export const memoryBytes = parsed((value) => parseMemory(String(value)))
export const octalMode = parsed((value) => (/^0?[0-7]{3,4}$/.test(String(value)) ? Number.parseInt(String(value), 8) : null))

export function integer(min: number, max: number) {
  return parsed((value) => within(/^-?\d+$/.test(String(value).trim()) ? Number(value) : Number.NaN, min, max))
}

export function decimal(min: number, max: number) {
  return parsed((value) => within(/^\d+(\.\d+)?$/.test(String(value).trim()) ? Number(value) : Number.NaN, min, max))
}

function within(value: number, min: number, max: number): number | null {
  return value >= min && value <= max ? value : null
}

export const flag = z.union([z.boolean(), z.enum(['true', 'false']).transform((text) => text === 'true')])

export const text = z.string().trim().min(1)

/** What can stand in an HTTP header. */
export const headerText = text.regex(/^[\x21-\x7e]+$/)

export const httpUrl = text.refine((value) => {
  const url = URL.parse(value)
  return url !== null && (url.protocol === 'http:' || url.protocol === 'https:')
})

export const absolutePath = text.refine((value) => path.isAbsolute(value))

const SYSTEM_FOLDERS =
  '/ /bin /boot /dev /etc /home /lib /lib64 /media /mnt /opt /proc /root /run /sbin /srv /sys /tmp /usr /var /var/lib /var/lib/docker'.split(
    ' ',
  )

/** A folder that holds nothing else: it is closed to other users, and a game called `etc` must not get the folder of that name. */
export const ownFolder = absolutePath.refine((value) => {
  const folder = path.resolve(value)
  return !SYSTEM_FOLDERS.includes(folder) && !/^\/(dev|proc|sys)\//.test(folder)
})

/** Docker's own networks have no names to find an engine by, and that of the host takes the engine out of its container. */
export const networkName = text.regex(/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/).refine((value) => !/^(host|none|bridge|default)$/.test(value))

/** For reports and messages: `http://user:password@host` → `http://***@host`, of a token alone too. Takes too much rather than too little. */
export function withoutUserInfo(value: string): string {
  return value.replace(/(?:(?<!ssh):\/\/|:\/\/[^\s":]*:)[^\s"]*@/g, '://***@')
}

export const textList = z.union([
  z.array(text),
  z.string().transform((value) =>
    value
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== ''),
  ),
])

export const textMap = z.union([z.record(z.string(), scalar.transform(String)), parsed((value) => parsePairs(String(value)))])

function parsePairs(value: string): Record<string, string> | null {
  const pairs = value.split(',').map((pair) => /^\s*([^=\s]+)\s*=(.*)$/.exec(pair))
  if (pairs.some((pair) => pair === null)) return null
  return Object.fromEntries(pairs.map((pair) => [pair?.[1] ?? '', pair?.[2]?.trim() ?? '']))
}

export const owner = z.union([
  z.strictObject({ uid: z.number().int().min(0), gid: z.number().int().min(0) }),
  parsed((value) => {
    const match = /^(\d{1,9}):(\d{1,9})$/.exec(String(value))
    return match === null ? null : { uid: Number(match[1]), gid: Number(match[2]) }
  }),
])

export const postgresUrl = text.refine((value) => URL.canParse(value) && /^postgres(ql)?:$/.test(new URL(value).protocol))

export const dockerHost = text.refine((value) => readHost(value) !== null)
