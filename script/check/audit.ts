import { z } from 'zod'

/** What `npm audit --json` says; a registry that keeps no advisories says nothing of the packages. */
export type AuditVerdict =
  | { readonly kind: 'clean' }
  | { readonly kind: 'findings'; readonly lines: readonly string[] }
  | { readonly kind: 'unanswered'; readonly why: string }

const reportSchema = z.object({
  auditReportVersion: z.number(),
  vulnerabilities: z.record(
    z.string(),
    z.object({ severity: z.string(), range: z.string().default('*'), via: z.array(z.unknown()).default([]) }),
  ),
})
const failureSchema = z.object({ message: z.string() })
const advisorySchema = z.object({ title: z.string() })

/** Reads npm's report whatever its exit code was: that tells of findings and of a registry without advisories alike. */
export function judgeAudit(stdout: string): AuditVerdict {
  const json = parse(stdout)
  const report = reportSchema.safeParse(json)
  if (!report.success) {
    const failure = failureSchema.safeParse(json)
    return { kind: 'unanswered', why: failure.success ? failure.data.message : 'npm audit gave no report' }
  }
  const lines = Object.entries(report.data.vulnerabilities).map(([name, { severity, range, via }]) => {
    const titles = via.flatMap((each) => advisorySchema.safeParse(each).data?.title ?? [])
    return `${name} ${range}: ${severity}${titles.length === 0 ? '' : `: ${titles.join('; ')}`}`
  })
  return lines.length === 0 ? { kind: 'clean' } : { kind: 'findings', lines }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
