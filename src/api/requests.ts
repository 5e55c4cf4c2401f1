import { z } from 'zod'
import { parseDuration } from '../config/values.ts'
import { GAME_ID_PATTERN } from '../model/game.ts'
import { GAME_FIELDS, parseFieldSelector } from './field-selector.ts'
import { parseLabelSelector } from './label-selector.ts'

// What routes take from paths and queries. Strict: an unknown parameter is a mistyped one.

const MAX_PAGE = 1_000
const MAX_WAIT_MS = 60_000

export const gameParams = z.strictObject({
  id: z
    .string()
    .regex(GAME_ID_PATTERN, 'is no game id')
    .meta({ description: 'The game’s id.', examples: ['andromeda'] }),
})
export const operationParams = z.strictObject({ id: z.uuid('is no operation id').describe('The operation’s id.') })
export const noQuery = z.strictObject({})

export function flag(description: string) {
  return z
    .enum(['true', 'false'])
    .transform((text) => text === 'true')
    .prefault('false')
    .meta({ description, shown: { type: 'boolean', default: false } })
}

export const limit = z
  .string()
  .regex(/^\d{1,6}$/, 'is no number')
  .transform((text) => Math.min(Math.max(Number(text), 1), MAX_PAGE))
  .prefault('500')
  .meta({ description: `How many at most; more than ${MAX_PAGE} are ${MAX_PAGE}.`, shown: { type: 'integer', default: 500, minimum: 0 } })

const CONTINUE = '`metadata.continue` of the page before.'

/** An opaque place in a list: the last key of the page before. */
export const continueToken = z
  .string()
  .max(512)
  .transform((text, context) => {
    const key = Buffer.from(text, 'base64url').toString('utf8')
    if (/^[a-z0-9-]{1,64}$/.test(key)) return key
    context.addIssue({ code: 'custom', message: 'is no continue token of this list' })
    return z.NEVER
  })
  .describe(CONTINUE)

/** A place in a list whose ids are numbers. */
export const rowContinue = continueToken
  .transform((key, context) => {
    if (/^\d{1,15}$/.test(key)) return Number(key)
    context.addIssue({ code: 'custom', message: 'is no continue token of this list' })
    return z.NEVER
  })
  .describe(CONTINUE)

export function toContinueToken(key: string): string {
  return Buffer.from(key, 'utf8').toString('base64url')
}

const labelSelector = z
  .string()
  .min(1)
  .max(1_000)
  .transform((text, context) => {
    const requirements = parseLabelSelector(text)
    if (requirements !== null) return requirements
    context.addIssue({ code: 'custom', message: 'is no label selector such as tier=free,region!=eu' })
    return z.NEVER
  })
  .meta({ description: 'Only games with such labels, as in kubectl.', examples: ['tier=free,region!=eu'] })

const fieldSelector = z
  .string()
  .min(1)
  .max(1_000)
  .transform((text, context) => {
    const parsed = parseFieldSelector(text)
    if (parsed.kind === 'selector') return parsed.requirements
    context.addIssue({ code: 'custom', message: parsed.message })
    return z.NEVER
  })
  .meta({
    description: `Only games with such fields, as in kubectl: ${GAME_FIELDS.join(', ')}.`,
    examples: ['status.ready=False,spec.engineVersion!=1.0.0'],
  })

export const wait = z
  .string()
  .transform((text, context) => {
    const waitMs = parseDuration(text)
    if (waitMs !== null) return Math.min(waitMs, MAX_WAIT_MS)
    context.addIssue({ code: 'custom', message: 'is no duration such as 30s' })
    return z.NEVER
  })
  .meta({ description: 'Answers once the operation has ended, or after this time, at most a minute.', examples: ['30s'] })

const dryRun = flag('Decides everything and writes nothing.')
const force = flag('Takes over what another owner manages.')

export const writeQuery = z.strictObject({ dryRun, force })
export const deleteQuery = z.strictObject({ dryRun, purgeState: flag('Deletes the game’s state as well.') })
export const dryRunQuery = z.strictObject({ dryRun })
export const pageQuery = z.strictObject({ limit, continue: continueToken.optional() })
export const gameListQuery = pageQuery.extend({ labelSelector: labelSelector.optional(), fieldSelector: fieldSelector.optional() })
