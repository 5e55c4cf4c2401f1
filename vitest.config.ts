import { defineConfig } from 'vitest/config'

const FIGURES = 'test/e2e/figures.test.ts'
const services = { globalSetup: ['test/support/global-setup.ts'] }

/**
 * Projects of one group run beside each other, groups one after the other: what starts containers does not share the machine with what
 * computes, since it waits for Docker and has deadlines. Two files at a time are what two cores take, and a third where most of them wait.
 */
export default defineConfig(({ mode }) => ({
  test: {
    reporters: ['default', './test/support/closing-line.ts'],
    projects: [
      project('unit', { testTimeout: 30_000, maxWorkers: 2, sequence: { groupOrder: 1 } }),
      project('engine', { testTimeout: 20_000, maxWorkers: 2, sequence: { groupOrder: 1 } }),
      project('integration', {
        ...services,
        testTimeout: 30_000,
        hookTimeout: 60_000,
        maxWorkers: 3,
        sequence: { groupOrder: 2 },
      }),
      project('chaos', {
        ...services,
        testTimeout: 120_000,
        hookTimeout: 60_000,
        maxWorkers: 3,
        sequence: { groupOrder: 2 },
      }),
      project('contract', {
        ...services,
        testTimeout: 60_000,
        hookTimeout: 120_000,
        maxWorkers: 2,
        sequence: { groupOrder: 3 },
      }),
      project('e2e', {
        ...services,
        testTimeout: 120_000,
        hookTimeout: 180_000,
        maxWorkers: 3,
        exclude: [FIGURES],
        sequence: { groupOrder: 4 },
      }),
      // Counts calls, and images that others make are looked at.
      project('figures', {
        ...services,
        include: [FIGURES],
        testTimeout: 120_000,
        hookTimeout: 180_000,
        maxWorkers: 1,
        sequence: { groupOrder: 5 },
      }),
      // Minutes long: `npm run test:faults`.
      ...(mode === 'faults'
        ? [
            project('faults', {
              ...services,
              testTimeout: 120_000,
              hookTimeout: 180_000,
              fileParallelism: false,
              sequence: { groupOrder: 6 },
            }),
          ]
        : []),
    ],
  },
}))

type ProjectOptions = {
  readonly testTimeout: number
  readonly hookTimeout?: number
  readonly maxWorkers?: number
  readonly include?: string[]
  readonly exclude?: string[]
  readonly fileParallelism?: boolean
  readonly sequence: { readonly groupOrder: number }
  readonly globalSetup?: string[]
}

function project(name: string, options: ProjectOptions) {
  return {
    test: {
      name,
      include: [`test/${name}/**/*.test.ts`],
      environment: 'node',
      pool: 'forks' as const,
      // A bound on patience, not on the product: what has to be quick is timed.
      expect: { poll: { timeout: 10_000 } },
      ...options,
    },
  }
}
