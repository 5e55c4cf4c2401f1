/** Docker's "never". */
export const ZERO_TIME = '0001-01-01T00:00:00Z'

/** RFC 3339 with nanoseconds, as Go writes it; null is Docker's zero time. */
export function timeText(ms: number | null): string {
  if (ms === null) return ZERO_TIME
  const seconds = Math.floor(ms / 1000)
  const nanos = Math.round((ms - seconds * 1000) * 1_000_000)
  const fraction = nanos === 0 ? '' : `.${String(nanos).padStart(9, '0').replace(/0+$/, '')}`
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}${fraction}Z`
}

/** `Less than a second`, `36 seconds`, `2 hours`: how `docker ps` says a duration. */
export function durationText(ms: number): string {
  const seconds = Math.floor(ms / 1000)
  if (seconds < 1) return 'Less than a second'
  if (seconds === 1) return '1 second'
  if (seconds < 60) return `${seconds} seconds`
  const minutes = Math.floor(seconds / 60)
  if (minutes === 1) return 'About a minute'
  if (minutes < 60) return `${minutes} minutes`
  const hours = Math.round(minutes / 60)
  if (hours === 1) return 'About an hour'
  if (hours < 48) return `${hours} hours`
  const days = Math.floor(hours / 24)
  return days < 14 ? `${days} days` : `${Math.floor(days / 7)} weeks`
}
