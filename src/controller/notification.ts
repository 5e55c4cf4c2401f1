import type { ErrorCode } from '../model/operation.ts'
import type { Plan } from '../model/plan.ts'
import type { Notification } from '../record/game-write.ts'
import type { Change } from './change.ts'
import type { PlanInput } from './plan/input.ts'

/** What the lobby is told of a failure; once per game, generation and code, which the table's key sees to. */
export function notificationOf({ plan, failure }: Change, { desired, admission }: PlanInput, now: Date): Notification | undefined {
  if (desired === null) return undefined
  const told = isOvertaken(plan) ? null : (failure ?? noticeOf(plan))
  const type = told === null ? null : typeOf(told.code)
  if (told === null || type === null) return undefined
  return {
    type,
    generation: desired.generation,
    imageRef: imageRefOf(admission, desired.imageRef),
    errorCode: told.code,
    errorMessage: told.message,
    attemptedAtMs: now.getTime(),
  }
}

/** A newer wish took the operation's place: the lobby's own, or one that it is told of by what came of it. */
function isOvertaken(plan: Plan): boolean {
  return plan.kind === 'conclude' && plan.failure?.code === 'conflict'
}

function noticeOf(plan: Plan): { readonly code: ErrorCode; readonly message: string } | null {
  if (plan.kind === 'blocked') return { code: plan.code, message: plan.reason }
  return plan.kind === 'conclude' ? (plan.notice ?? null) : null
}

function typeOf(code: ErrorCode): Notification['type'] | null {
  switch (code) {
    case 'image_pull_failed':
      return 'runtime.image_pull_failed'
    case 'start_config_invalid':
    case 'patch_semver_incompatible':
      return 'runtime.start_config_invalid'
    case 'container_start_failed':
    case 'conflict':
      return 'runtime.container_start_failed'
    case 'service_unavailable':
    case 'engine_unreachable':
    case 'not_found':
    case 'internal_error':
      return null
  }
}

function imageRefOf(admission: PlanInput['admission'], asked: string | null): string | null {
  if (admission.kind === 'accepted') return admission.spec.imageRef
  return admission.kind === 'needs_image' ? admission.imageRef : asked
}
