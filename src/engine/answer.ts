import { z } from 'zod'
import type { EngineState } from '../model/engine.ts'
import { printable } from '../model/printable.ts'
import { parseJson, type Reading } from './json.ts'

const MAX_PLAYERS = 1_000
const MAX_RACE_NAME = 64
/** A turn is an `integer` of Postgres. */
const MAX_TURN = 2 ** 31 - 1
const SHOWN_PROBLEMS = 3

const amount = z.number().min(0)

const player = z.object({
  id: z
    .string()
    .regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i, 'expected a UUID')
    .toLowerCase(),
  raceName: z.string().refine(isName, `expected 1 to ${MAX_RACE_NAME} characters, none of them NUL or half a surrogate pair`),
  planets: amount,
  population: amount,
})

const state = z
  .object({
    turn: z.int().min(0).max(MAX_TURN),
    finished: z.boolean(),
    // Counted before they are looked at: each bad one costs four problems.
    players: z
      .array(z.unknown())
      .max(MAX_PLAYERS)
      .pipe(z.array(player))
      .refine((players) => areDistinct(players.map(({ id }) => id)), 'expected players whose ids differ')
      .refine((players) => areDistinct(players.map(({ raceName }) => raceName)), 'expected players whose race names differ'),
  })
  .refine(({ turn, finished }) => finished || turn < MAX_TURN, `expected a game that has turns left before ${MAX_TURN}`)

/** The state as an engine may answer it (spec 4, "Engine contract"). Fields it adds are left out; ids are in lower case. */
export function readState(bytes: Uint8Array): Reading<EngineState> {
  const json = parseJson(bytes)
  if (json.kind === 'unusable') return json
  const parsed = state.safeParse(json.value)
  return parsed.success ? { kind: 'read', value: parsed.data } : { kind: 'unusable', why: describe(parsed.error) }
}

const refusal = z.object({ error: z.object({ code: z.string(), message: z.string() }) })

/** What a refusal says, whatever form it has. */
export function readRefusal(bytes: Uint8Array): { readonly code: string | null; readonly message: string } {
  const json = parseJson(bytes)
  const parsed = refusal.safeParse(json.kind === 'read' ? json.value : undefined)
  if (!parsed.success) return { code: null, message: printable(new TextDecoder().decode(bytes)) }
  const { code, message } = parsed.data.error
  return { code: /^[a-z0-9_]{1,64}$/.test(code) ? code : null, message: printable(`${code}: ${message}`) }
}

function isName(text: string): boolean {
  // A character is one or two code units: what is longer need not be counted.
  if (text === '' || text.length > 2 * MAX_RACE_NAME) return false
  return [...text].length <= MAX_RACE_NAME && !text.includes('\0') && text.isWellFormed()
}

function areDistinct(values: readonly string[]): boolean {
  return new Set(values).size === values.length
}

function describe({ issues }: z.ZodError): string {
  const shown = issues.slice(0, SHOWN_PROBLEMS).map(({ path, message }) => (path.length === 0 ? message : `${path.join('.')}: ${message}`))
  const more = issues.length > SHOWN_PROBLEMS ? [`and ${issues.length - SHOWN_PROBLEMS} more`] : []
  return printable([...shown, ...more].join('; '))
}
