import type { Reporter, SerializedError, TestModule, Vitest } from 'vitest/node'

/** Prints `N passed, N failed, N skipped` as the run's last line, for whoever reads only that. */
export default class ClosingLine implements Reporter {
  private vitest: Vitest | undefined

  onInit(vitest: Vitest): void {
    this.vitest = vitest
  }

  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly SerializedError[]): void {
    this.vitest?.logger.log(closingLine(modules, unhandledErrors.length))
  }
}

/** A file that could not be loaded and an error outside any test count as a failure each. */
function closingLine(modules: readonly TestModule[], unhandledErrorCount: number): string {
  const counts = { passed: 0, failed: unhandledErrorCount, skipped: 0 }
  for (const module of modules) {
    let hasFailedTest = false
    for (const test of module.children.allTests()) {
      const { state } = test.result()
      hasFailedTest ||= state === 'failed'
      // Pending at the end: never reached, because the run was cut short.
      counts[state === 'pending' ? 'skipped' : state] += 1
    }
    if (module.state() === 'failed' && !hasFailedTest) counts.failed += 1
  }
  return `${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`
}
