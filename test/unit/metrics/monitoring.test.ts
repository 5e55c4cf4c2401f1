import { readFile } from 'node:fs/promises'
import { parse } from 'yaml'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { everythingTold } from './everything-told.ts'
import { matches, selectorsOf } from './promql.ts'

// What monitoring/ ships: alert rules and a dashboard, held to the registry and to the runbook.

const rulesSchema = z.strictObject({
  groups: z.array(
    z.strictObject({
      name: z.string(),
      rules: z.array(
        z.strictObject({
          alert: z.string().regex(/^Galaxy[A-Z][A-Za-z]+$/),
          expr: z.string(),
          for: z.string().optional(),
          labels: z.strictObject({ severity: z.enum(['critical', 'warning', 'info']) }),
          annotations: z.strictObject({ summary: z.string().min(1), runbook_url: z.string() }),
        }),
      ),
    }),
  ),
})
const panelSchema = z.object({ title: z.string(), targets: z.array(z.object({ expr: z.string() })).default([]) })
const dashboardSchema = z.object({ panels: z.array(panelSchema) })

const read = (file: string): Promise<string> => readFile(new URL(`../../../${file}`, import.meta.url), 'utf8')
const rules = rulesSchema.parse(parse(await read('monitoring/alerts.yaml'))).groups.flatMap((group) => group.rules)
const { panels } = dashboardSchema.parse(JSON.parse(await read('monitoring/dashboard.json')))
const examples: unknown = parse(await read('monitoring/alerts.test.yaml'))
const runbook = await read('docs/operations.md')
const told = await everythingTold()

const expressions = [
  ...rules.map(({ alert, expr }) => [`alert ${alert}`, expr] as const),
  ...panels.flatMap(({ title, targets }) => targets.map(({ expr }) => [`panel ${title}`, expr] as const)),
]

describe('what rules and panels ask for', () => {
  it.each(expressions)('%s: %s: the registry has it, with labels of these values', (_, expr) => {
    const selectors = selectorsOf(expr)
    expect(selectors).not.toEqual([])
    for (const { name, matchers } of selectors) {
      const series = told.samples.filter((sample) => sample.name === name)
      expect(series, name).not.toEqual([])
      for (const { label } of matchers)
        expect(
          series.every(({ labels }) => label in labels),
          `${name} has ${label}`,
        ).toBe(true)
      expect(
        series.some(({ labels }) => matchers.every((matcher) => matches(labels, matcher))),
        `${name} ${JSON.stringify(matchers)}`,
      ).toBe(true)
    }
  })

  it('lacks nothing that the registry has of its own', () => {
    const asked = new Set(expressions.flatMap(([, expr]) => selectorsOf(expr).map(({ name }) => name.replace(/_(bucket|count|sum)$/, ''))))
    const own = [...told.types.keys()].filter((name) => !/^(process|nodejs)_/.test(name))
    // The work on a key is a pass; one of the two is enough to look at.
    const left = ['reconcile_errors_total', 'workqueue_work_duration_seconds', 'workqueue_unfinished_work_seconds']
    const details = ['galaxy_docker_containers', 'galaxy_engine_call_duration_seconds', 'galaxy_probe_duration_seconds']
    expect(own.filter((name) => !asked.has(name)).sort()).toEqual([...left, ...details].sort())
  })
})

describe.each(rules)('alert $alert', ({ alert, annotations }) => {
  it('leads to its section of the runbook', () => {
    expect(annotations.runbook_url).toBe(`docs/operations.md#${alert.toLowerCase()}`)
    expect(runbook).toContain(`\n### ${alert}\n`)
  })

  it('has an example that promtool runs', () => {
    expect(JSON.stringify(examples)).toContain(`"alertname":"${alert}"`)
  })
})

it('the runbook has no section of an alert that is gone', () => {
  const sections = [...runbook.matchAll(/^### (Galaxy\w+)$/gm)].map(([, name]) => name)
  expect(sections).toEqual(rules.map(({ alert }) => alert))
})

it('every metric is in the table of the operations page, with what it tells', () => {
  const own = [...told.types.keys()].filter((name) => !/^(process|nodejs)_/.test(name))
  for (const name of own) expect(runbook, name).toContain(`\`${name}\``)
})

describe('a selector', () => {
  it.each([
    ['up', ['up']],
    ['sum by (op, le) (rate(a_total{x="y"}[5m])) > 0.2 * sum(b)', ['a_total', 'b']],
    ['time() - c > 300 and on (instance) d == 1', ['c', 'd']],
    ['sum(c) > 5 and sum(d) > 1', ['c', 'd']],
    ['histogram_quantile(0.99, sum by (le) (rate(e_bucket[$__rate_interval])))', ['e_bucket']],
    ['absent(f) == 1', ['f']],
  ])('of %s is found', (expr, names) => {
    expect(selectorsOf(expr).map(({ name }) => name)).toEqual(names)
  })
})
