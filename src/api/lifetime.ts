const UNIT_S: Readonly<Record<string, number>> = { m: 60, h: 3_600, d: 86_400 }
const LONGEST_S = 3_650 * 86_400

/** Seconds of `30d`, `12h` or `1h30m`, at most ten years; null when it is none. A number alone is none: of what? */
export function parseLifetime(text: string): number | null {
  if (text.length > 32 || !/^(\d+[mhd])+$/.test(text)) return null
  let totalS = 0
  for (const [, amount, unit] of text.matchAll(/(\d+)([mhd])/g)) totalS += Number(amount) * (UNIT_S[unit ?? ''] ?? Number.NaN)
  return totalS > 0 && totalS <= LONGEST_S ? totalS : null
}
