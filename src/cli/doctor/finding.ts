/** What one check found; `advice` is what to do about it. */
export interface Finding {
  readonly check: string
  readonly level: 'ok' | 'warn' | 'fail' | 'skip'
  readonly detail: string
  readonly advice: string | null
}

export function ok(check: string, detail: string): Finding {
  return { check, level: 'ok', detail, advice: null }
}

export function skip(check: string, detail: string): Finding {
  return { check, level: 'skip', detail, advice: null }
}

export function warn(check: string, detail: string, advice: string): Finding {
  return { check, level: 'warn', detail, advice }
}

export function fail(check: string, detail: string, advice: string): Finding {
  return { check, level: 'fail', detail, advice }
}
