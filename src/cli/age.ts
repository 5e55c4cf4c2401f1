/** `42s`, `3m12s`, `5h`, `2d`: two units while they say something, as in kubectl. */
export function formatAge(durationMs: number): string {
  const seconds = Math.max(0, Math.floor(durationMs / 1000))
  const minutes = Math.floor(seconds / 60)
  const hours = Math.floor(minutes / 60)
  const days = Math.floor(hours / 24)
  if (seconds < 120) return `${seconds}s`
  if (minutes < 10) return withRest(minutes, 'm', seconds % 60, 's')
  if (hours < 2) return `${minutes}m`
  if (hours < 8) return withRest(hours, 'h', minutes % 60, 'm')
  if (hours < 48) return `${hours}h`
  if (days < 8) return withRest(days, 'd', hours % 24, 'h')
  return `${days}d`
}

/** Time that is left, to the nearest of the last unit that is shown: what was given 90 days has `90d` a second later. */
export function formatTimeLeft(durationMs: number): string {
  return formatAge(durationMs + shownUnitMs(durationMs) / 2)
}

/** The last unit that `formatAge` shows of it. */
function shownUnitMs(durationMs: number): number {
  if (durationMs < 10 * MINUTE_MS) return SECOND_MS
  if (durationMs < 8 * HOUR_MS) return MINUTE_MS
  return durationMs < 8 * DAY_MS ? HOUR_MS : DAY_MS
}

const SECOND_MS = 1_000
const MINUTE_MS = 60 * SECOND_MS
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

/** Age of an ISO time; `-` for none. */
export function ageOf(iso: string | null, nowMs: number): string {
  return iso === null ? '-' : formatAge(nowMs - Date.parse(iso))
}

function withRest(amount: number, unit: string, rest: number, restUnit: string): string {
  return rest === 0 ? `${amount}${unit}` : `${amount}${unit}${rest}${restUnit}`
}
