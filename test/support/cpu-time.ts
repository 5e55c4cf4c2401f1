/** Does the work and tells the milliseconds of processor time that it took: whoever else uses the machine does not count. */
export function timed<Result>(work: () => Result): { readonly cpuMs: number; readonly result: Result } {
  const before = process.cpuUsage()
  const result = work()
  const { user, system } = process.cpuUsage(before)
  return { cpuMs: (user + system) / 1_000, result }
}
